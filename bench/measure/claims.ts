import { masterWithBacklog } from './fleet.ts';
import { quick, runGate } from './gate.ts';
import { abba } from './pairs.ts';
import { compile } from './reference.ts';
import { measure, startBareServer, startGenerator } from './rig.ts';
import { median } from './statistics.ts';
import { goodResult, jobText } from './work.ts';

const PENDING = quick ? 50_000 : 1_000_000;
const TENANTS = 20;
const PAIRS = quick ? 2 : 6;
const BURST_MS = quick ? 1000 : 4000;
const NODES = 64;

interface ClaimGate {
  gate: string;
  /** Tasks a call, and so each node's room. */
  slots: number;
  perSecond: number;
  /** Of the slower of the two calls; null: the gate names none. */
  p99Ms: number | null;
}

/** The two claim gates differ in how many tasks a call takes. */
export const claimGate = ({ gate, slots, perSecond: limit, p99Ms }: ClaimGate) =>
  runGate(gate, async (scope) => {
    compile();
    const nodes = slots === 1 ? NODES : NODES / 4;
    const prepared = await masterWithBacklog(scope, { jobs: PENDING, tenants: TENANTS }, { count: nodes, slots });
    const master = await prepared.start();
    const bare = await startBareServer(scope);
    const generator = startGenerator(scope);
    const burst = { connections: nodes, ms: BURST_MS };
    const work = {
      ...burst,
      kind: 'claim',
      port: master.port,
      nodes: prepared.fleet,
      slots,
      result: goodResult,
    } as const;
    const request = { method: 'POST', path: '/', body: jobText };
    const plain = { ...burst, kind: 'repeat', port: bare.port, request, status: 201, worth: 1 } as const;
    const ours = () => measure(generator, master.program.pid, work);
    const theirs = () => measure(generator, bare.pid, plain);
    await ours();
    const { a, b, ratios } = await abba(PAIRS, ours, theirs, (one, other) => one.perSecond / other.perSecond);
    const middle = (list: typeof a, of: (one: (typeof a)[number]) => number) => median(list.map(of));
    const perSecond = Math.round(middle(a, (one) => one.perSecond));
    const barePerSecond = Math.round(middle(b, (one) => one.perSecond));
    const p99 = middle(a, ({ latency }) => Math.max(latency.claim?.p99 ?? 0, latency.result?.p99 ?? 0));
    const cpuUs = middle(a, (one) => one.cpuUs);
    return {
      passed: !quick && perSecond >= limit && (p99Ms === null || p99 <= p99Ms),
      figures: {
        pending: PENDING,
        nodes,
        slots,
        per_second: perSecond,
        p99_ms: p99,
        cpu_us: cpuUs,
        ratios,
        bursts: a,
        bare: b,
      },
      row: {
        what: `claim + complete over HTTP, ${PENDING} pending, ${slots} a call, ${nodes} nodes`,
        value: `${perSecond}/s, p99 ${Math.round(p99 * 10) / 10} ms a call, ${Math.round(cpuUs)} us CPU each`,
        reference: `bare node:http ${barePerSecond}/s`,
        ratio: `${ratios.median} (${ratios.low} to ${ratios.high})`,
        limit: `${limit}/s${p99Ms === null ? '' : `, p99 ${p99Ms} ms`}`,
      },
    };
  });

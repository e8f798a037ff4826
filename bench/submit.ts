/**
 * Durable submits over HTTP beside bare node:http: 64 connections, each with one job after the other. The master checks
 * the key, validates the body, resolves the scenario, commits with `synchronous=FULL` and answers with the whole job;
 * the bare server parses the same bytes and answers with JSON. Bursts in turn, ABBA; the bad end of the interval decides.
 */
import { quick, runGate } from './measure/gate.ts';
import { abba, ratioText } from './measure/pairs.ts';
import { compile } from './measure/reference.ts';
import { measure, startBareServer, startGenerator, startMeasured } from './measure/rig.ts';
import { median } from './measure/statistics.ts';
import { jobText } from './measure/work.ts';

const RATIO_LIMIT = 0.45;
const P99_LIMIT_MS = 15;
const CONNECTIONS = 64;
const PAIRS = quick ? 2 : 6;
const BURST_MS = quick ? 1000 : 4000;

await runGate('submit', async (scope) => {
  compile();
  const master = await startMeasured(scope);
  const bare = await startBareServer(scope);
  const generator = startGenerator(scope);
  const burst = { kind: 'repeat', connections: CONNECTIONS, ms: BURST_MS, status: 201, worth: 1 } as const;
  const post = { method: 'POST', path: '/jobs', body: jobText };
  const submits = { ...burst, port: master.port, request: { ...post, key: master.adminKey } };
  const plain = { ...burst, port: bare.port, request: post };
  const ours = () => measure(generator, master.program.pid, submits);
  const theirs = () => measure(generator, bare.pid, plain);
  // Both get hot before anything counts.
  await ours();
  await theirs();
  const { a, b, ratios } = await abba(PAIRS, ours, theirs, (one, other) => one.perSecond / other.perSecond);
  const middle = (list: typeof a, of: (one: (typeof a)[number]) => number) => Math.round(median(list.map(of)));
  const perSecond = middle(a, (one) => one.perSecond);
  const barePerSecond = middle(b, (one) => one.perSecond);
  const p99 = median(a.map((one) => one.latency.request?.p99 ?? Number.NaN));
  const cpuUs = { master: middle(a, (one) => one.cpuUs), bare: middle(b, (one) => one.cpuUs) };
  return {
    passed: !quick && ratios.low >= RATIO_LIMIT && p99 <= P99_LIMIT_MS,
    figures: {
      connections: CONNECTIONS,
      per_second: perSecond,
      p99_ms: p99,
      cpu_us: cpuUs,
      ratios,
      bursts: a,
      bare: b,
    },
    row: {
      what: `durable submit over HTTP, ${CONNECTIONS} connections`,
      value: `${perSecond}/s, p99 ${Math.round(p99 * 10) / 10} ms, ${cpuUs.master} us CPU each`,
      reference: `bare node:http ${barePerSecond}/s, ${cpuUs.bare} us`,
      ratio: ratioText(ratios),
      limit: `${RATIO_LIMIT} of bare, p99 ${P99_LIMIT_MS} ms`,
    },
  };
});

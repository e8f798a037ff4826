/**
 * Bulk submits over HTTP, 100 jobs a call: the way a catalogue comes in. Each call is validated job by job and committed
 * with `synchronous=FULL` before it is answered. Beside it bare node:http parses and echoes the same bytes.
 */
import { quick, runGate } from './measure/gate.ts';
import { abba, ratioText } from './measure/pairs.ts';
import { compile, referenceWorkload } from './measure/reference.ts';
import { measure, startBareServer, startGenerator, startMeasured } from './measure/rig.ts';
import { median } from './measure/statistics.ts';
import { jobRequest } from './measure/work.ts';

const PER_SECOND_LIMIT = 45_000;
const JOBS_A_CALL = 100;
const CONNECTIONS = 8;
const PAIRS = quick ? 2 : 6;
const BURST_MS = quick ? 1000 : 4000;

await runGate('bulk', async (scope) => {
  compile();
  const master = await startMeasured(scope);
  const bare = await startBareServer(scope);
  const generator = startGenerator(scope);
  const body = JSON.stringify(Array.from({ length: JOBS_A_CALL }, () => jobRequest));
  const burst = { kind: 'repeat', connections: CONNECTIONS, ms: BURST_MS, status: 201, worth: JOBS_A_CALL } as const;
  const post = { method: 'POST', path: '/jobs/bulk', body };
  const ours = () =>
    measure(generator, master.program.pid, { ...burst, port: master.port, request: { ...post, key: master.adminKey } });
  const theirs = () => measure(generator, bare.pid, { ...burst, port: bare.port, request: post });
  await ours();
  await theirs();
  const { a, b, ratios } = await abba(PAIRS, ours, theirs, (one, other) => one.perSecond / other.perSecond);
  const middle = (list: typeof a, of: (one: (typeof a)[number]) => number) => median(list.map(of));
  const perSecond = Math.round(middle(a, (one) => one.perSecond));
  const barePerSecond = Math.round(middle(b, (one) => one.perSecond));
  const cpuUs = middle(a, (one) => one.cpuUs);
  const reference = await referenceWorkload(scope);
  return {
    passed: !quick && perSecond >= PER_SECOND_LIMIT,
    figures: { per_second: perSecond, cpu_us: cpuUs, ratios, reference, bursts: a, bare: b },
    row: {
      what: `bulk submit, ${JOBS_A_CALL} jobs a call, ${CONNECTIONS} connections`,
      value: `${perSecond} jobs/s, ${cpuUs} us CPU each`,
      reference: `bare node:http ${barePerSecond} jobs/s parsed and echoed; bare commit ${reference.commit_p50_ms} ms`,
      ratio: ratioText(ratios),
      limit: `${PER_SECOND_LIMIT} jobs/s`,
    },
  };
});

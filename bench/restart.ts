/**
 * From the start of the master's process to its readiness with a million jobs pending in 180 lanes, after a kill -9 under
 * load, so that the write-ahead log is there to be read. The slowest of the starts decides; beside it a start on an empty
 * data directory in the same run.
 */
import { masterWithBacklog } from './measure/fleet.ts';
import { quick, runGate } from './measure/gate.ts';
import { compile } from './measure/reference.ts';
import { measure, startGenerator, startMeasured } from './measure/rig.ts';
import { median } from './measure/statistics.ts';
import { goodResult, jobText } from './measure/work.ts';

const LIMIT_MS = 2000;
const PENDING = quick ? 50_000 : 1_000_000;
const STARTS = quick ? 2 : 6;
const LOAD_MS = 1000;
const NODES = 16;

await runGate('restart', async (scope) => {
  compile();
  const prepared = await masterWithBacklog(scope, { jobs: PENDING, tenants: 20 }, { count: NODES, slots: 1 });
  const generator = startGenerator(scope);
  const filled: number[] = [];
  const empty: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const emptyMs = performance.now();
    const bare = await startMeasured(scope, scope.folder(`empty-${start}`));
    empty.push(performance.now() - emptyMs);
    await bare.program.stop();
    const filledMs = performance.now();
    const master = await prepared.start();
    filled.push(performance.now() - filledMs);
    const burst = { connections: NODES, ms: LOAD_MS, port: master.port };
    await measure(generator, master.program.pid, {
      ...{ kind: 'repeat', ...burst, status: 201, worth: 1 },
      request: { method: 'POST', path: '/jobs', key: master.adminKey, body: jobText },
    });
    await measure(generator, master.program.pid, {
      ...{ kind: 'claim', ...burst, nodes: prepared.fleet, slots: 1, result: goodResult },
    });
    await master.program.stop('SIGKILL');
  }
  const worst = Math.round(Math.max(...filled));
  const emptyMs = Math.round(median(empty));
  return {
    passed: !quick && worst <= LIMIT_MS,
    figures: { pending: PENDING, starts_ms: filled.map(Math.round), empty_ms: empty.map(Math.round) },
    row: {
      what: `restart with ${PENDING} pending until ready, after kill -9, the slowest of ${STARTS}`,
      value: `${worst} ms`,
      reference: `empty data directory ${emptyMs} ms`,
      ratio: `${Math.round((median(filled) / emptyMs) * 100) / 100}`,
      limit: `${LIMIT_MS} ms`,
    },
  };
});

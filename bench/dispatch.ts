/**
 * How long a submitted job waits for its first process: from the moment the client sends the request to the spawn of
 * ffmpeg, on a parked agent with free slots, at four jobs a second. Real master, agent and ffmpeg, keys checked,
 * every commit synced to disk. Client and agent stamp with the same machine's clock; the agent's log names each engine.
 * A job is canceled as soon as its process runs: whole jobs at this rate take two cores, and the gate is about an agent
 * that has nothing else to do.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Job } from '@ffrtmp/shared/job/job';
import { engine } from '../tests/support/engine.ts';
import { submit, waitForJob } from '../tests/support/events.ts';
import { startAgent, startMaster } from '../tests/support/fleet.ts';
import { runGate, say } from './measure/gate.ts';
import { compile, referenceWorkload } from './measure/reference.ts';
import { quantile } from './measure/statistics.ts';

const P50_LIMIT_MS = 10;
const P99_LIMIT_MS = 50;
const quick = process.env.BENCH_QUICK === '1';
const SUBMITS = quick ? 40 : 500;
const PER_SECOND = 4;
/** A canceled job gives its slot back in well under a second: there is always a free one. */
const SLOTS = 8;
const WARM_UP = 4;
const request = { scenario: 'h264-ultrafast', parameters: { width: 160, height: 90, fps: 10, duration: 0.2 } };

/** First spawn of each job in the agent's log, by sequence number, in ms since the epoch. */
function spawnsOf(log: string): Map<number, number> {
  const spawns = new Map<number, number>();
  for (const line of log.split('\n')) {
    if (!line.includes('"engine_pid"')) continue;
    const { job, time } = JSON.parse(line) as { job: number; time: string };
    if (!spawns.has(job)) spawns.set(job, Date.parse(time));
  }
  return spawns;
}

/** Ticks at a steady rate, each moved by up to half a period, so that no other rhythm of the machine is met. */
async function* ticks(count: number): AsyncGenerator<number> {
  const startMs = performance.now();
  for (let tick = 0; tick < count; tick += 1) {
    const dueMs = startMs + ((tick + Math.random() / 2) * 1000) / PER_SECOND;
    await delay(Math.max(0, dueMs - performance.now()));
    yield tick;
  }
}

await runGate('dispatch', async (scope) => {
  compile();
  const before = await referenceWorkload(scope);
  const master = await startMaster(scope, { compiled: true, args: ['--log-level', 'warn'] });
  const args = ['--max-concurrent-jobs', String(SLOTS), '--ffmpeg', engine(scope)];
  const agent = await startAgent(scope, master, { address: 'bench', compiled: true, args });
  for (let job = 0; job < WARM_UP; job += 1) await waitForJob(master, (await submit(master, request)).id);

  const sent: Promise<{ job: Job; sentMs: number; ackMs: number }>[] = [];
  async function submitAndCancel() {
    const sentMs = Date.now();
    const job = await submit(master, request);
    const ackMs = Date.now() - sentMs;
    await agent.program.waitForLine(new RegExp(`"job":${job.sequence_number},.*"engine_pid"`));
    await master.client.call(jobOperations.cancel, { params: { id: job.id } });
    return { job, sentMs, ackMs };
  }
  for await (const tick of ticks(SUBMITS)) {
    sent.push(submitAndCancel());
    if (tick % 100 === 99) say(`${tick + 1} jobs submitted`);
  }
  const submitted = await Promise.all(sent);
  const spawns = spawnsOf(agent.program.stderr());
  const latencies = submitted.map(({ job, sentMs }) => (spawns.get(job.sequence_number) ?? Number.NaN) - sentMs);

  const [p50, p99, most] = [quantile(latencies, 0.5), quantile(latencies, 0.99), Math.max(...latencies)];
  const after = await referenceWorkload(scope);
  const acks = submitted.map(({ ackMs }) => ackMs);
  return {
    passed: !quick && p50 <= P50_LIMIT_MS && p99 <= P99_LIMIT_MS,
    figures: {
      submits: SUBMITS,
      per_second: PER_SECOND,
      slots: SLOTS,
      p50_ms: p50,
      p90_ms: quantile(latencies, 0.9),
      p99_ms: p99,
      max_ms: most,
      ack_p50_ms: quantile(acks, 0.5),
      ack_p99_ms: quantile(acks, 0.99),
      reference: { before, after },
      limits_ms: { p50: P50_LIMIT_MS, p99: P99_LIMIT_MS },
    },
    row: {
      what: `submit to spawn on a parked agent, ${SUBMITS} jobs at ${PER_SECOND} a second`,
      value: `p50 ${p50} ms, p99 ${p99} ms, at most ${most} ms`,
      limit: `p50 ${P50_LIMIT_MS} ms, p99 ${P99_LIMIT_MS} ms`,
    },
  };
});

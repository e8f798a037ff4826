/**
 * What the power sampler costs: CPU time of a process that does nothing but sample, over eight recorded RAPL zones (two
 * sockets with core, uncore and memory each) and one attempt whose process tree is followed, at 1 Hz and at 10 Hz.
 * Reads of real MSRs also interrupt the CPU they belong to (some microseconds each), which no recorded tree shows.
 *
 * Each rate is measured in windows of its own, in turn, beside windows of the same process with nothing to do; the
 * bad end of the interval over the windows decides. BENCH_QUICK=1 is for trying the bench itself.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { plantTree, powercapTree } from '../tests/support/power-trees.ts';
import type { Scope } from '../tests/support/scope.ts';
import { createIdleStore } from '../worker/src/power/idle-store.ts';
import { createSampler } from '../worker/src/power/sampler.ts';
import { openPowerSources } from '../worker/src/power/sources.ts';
import { quick, runGate, say } from './measure/gate.ts';
import { median, medianInterval } from './measure/statistics.ts';

const LIMITS = { 1: 0.005, 10: 0.01 } as const;
const WINDOWS = quick ? 2 : 8;
const WINDOW_MS = quick ? 2000 : 10_000;

const zonesOf = (socket: number) => ({
  [`intel-rapl:${socket}`]: { name: `package-${socket}`, energyUj: 5_000_000, limitW: 200 },
  [`intel-rapl:${socket}:0`]: { name: 'dram', energyUj: 1_000_000, limitW: 40 },
});
/** Four packages with their memory: the most zones that any of our recorded machines counts. */
const tree = powercapTree(Object.assign({}, ...[0, 1, 2, 3].map(zonesOf)));

const cpu = {
  ...{ vendor: 'GenuineIntel', name: 'recorded', family: null, model: null, stepping: null, part: null },
  virtual: false,
};

/** Share of a core that this process takes in one window, and how much later than wanted the window ended. */
async function windowShare(): Promise<number> {
  const before = process.cpuUsage();
  const startMs = performance.now();
  await delay(WINDOW_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6 / ((performance.now() - startMs) / 1000);
}

/** A child with children of its own, as an engine has threads: two processes that sleep. */
async function startEngine(scope: Scope): Promise<number> {
  const child = spawn('/bin/sh', ['-c', 'sleep 100000 & echo ready; wait'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const gone = once(child, 'exit');
  scope.onEnd(async () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await gone;
  });
  await once(child.stdout, 'data');
  return child.pid ?? -1;
}

async function samplingShare(sys: string, pid: number, hertz: number): Promise<number> {
  const sources = await openPowerSources({ cpu, powercapRoot: join(sys, 'class/powercap'), sysRoot: sys, sockets: 4 });
  const idle = createIdleStore({ dataDir: null, maxAgeMs: 86_400_000, now: () => Date.now(), temperature: () => null });
  const sampler = createSampler({ sources, intervalMs: 1000 / hertz, idle });
  const energy = sampler.start('bench', { reservedThreads: 1 });
  energy.setPid(pid);
  const share = await windowShare();
  await energy.stop();
  sampler.close();
  sources.close();
  return share;
}

const percent = (share: number) => `${(share * 100).toFixed(3)} %`;

await runGate('sampling', async (scope) => {
  const sys = plantTree(scope.folder('sys'), tree);
  const pid = await startEngine(scope);
  const shares: Record<'0' | '1' | '10', number[]> = { 0: [], 1: [], 10: [] };
  // One of each before they count: the first windows pay for what V8 has yet to compile.
  for (let window = -1; window < WINDOWS; window += 1) {
    for (const hertz of [0, 1, 10] as const) {
      const share = hertz === 0 ? await windowShare() : await samplingShare(sys, pid, hertz);
      if (window >= 0) shares[hertz].push(share);
    }
    if (window >= 0)
      say(
        `window ${window + 1} of ${WINDOWS}: ${percent(shares[1].at(-1) ?? 0)} and ${percent(shares[10].at(-1) ?? 0)}`,
      );
  }
  const [one, ten] = ([1, 10] as const).map((hertz) => ({
    ...medianInterval(shares[hertz]),
    median: median(shares[hertz]),
  }));
  if (!one || !ten) throw new Error('nothing was measured');
  const text = (rate: typeof one) => `${percent(rate.median)} (${percent(rate.low)} to ${percent(rate.high)})`;
  return {
    passed: one.high <= LIMITS[1] && ten.high <= LIMITS[10],
    figures: { limits: LIMITS, zones: 8, windows: WINDOWS, window_ms: WINDOW_MS, shares, one_hz: one, ten_hz: ten },
    row: {
      what: 'sampler CPU over 8 recorded zones and one attempt, of a core, at 1 Hz and 10 Hz',
      value: `${text(one)} and ${text(ten)}`,
      reference: `${percent(median(shares[0]))} of the same process at rest`,
      limit: `${percent(LIMITS[1])} and ${percent(LIMITS[10])} at the bad end`,
    },
  };
});

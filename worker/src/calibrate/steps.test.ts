import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Energy, Reading, Sensor } from '../power/sensor.ts';
import { type Bench, calibrate, measureStep } from './steps.ts';

interface Machine {
  /** Watts by load. */
  curve: (load: number) => number;
  /** Load of others, which the machine has beside ours. */
  foreign?: number;
  gapAtS?: number;
  /** A limit keeps our load below this share. */
  limit?: number;
}

/** A machine whose time passes only while it is waited for. */
function simulate({ curve, foreign = 0, gapAtS = Number.POSITIVE_INFINITY, limit = 1 }: Machine): Bench {
  let [nowS, load, uj, busyS] = [0, 0, 0, 0];
  const threads = 8;
  const read = (): Reading | null => (nowS >= gapAtS ? null : [uj]);
  const between = (from: Reading, to: Reading): Energy => ({ uj: (to[0] ?? 0) - (from[0] ?? 0) });
  const sensor: Sensor = {
    ...{ method: 'rapl', scope: ['cpu'], sharedBy: 'cpu', minSeconds: 0, fineSeconds: 1, read, between },
    ...{ detail: () => 'RAPL package-0', fault: () => 'a counter cannot be read', close: () => undefined },
  };
  return {
    ...{ sensor, threads, stepMs: 30_000, busyS: () => busyS, clock: () => nowS * 1000, say: () => undefined },
    setLoad: (share) => {
      load = share;
    },
    wait: async (ms) => {
      const total = Math.min(limit, load + foreign);
      uj += curve(total) * ms * 1000;
      busyS += (total * threads * ms) / 1000;
      nowS += ms / 1000;
    },
  };
}

const straight = (load: number) => 20 + 100 * load;
/** Rises fast and then flattens, as real ones do (research/energy.md 4.2). */
const bent = (load: number) => 20 + 100 * load ** 0.6;

test('a step gives the watts and the busy share of the time after it came to rest', async () => {
  const point = await measureStep(simulate({ curve: straight }), 0.5);
  assert.deepEqual([point.watts.toFixed(6), point.busy.toFixed(6)], ['70.000000', '0.500000']);
});

test('a straight machine is met exactly, and the bounds stay at their least', async () => {
  const { points, checks, mean_error, half_width } = await calibrate(simulate({ curve: straight }));
  assert.deepEqual(
    points.map(({ busy, watts }) => [busy, watts]),
    [
      [0, 20],
      [0.5, 70],
      [1, 120],
    ],
  );
  assert.deepEqual([checks.map(({ busy }) => busy), mean_error, half_width], [[0.25, 0.75], 0, 0.1]);
});

test('a bent machine shows its error at the loads between, and the bounds are twice the worse', async () => {
  const { mean_error, half_width, checks } = await calibrate(simulate({ curve: bent }));
  const errors = checks.map(({ watts, predicted_w }) => Math.abs(predicted_w / watts - 1));
  assert.ok((mean_error ?? 0) > 0.02 && (mean_error ?? 1) < 0.15, `${mean_error}`);
  assert.equal(half_width.toFixed(3), (2 * Math.max(...errors)).toFixed(3));
});

test('a machine that is busy without our load is refused, for no step would show what its load draws', async () => {
  await assert.rejects(calibrate(simulate({ curve: straight, foreign: 0.2 })), {
    code: 'conflict',
    message: /20 % busy/,
  });
});

test('a limit that holds our load back is noticed: half a machine is no curve', async () => {
  await assert.rejects(calibrate(simulate({ curve: straight, limit: 0.3 })), {
    code: 'conflict',
    message: /30 % busy/,
  });
});

test('a gap of the reference ends it: a profile is not made from parts', async () => {
  await assert.rejects(calibrate(simulate({ curve: straight, gapAtS: 50 })), {
    code: 'missing_sensor',
    message: /a counter cannot be read/,
  });
});

import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Profile } from '@ffrtmp/shared/energy/profile';
import { between } from '../power/models/model.ts';
import { HALF_WIDTH_MIN, halfWidthFor } from '../power/models/profile.ts';
import type { Sensor } from '../power/sensor.ts';

/** What a step needs: the reference, the machine's CPU time, a load, and time. */
export interface Bench {
  sensor: Sensor;
  /** CPU seconds of the whole machine so far; null when the kernel does not say. */
  busyS: () => number | null;
  threads: number;
  /** Monotonic, in ms. */
  clock: () => number;
  wait: (ms: number) => Promise<void>;
  setLoad: (share: number) => void;
  stepMs: number;
  say: (text: string) => void;
}

export interface Point {
  busy: number;
  watts: number;
}

/** Fans, clocks and turbo come to rest before a step is measured: this share of its length. */
const SETTLE = 1 / 3;
const SAMPLE_MS = 1000;
/** So much of a step must lie between good reads. */
const COVERED_MIN = 0.8;
/** More foreign load than this, and no step shows what its load draws. */
const IDLE_MAX = 0.03;

const gapped = (why: string) =>
  new FfrtmpError('missing_sensor', `the reference has a gap: ${why}; run it again on a quiet machine`);

/** Watts and busy share over one step, sampled each second so that no counter wraps unseen. */
export async function measureStep(bench: Bench, share: number): Promise<Point> {
  const { sensor, clock, wait } = bench;
  bench.setLoad(share);
  await wait(bench.stepMs * SETTLE);
  const startMs = clock();
  const startS = bench.busyS();
  let [lastMs, last] = [startMs, sensor.read()];
  let uj = 0;
  while (clock() - startMs < bench.stepMs) {
    await wait(Math.min(SAMPLE_MS, bench.stepMs));
    const [nowMs, now] = [clock(), sensor.read()];
    // A failed read leaves the interval open: the next good one covers it.
    if (!now) continue;
    if (!last) throw gapped('it could not be read when the step began');
    const energy = sensor.between(last, now, (nowMs - lastMs) / 1000);
    if ('gap' in energy) throw gapped(energy.gap);
    uj += energy.uj;
    [lastMs, last] = [nowMs, now];
  }
  if (lastMs - startMs < COVERED_MIN * bench.stepMs) throw gapped(sensor.fault() ?? 'no reading');
  const seconds = (lastMs - startMs) / 1000;
  const endS = bench.busyS();
  if (startS === null || endS === null) throw gapped('/proc/stat does not say how busy the machine is');
  return { busy: Math.min(1, (endS - startS) / (seconds * bench.threads)), watts: uj / 1e6 / seconds };
}

/** The loads of the curve, and those that only judge it. In an order in which a slow warming favours neither. */
const steps = [
  { share: 0, kind: 'point' },
  { share: 0.5, kind: 'point' },
  { share: 0.25, kind: 'check' },
  { share: 1, kind: 'point' },
  { share: 0.75, kind: 'check' },
] as const;

/** With less of the machine than this share of what was asked for, a step shows somebody else's load. */
const REACHED_MIN = 0.8;

function requireLoad(share: number, { busy }: Point): void {
  const percent = (value: number) => `${Math.round(value * 100)} %`;
  if (share === 0 && busy > IDLE_MAX)
    throw new FfrtmpError(
      'conflict',
      `the machine is ${percent(busy)} busy without our load: stop what runs on it and try again`,
    );
  if (busy < REACHED_MIN * share)
    throw new FfrtmpError(
      'conflict',
      `a load of ${percent(share)} made the machine ${percent(busy)} busy: a limit holds this agent back; calibrate on the host itself`,
    );
}

/** Two checks are few: the bounds are twice the worse of their errors. */
const CAUTION = 2;

const rounded = (value: number, digits: number) => Number(value.toFixed(digits));

/** Walks through the loads and gives everything of a profile that comes from measuring. */
export async function calibrate(
  bench: Bench,
): Promise<Pick<Profile, 'points' | 'checks' | 'mean_error' | 'half_width'>> {
  const measured: (Point & { kind: 'point' | 'check' })[] = [];
  for (const { share, kind } of steps) {
    const point = await measureStep(bench, share);
    bench.say(`${Math.round(share * 100)} % load: ${point.watts.toFixed(1)} W, ${Math.round(point.busy * 100)} % busy`);
    requireLoad(share, point);
    measured.push({ ...point, busy: share === 0 ? 0 : point.busy, kind });
  }
  const of = (kind: string) => measured.filter((point) => point.kind === kind).sort((a, b) => a.busy - b.busy);
  const points = of('point').map(({ busy, watts }) => ({ busy: rounded(busy, 4), watts: rounded(watts, 3) }));
  const predict = between(points.map(({ busy, watts }) => [busy, watts] as const));
  const checks = of('check').map(({ busy, watts }) => ({
    ...{ busy: rounded(busy, 4), watts: rounded(watts, 3), predicted_w: rounded(predict(busy), 3) },
  }));
  const errors = checks.map(({ watts, predicted_w }) => Math.abs(predicted_w - watts) / watts);
  const mean = errors.reduce((sum, error) => sum + error, 0) / Math.max(1, errors.length);
  const worst = errors.length === 0 ? halfWidthFor(points.length) : CAUTION * Math.max(...errors);
  const half_width = rounded(Math.min(2, Math.max(HALF_WIDTH_MIN, worst)), 4);
  return { points, checks, mean_error: errors.length === 0 ? null : rounded(mean, 4), half_width };
}

import type { Scope } from '@ffrtmp/shared/energy/figure';

/** What stands in for a sensor: the draw of this machine as a function of how busy it is. */
export interface Model {
  /** `calibrated-3-point`, `spec-regression`, `spec-thread-median`, `vcpu-coefficient`, `tdp-curve`, `cpu-curve`, `generic-thread`. */
  method: string;
  quality: 'calibrated' | 'estimated';
  scope: readonly Scope[];
  /** About 90 % of machines lie within this share of the value (research/energy.md 4.3). */
  halfWidth: number;
  /** Where its numbers come from, with their year. */
  source: string;
  idleW: number;
  /** What the work draws above idle, in joules. */
  activeJ: (busyS: number, seconds: number) => number;
}

type Facts = Pick<Model, 'method' | 'quality' | 'scope' | 'halfWidth' | 'source'>;

/** Watts that rise evenly with CPU time. */
export function linearModel(facts: Facts, threads: number, perThread: { idleW: number; fullW: number }): Model {
  const { idleW, fullW } = perThread;
  return { ...facts, idleW: idleW * threads, activeJ: (busyS) => busyS * (fullW - idleW) };
}

/** Watts by the busy share of all threads, 0 to 1. */
export function curveModel(facts: Facts, threads: number, watts: (busy: number) => number): Model {
  const idleW = watts(0);
  return {
    ...facts,
    idleW,
    // Ticks may show a little more CPU time than there was; a machine is never more than busy.
    activeJ: (busyS, seconds) =>
      seconds > 0 ? Math.max(0, watts(Math.min(1, busyS / (threads * seconds))) - idleW) * seconds : 0,
  };
}

/** Linear between points of (busy share, watts), the first at 0 and the last at 1. */
export function between(points: readonly (readonly [busy: number, watts: number])[]): (busy: number) => number {
  return (busy) => {
    const above = points.findIndex(([at]) => at >= busy);
    const [at1, watts1] = points.at(above) ?? [1, 0];
    // Beyond the last point, and at the first, the curve holds: -1 is the last one, too.
    if (above <= 0) return watts1;
    const [at0, watts0] = points[above - 1] ?? [0, 0];
    return watts0 + ((busy - at0) / (at1 - at0)) * (watts1 - watts0);
  };
}

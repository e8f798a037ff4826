import type { Figure, Scope } from '@ffrtmp/shared/energy/figure';

/** What was seen between two readings of all sources. */
export interface Interval {
  seconds: number;
  /** Of the sensor over the interval; null = a gap (failed read, reset, or too long to rule out a second wrap). */
  energyUj: number | null;
  /** CPU time of the whole machine; null when the kernel did not say. */
  busyS: number | null;
  /** CPU time of each attempt that ran through the whole interval. */
  cpuS: ReadonlyMap<string, number>;
}

/** What an attempt has gathered over the intervals of its window. Energies in uJ, so that sums stay exact integers. */
export interface Share {
  windowS: number;
  coveredS: number;
  /** This attempt's part of the sensor's energy; all of it while it is alone on the agent. */
  ownUj: number;
  /** The sensor's whole energy over the covered time: the most the attempt can have caused. */
  wholeUj: number;
  /** Its part by CPU time among everything that ran on the machine: the least. */
  leastUj: number;
  /** CPU time of the machine, and of all that is no attempt of this agent. */
  busyS: number;
  othersS: number;
  /** Did it ever share the sensor with another attempt, or run while the machine's CPU time was unknown? */
  shared: boolean;
}

export function emptyShare(): Share {
  return { windowS: 0, coveredS: 0, ownUj: 0, wholeUj: 0, leastUj: 0, busyS: 0, othersS: 0, shared: false };
}

/** Splits one interval among its attempts by CPU time; evenly when none of them used any. Pure. */
export function addInterval(share: Share, id: string, interval: Interval): Share {
  const { seconds, energyUj, busyS, cpuS } = interval;
  const windowS = share.windowS + seconds;
  if (energyUj === null) return { ...share, windowS };
  const own = cpuS.get(id) ?? 0;
  const attempts = [...cpuS.values()].reduce((sum, each) => sum + each, 0);
  const part = cpuS.size <= 1 ? 1 : attempts > 0 ? own / attempts : 1 / cpuS.size;
  // The ticks of processes and of the machine are counted apart and may disagree by one.
  const least = busyS === null || busyS <= 0 ? 0 : Math.min(1, own / Math.max(busyS, attempts));
  return {
    windowS,
    coveredS: share.coveredS + seconds,
    ownUj: share.ownUj + energyUj * part,
    wholeUj: share.wholeUj + energyUj,
    leastUj: share.leastUj + energyUj * least,
    busyS: share.busyS + (busyS ?? 0),
    othersS: share.othersS + Math.max(0, (busyS ?? 0) - attempts),
    shared: share.shared || cpuS.size > 1 || busyS === null,
  };
}

/** With more foreign load than this the CPU shares no longer say who used the energy (research/energy.md 1.5). */
const FOREIGN_SHARE_MAX = 0.1;

/**
 * The figures of an attempt from a sensor. `measured` when nothing else ran to speak of, else `attributed` with the CPU
 * share as lower and the whole sensor as upper bound. Active energy needs the machine's idle draw. Pure.
 */
export function sensorFigures(share: Share, sensor: { method: string; scope: Scope[]; detail: string }): Figure[] {
  const { method, scope } = sensor;
  const alone = !share.shared && share.othersS <= FOREIGN_SHARE_MAX * share.busyS;
  const value = share.ownUj / 1e6;
  const foreign = share.busyS > 0 ? Math.round((100 * share.othersS) / share.busyS) : 0;
  const company = `${share.shared ? 'shared with other attempts by CPU time; ' : ''}other processes used ${foreign} % of the CPU time`;
  const common = { unit: 'J', scope, method } as const;
  return [
    {
      ...common,
      name: 'energy_active',
      value: null,
      quality: 'none',
      coverage: 0,
      low: null,
      high: null,
      source: 'no measured idle draw of this node',
    },
    {
      ...common,
      name: 'energy_full',
      value,
      quality: alone ? 'measured' : 'attributed',
      coverage: share.windowS > 0 ? Math.min(1, share.coveredS / share.windowS) : 0,
      low: alone ? value : Math.min(value, share.leastUj / 1e6),
      high: alone ? value : share.wholeUj / 1e6,
      source: `${sensor.detail}; ${company}`.slice(0, 400),
    },
  ];
}

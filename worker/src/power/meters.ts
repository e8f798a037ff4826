import type { Interval, Split } from './attribute.ts';
import type { Account } from './ledger.ts';
import type { Sensor, ZoneEnergy } from './sensor.ts';

/** Shorter intervals hold too few steps of a counter for a power. */
const WATTS_SECONDS_MIN = 0.1;

/** Joules of the node by who used them, since the agent started. They only rise. */
export interface EnergyTotals {
  account: Account;
  coveredS: number;
  jobsJ: number;
  otherJ: number;
  idleJ: number;
  restJ: number;
  /** Mean of the latest interval; null when it could not be read. */
  watts: number | null;
}

/** Running totals for /metrics. The ledger is emptied when the master has taken its hours; these never are. */
export interface Meters {
  add: (account: Account, interval: Interval, split: Split | null) => void;
  addZones: (sensor: Sensor, advanced: readonly ZoneEnergy[]) => void;
  /** By method: a handful. */
  totals: () => readonly EnergyTotals[];
  /** The counters of the sensors that have several, wraps corrected. */
  zones: () => readonly ZoneEnergy[];
}

/** A sum of differences may fall short of the one before by the last bit, and a counter never falls. */
const risen = (before: number, uj: number) => before + Math.max(0, uj) / 1e6;

export function createMeters(): Meters {
  const totals = new Map<string, EnergyTotals>();
  const zones = new Map<string, ZoneEnergy>();

  function entryOf(account: Account): EnergyTotals {
    const key = `${account.method} ${account.scope.join()} ${account.quality}`;
    const known = totals.get(key);
    if (known) return known;
    const nothing = { coveredS: 0, jobsJ: 0, otherJ: 0, idleJ: 0, restJ: 0, watts: null };
    const entry: EnergyTotals = { account: { ...account, scope: [...account.scope] }, ...nothing };
    totals.set(key, entry);
    return entry;
  }

  return {
    add(account, { seconds, energyUj }, split) {
      const entry = entryOf(account);
      if (!split || energyUj === null) {
        entry.watts = null;
        return;
      }
      const jobsUj = [...split.parts.values()].reduce((sum, { fullUj }) => sum + fullUj, 0);
      entry.coveredS += seconds;
      entry.jobsJ = risen(entry.jobsJ, jobsUj);
      entry.otherJ = risen(entry.otherJ, split.otherUj);
      entry.idleJ = risen(entry.idleJ, split.idleUj);
      entry.restJ = risen(entry.restJ, split.restUj);
      if (seconds >= WATTS_SECONDS_MIN) entry.watts = energyUj / 1e6 / seconds;
    },
    addZones({ method }, advanced) {
      for (const { zone, scope, uj } of advanced) {
        const key = `${method} ${zone}`;
        zones.set(key, { zone, scope, uj: (zones.get(key)?.uj ?? 0) + Math.max(0, uj) });
      }
    },
    totals: () => [...totals.values()],
    zones: () => [...zones.values()],
  };
}

import type { AgentSettings } from './agent-host.ts';
import type { Chance } from './chance.ts';
import { fairWeather, type Weather } from './network.ts';

/** What a seed has in store: how much of each fault, for how long. */
export interface Plan {
  leaseMs: number;
  agents: readonly AgentSettings[];
  /** One client each: its longest pause between two calls. */
  clients: readonly number[];
  /** For how long faults happen and clients work. */
  busyMs: number;
  weather: Weather;
  /** Mean time between two faults of a kind. */
  everyMs: Faults;
  /** Nothing but the master fails, and every engine succeeds: then no finished frame may be lost. */
  masterOnly: boolean;
}

export interface Faults {
  masterDeath: number;
  agentDeath: number;
  cut: number;
  standstill: number;
  diskFull: number;
  clockJump: number;
}

const never = Number.POSITIVE_INFINITY;
const quiet: Faults = {
  masterDeath: never,
  agentDeath: never,
  cut: never,
  standstill: never,
  diskFull: never,
  clockJump: never,
};

const HOUR_MS = 3_600_000;

function agentsOf(chance: Chance, masterOnly: boolean): AgentSettings[] {
  return Array.from({ length: 2 + chance.below(3) }, (_, index) => ({
    address: `node-${index}`,
    slots: 1 + chance.below(2),
    encoders: ['libx264'],
    orphanGraceMs: masterOnly ? HOUR_MS : chance.pick([20_000, HOUR_MS]),
    longestRunMs: chance.pick([1000, 6000]),
    failures: masterOnly ? 0 : chance.pick([0, 0.15]),
  }));
}

function weatherOf(chance: Chance, leaseMs: number): Weather {
  const level = chance.pick([0, 0.02, 0.08]);
  return {
    loseRequest: chance.next() * level,
    loseReply: chance.next() * level * 2,
    duplicate: chance.next() * level * 2,
    delay: chance.next() * level * 3,
    longestMs: chance.pick([500, 3000, 2 * leaseMs]),
  };
}

export function planOf(chance: Chance): Plan {
  const leaseMs = chance.pick([5000, 6000, 9000]);
  const masterOnly = chance.is(0.1);
  const clients = Array.from({ length: 1 + chance.below(3) }, () => chance.pick([1500, 4000]));
  const sizes = { leaseMs, clients, busyMs: chance.between(6000, 20_000), agents: agentsOf(chance, masterOnly) };
  if (masterOnly)
    return { ...sizes, masterOnly, weather: fairWeather, everyMs: { ...quiet, masterDeath: 4000, diskFull: 5000 } };
  const some = (share: number, ms: number) => (chance.is(share) ? ms : never);
  return {
    ...sizes,
    masterOnly,
    weather: weatherOf(chance, leaseMs),
    everyMs: {
      masterDeath: some(0.7, 4000),
      agentDeath: some(0.5, 5000),
      cut: some(0.4, 6000),
      standstill: some(0.3, 6000),
      diskFull: some(0.3, 5000),
      clockJump: some(0.25, 5000),
    },
  };
}

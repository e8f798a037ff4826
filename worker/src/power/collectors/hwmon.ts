import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '@ffrtmp/shared/energy/figure';
import { type Energy, type Opened, type Reading, refused } from '../sensor.ts';
import { type CounterFiles, openCounters } from './counter-file.ts';

/** What the channels of a chip cover, and which of them count together. */
export interface ChipRule {
  scope: Scope;
  /** Labels of the channels that count; all where it is absent. */
  labels?: RegExp;
}
export type ChipRules = Readonly<Record<string, ChipRule>>;

/**
 * Chips whose channels are known to cover something whole (kernel Documentation/hwmon). What an ina226 on a board
 * measures only its owner knows: `--hwmon ina226=platform` says so.
 */
export const knownChips: ChipRules = {
  power_meter: { scope: 'platform' },
  corsairpsu: { scope: 'wall', labels: /^power total$/i },
  amd_energy: { scope: 'cpu', labels: /^Esocket\d+$/ },
  fam15h_power: { scope: 'cpu' },
};

interface Channel {
  chip: string;
  scope: Scope;
  path: string;
  kind: 'energy' | 'power';
}

const readOr = (path: string) => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

const namesIn = (folder: string) => {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
};

/** Energy counters are better than averages, and those than single looks at the power. */
const kinds = [
  [/^energy(\d+)_input$/, 'energy'],
  [/^power(\d+)_average$/, 'power'],
  [/^power(\d+)_input$/, 'power'],
] as const;

function channelsOf(folder: string, chip: string, rule: ChipRule): Channel[] {
  const names = namesIn(folder);
  for (const [pattern, kind] of kinds) {
    const wanted = names.filter((name) => {
      const [, index] = pattern.exec(name) ?? [];
      if (index === undefined) return false;
      return !rule.labels || rule.labels.test(readOr(join(folder, `${kind}${index}_label`)));
    });
    if (wanted.length > 0) return wanted.map((name) => ({ chip, scope: rule.scope, path: join(folder, name), kind }));
  }
  return [];
}

/** The wider scope comes first: what covers the whole machine makes the parts needless. */
const order: readonly Scope[] = ['wall', 'platform', 'cpu', 'dram', 'gpu'];

/** The channels of one chip kind: all chips of that name and scope, the widest scope there is. */
function findChannels(sys: string, rules: ChipRules): Channel[] {
  const root = join(sys, 'class/hwmon');
  const all = namesIn(root).flatMap((name) => {
    const chip = readOr(join(root, name, 'name'));
    const rule = rules[chip];
    return rule ? channelsOf(join(root, name), chip, rule) : [];
  });
  const [first] = all.toSorted((a, b) => order.indexOf(a.scope) - order.indexOf(b.scope));
  return all.filter(({ chip, kind }) => chip === first?.chip && kind === first.kind);
}

/** Energy between readings: counters in uJ are subtracted, powers in uW are averaged over the time. */
function energyOf(kind: Channel['kind'], from: Reading, to: Reading, seconds: number): Energy {
  if (seconds < 0) return { gap: 'the clock ran backwards' };
  let uj = 0;
  for (const [index, now] of to.entries()) {
    const before = from[index] ?? 0;
    // These counters are 64 bits wide in the driver: one that shrinks was reset.
    if (kind === 'energy' && now < before) return { gap: 'a counter was reset' };
    uj += kind === 'energy' ? now - before : ((before + now) / 2) * seconds;
  }
  return { uj };
}

/** Opens the sensors of the board: energy counters first, then averaged power, then momentary power. */
export function openHwmon(sys: string, rules: ChipRules): Opened {
  const channels = findChannels(sys, rules);
  const [first] = channels;
  if (!first) return refused('no-sensor', 'no hwmon chip that covers the machine or its CPU', null);
  let files: CounterFiles;
  try {
    files = openCounters(channels.map(({ path }) => path));
    files.read();
  } catch (error) {
    return refused('unreadable', `hwmon ${first.chip} cannot be read: ${(error as Error).message}`, null);
  }
  let fault: string | null = null;
  return {
    ok: true,
    sensor: {
      ...{ method: 'hwmon', scope: [first.scope], sharedBy: 'cpu', minSeconds: 0, fineSeconds: 10 },
      detail: () => `hwmon ${first.chip}, ${channels.length} ${first.kind} channel${channels.length > 1 ? 's' : ''}`,
      read: () => {
        try {
          fault = null;
          return files.read();
        } catch (error) {
          fault = `hwmon ${first.chip}: ${(error as Error).message}`.slice(0, 120);
          return null;
        }
      },
      between: (from, to, seconds) => energyOf(first.kind, from, to, seconds),
      fault: () => fault,
      close: () => files.close(),
    },
  };
}

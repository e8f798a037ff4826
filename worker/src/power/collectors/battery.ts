import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Opened, type Reading, refused } from '../sensor.ts';

const UJ_PER_UWH = 3600;
/** Its counters move every few to some tens of seconds (research/energy.md 3): shorter attempts would see noise. */
const SECONDS_MIN = 300;

const readOr = (path: string) => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

const numberOr = (path: string) => {
  const text = readOr(path);
  return /^\d+$/.test(text) ? Number(text) : null;
};

/** Charge that is left, in uJ; null when this battery does not say. */
function leftUj(folder: string): number | null {
  const uwh = numberOr(join(folder, 'energy_now'));
  if (uwh !== null) return uwh * UJ_PER_UWH;
  const [uah, uv] = [numberOr(join(folder, 'charge_now')), numberOr(join(folder, 'voltage_now'))];
  return uah === null || uv === null ? null : (uah * uv * UJ_PER_UWH) / 1e6;
}

function batteries(sys: string): string[] {
  const root = join(sys, 'class/power_supply');
  let names: string[] = [];
  try {
    names = readdirSync(root).sort();
  } catch {
    return [];
  }
  const own = (folder: string) =>
    readOr(join(folder, 'type')) === 'Battery' && readOr(join(folder, 'scope')) !== 'Device';
  return names.map((name) => join(root, name)).filter((folder) => own(folder) && leftUj(folder) !== null);
}

/** What the machine draws from its batteries, while none of them is charged. Reading: the charge left in each, uJ. */
export function openBattery(sys: string): Opened {
  const folders = batteries(sys);
  if (folders.length === 0) return refused('no-battery', 'no battery that says how full it is', null);
  let fault: string | null = null;
  const read = (): Reading | null => {
    const states = folders.map((folder) => readOr(join(folder, 'status')));
    const left = folders.map(leftUj);
    const discharging = states.includes('Discharging') && !states.includes('Charging');
    fault = discharging ? null : 'the machine is on mains';
    if (!discharging || left.some((uj) => uj === null)) return null;
    return left as number[];
  };
  return {
    ok: true,
    sensor: {
      ...{ method: 'battery', scope: ['platform'], sharedBy: 'cpu', minSeconds: SECONDS_MIN, fineSeconds: SECONDS_MIN },
      detail: () => `${folders.length === 1 ? 'battery' : `${folders.length} batteries`}, while discharging`,
      read,
      between: (from, to) => {
        const uj = from.reduce((sum, before, index) => sum + before - (to[index] ?? 0), 0);
        return uj < 0 ? { gap: 'the charge rose' } : { uj };
      },
      fault: () => fault,
      close: () => undefined,
    },
  };
}

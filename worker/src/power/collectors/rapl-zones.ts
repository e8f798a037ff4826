import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** One zone of the powercap tree that counts. */
export interface ZoneFolder {
  /** `package-0`, `package-0/dram`: unique within a machine. */
  key: string;
  scope: 'cpu' | 'dram' | 'platform';
  path: string;
  maxUj: number;
  capW: number;
}

/** Where a zone names no limit: more than any socket draws, so that a real value is never rejected. */
const UNKNOWN_CAP_W = 500;
/** Control type, package, sub-zone. */
const DEPTH_MAX = 3;
const zoneFolder = /^intel-rapl(-mmio)?(:\d+)*$/;

const readOr = (path: string) => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

/** Zones as they lie under the root: flat links (/sys/class/powercap) or nested folders (a mounted /sys/devices/…). */
function walk(root: string, depth: number, found: Map<string, string>): Map<string, string> {
  let names: string[] = [];
  try {
    names = readdirSync(root).filter((name) => zoneFolder.test(name));
  } catch {
    return found;
  }
  for (const name of names.sort()) {
    const path = join(root, name);
    let real = path;
    try {
      real = realpathSync(path);
    } catch {
      continue;
    }
    if (found.has(real)) continue;
    found.set(real, name);
    if (depth > 1) walk(real, depth - 1, found);
  }
  return found;
}

/** The highest of the limits (long term, short term, peak): turbo goes beyond the long one for a while. */
function capOf(path: string): number {
  const microwatts = [0, 1, 2].map((index) => Number(readOr(`${path}/constraint_${index}_max_power_uw`) || 0));
  const watts = Math.max(...microwatts) / 1e6;
  return watts > 0 ? watts : UNKNOWN_CAP_W;
}

function scopeOf(name: string): ZoneFolder['scope'] | null {
  if (name.startsWith('package-')) return 'cpu';
  if (name === 'dram') return 'dram';
  // psys covers the whole platform, so it is never added to the others. Core and uncore lie inside the package.
  return name === 'psys' ? 'platform' : null;
}

/** The package that a sub-zone belongs to, by the name of the folder one level up: `intel-rapl:0:2` -> `intel-rapl:0`. */
function keyOf(name: string, folder: string, names: ReadonlyMap<string, string>): string {
  const parent = folder.replace(/:\d+$/, '');
  const owner = names.get(parent);
  return name.startsWith('package-') || owner === undefined || owner === '' ? name : `${owner}/${name}`;
}

/** The dies of an AMD package show the same counter (Threadripper 1950X: 68 W on each, 125 W at the wall): one counts. */
function isMirror(key: string, vendor: string): boolean {
  return vendor === 'AuthenticAMD' && /-die-[1-9]\d*$/.test(key);
}

/**
 * All zones by their `name` file, never by index, the MSR tree before the MMIO tree that repeats it. `readable` decides
 * between two zones of the same name. On AMD only the package is trustworthy.
 */
export function findZones(root: string, vendor: string, readable: (path: string) => boolean): ZoneFolder[] {
  const folders = [...walk(root, DEPTH_MAX, new Map())].map(([path, folder]) => ({ path, folder }));
  const names = new Map(folders.map(({ path, folder }) => [folder, readOr(`${path}/name`)]));
  const zones = new Map<string, ZoneFolder>();
  const isMmio = (folder: string) => folder.startsWith('intel-rapl-mmio');
  folders.sort((a, b) => Number(isMmio(a.folder)) - Number(isMmio(b.folder)) || a.folder.localeCompare(b.folder));
  for (const { path, folder } of folders) {
    const name = names.get(folder) ?? '';
    const scope = scopeOf(name);
    const maxUj = Number(readOr(`${path}/max_energy_range_uj`));
    if (scope === null || !(maxUj > 0)) continue;
    if (vendor === 'AuthenticAMD' && scope !== 'cpu') continue;
    const key = keyOf(name, folder, names);
    const known = zones.get(key);
    if (isMirror(key, vendor) || (known && readable(known.path))) continue;
    zones.set(key, { key, scope, path, maxUj, capW: capOf(path) });
  }
  return [...zones.values()];
}

/** Is there a core counter under the root, with or without the package it should lie in? */
export function hasCoreZone(root: string): boolean {
  return [...walk(root, DEPTH_MAX, new Map()).keys()].some((path) => readOr(`${path}/name`) === 'core');
}

/** The long-term limit of the first package, W: what its maker calls TDP. Readable even where the energy is not. */
export function longTermWatts(root: string): number | null {
  const packages = [...walk(root, DEPTH_MAX, new Map()).keys()].filter(
    (path) => readOr(`${path}/name`) === 'package-0',
  );
  const [path] = packages.filter((each) => readOr(`${each}/constraint_0_name`) === 'long_term');
  const watts = path === undefined ? 0 : Number(readOr(`${path}/constraint_0_max_power_uw`)) / 1e6;
  return watts > 0 ? watts : null;
}

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '@ffrtmp/shared/energy/figure';
import type { Energy, Opened, Reading, Sensor } from '../sensor.ts';
import { type CounterFiles, counterFault, openCounters } from './counter-file.ts';
import { raplCause } from './rapl-cause.ts';
import { zoneEnergy } from './rapl-delta.ts';
import { isMirrored, noMirror, watchMirror } from './rapl-mirror.ts';
import { findZones, hasCoreZone, type ZoneFolder } from './rapl-zones.ts';

/** What decides how the counters of a machine are to be understood. */
export interface RaplMachine {
  vendor: string;
  virtual: boolean;
  wsl: boolean;
  container: boolean;
  sockets: number;
}

/** So many failed reads in a row mean that a zone is gone (driver reload, hot-unplug): look for what is there now. */
const LOOK_AGAIN_AFTER = 10;
/** Shorter intervals hold too few counter steps to compare two packages by. */
const MIRROR_SECONDS_MIN = 0.5;

const isFolder = (path: string) => {
  try {
    return readdirSync(path).length >= 0;
  } catch {
    return false;
  }
};

const counterOf = (zone: ZoneFolder) => join(zone.path, 'energy_uj');

interface RaplPart {
  method: string;
  find: () => ZoneFolder[];
  sockets: number;
}

/**
 * A sensor over some zones. A reading is the number of the tree it comes from (it rises when the zones were looked for
 * again) and then all counters; readings of two trees have a gap between them.
 */
function openZones({ method, find, sockets }: RaplPart): Sensor {
  let zones = find();
  let files: CounterFiles = openCounters(zones.map(counterOf));
  let tree = 0;
  let failed = 0;
  let fault: string | null = null;
  let mirror = noMirror;
  let mirrored = false;
  const scopes = (): Scope[] =>
    (['cpu', 'dram', 'platform'] as const).filter((scope) => zones.some((zone) => zone.scope === scope));
  const scope = scopes();
  const describe = () => {
    const note = mirrored ? '; the packages of this one socket show the same counter: one counts' : '';
    return `RAPL ${zones.map((zone) => zone.key).join(' + ')}${note}`.slice(0, 200);
  };
  let detail = describe();

  function lookAgain(): void {
    failed = 0;
    const found = find();
    if (found.length === 0) return;
    try {
      const opened = openCounters(found.map(counterOf));
      files.close();
      [files, zones, tree] = [opened, found, tree + 1];
      scope.splice(0, scope.length, ...scopes());
      detail = describe();
    } catch (error) {
      fault = (error as Error).message;
    }
  }

  const packages = () => zones.flatMap(({ scope: kind }, index) => (kind === 'cpu' ? [index] : []));

  function energiesOf(from: Reading, to: Reading, seconds: number): number[] | { gap: string } {
    if (from[0] !== to[0]) return { gap: 'the zones changed' };
    const energies: number[] = [];
    for (const [index, zone] of zones.entries()) {
      const energy = zoneEnergy(from[index + 1] ?? 0, to[index + 1] ?? 0, seconds, zone);
      // One bad zone makes a gap of all: the sum of the others would look like the whole.
      if ('gap' in energy) return { gap: `${zone.key} ${energy.gap}` };
      energies.push(energy.uj);
    }
    return energies;
  }

  const droppedZones = () => (mirrored ? packages().slice(1) : []);

  function between(from: Reading, to: Reading, seconds: number): Energy {
    const energies = energiesOf(from, to, seconds);
    if ('gap' in energies) return energies;
    const [first, second] = packages();
    if (sockets === 1 && first !== undefined && second !== undefined && seconds >= MIRROR_SECONDS_MIN) {
      mirror = watchMirror(mirror, energies[first] ?? 0, energies[second] ?? 0);
      if (!mirrored && isMirrored(mirror)) {
        mirrored = true;
        detail = describe();
      }
    }
    const dropped = droppedZones();
    return { uj: energies.reduce((sum, uj, index) => sum + (dropped.includes(index) ? 0 : uj), 0) };
  }

  return {
    ...{ method, scope, sharedBy: 'cpu', minSeconds: 0, fineSeconds: 1 },
    detail: () => detail,
    read: () => {
      try {
        const counters = files.read();
        [failed, fault] = [0, null];
        return [tree, ...counters];
      } catch (error) {
        fault = `a RAPL counter cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`;
        failed += 1;
        if (failed >= LOOK_AGAIN_AFTER) lookAgain();
        return null;
      }
    },
    between,
    zones(from, to, seconds) {
      const energies = energiesOf(from, to, seconds);
      if ('gap' in energies) return [];
      const dropped = droppedZones();
      const counted = zones.map(({ key, scope: kind }, index) => ({
        zone: key,
        scope: kind,
        uj: energies[index] ?? 0,
      }));
      return counted.filter((_, index) => !dropped.includes(index));
    },
    fault: () => fault,
    close: () => files.close(),
  };
}

/**
 * Opens the counters of all packages with their memory, and apart from them the platform's: it covers the others and is
 * never added to them. `root` is a setting (default /sys/class/powercap), because containers mask the usual place.
 */
export function openRapl(root: string, machine: RaplMachine): { rapl: Opened; platform: Sensor | null } {
  const readable = (path: string) => counterFault(path) === null;
  const find = (wanted: (zone: ZoneFolder) => boolean) =>
    findZones(root, machine.vendor, (path) => readable(join(path, 'energy_uj'))).filter(wanted);
  const counted = find((zone) => zone.scope !== 'platform');
  const packages = counted.filter((zone) => zone.scope === 'cpu');
  const codes = packages.map((zone) => counterFault(counterOf(zone)));
  const code = codes.find((why) => why !== null) ?? null;
  if (packages.length === 0 || code !== null) {
    const coreOnly = machine.vendor === 'AuthenticAMD' && hasCoreZone(root);
    return {
      rapl: { ok: false, cause: raplCause({ code, folder: isFolder(root), coreOnly, ...machine }) },
      platform: null,
    };
  }
  const open = (method: string, wanted: (zone: ZoneFolder) => boolean) => {
    const findReadable = () => {
      const zones = find(wanted);
      // A package that is there and cannot be read would be missing from a sum that looks whole.
      const partial = zones.some((zone) => zone.scope === 'cpu' && !readable(counterOf(zone)));
      return partial ? [] : zones.filter((zone) => readable(counterOf(zone)));
    };
    return openZones({ method, sockets: machine.sockets, find: findReadable });
  };
  const psys = (zone: ZoneFolder) => zone.scope === 'platform';
  const platform = find((zone) => psys(zone) && readable(counterOf(zone)));
  return {
    rapl: { ok: true, sensor: open('rapl', (zone) => !psys(zone)) },
    platform: platform.length > 0 ? open('rapl-psys', psys) : null,
  };
}

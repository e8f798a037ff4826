import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { type ZoneEnergy, zoneEnergy } from './rapl-delta.ts';
import { findZones, type ZoneFolder } from './rapl-zones.ts';

/** All counters at one moment, in the order of `zones`; null when any could not be read, which is a gap and never 0. */
export type Reading = readonly number[] | null;

export interface Rapl {
  zones: ZoneFolder[];
  /** True when the machine has a platform zone; it covers the others and is never added to them. */
  hasPlatform: boolean;
  read(): Reading;
  close(): void;
}

export type OpenedRapl = { ok: true; rapl: Rapl } | { ok: false; reason: string };

/** A counter is at most 20 digits and a line end. */
const COUNTER_BYTES = 32;

function readCounter(fd: number, buffer: Buffer): number {
  const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, COUNTER_BYTES, 0)).trim();
  const value = Number(text);
  if (text === '' || !Number.isFinite(value)) throw new Error(`not a counter: ${text}`);
  return value;
}

function tryCounter(path: string): string | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    readCounter(fd, Buffer.alloc(COUNTER_BYTES));
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** Why there is nothing to read and how to mend it, as `ffrtmp doctor` prints it. Pure. */
export function raplReason(found: { code: string | null; folder: boolean; virtual: boolean; vendor: string }): string {
  if (found.code === 'EACCES' || found.code === 'EPERM')
    return 'RAPL counters are readable by root only (CVE-2020-8694); run the agent as root, or let its group read them: chgrp ffrtmp /sys/class/powercap/*/energy_uj && chmod g+r /sys/class/powercap/*/energy_uj';
  if (found.code !== null) return `RAPL counters exist but cannot be read (${found.code}); see dmesg | grep -i rapl`;
  if (found.virtual)
    return 'this is a virtual machine, and the host shows it no RAPL counters; measure on the host or calibrate';
  if (found.folder)
    return 'the powercap tree is empty: inside a container it is masked; mount /sys/devices/virtual/powercap read-only at another path and set it as the powercap root; on bare metal: modprobe intel_rapl_msr';
  if (found.vendor === 'ARM') return 'this ARM CPU has no RAPL counters; an external meter or calibration would help';
  return 'the kernel shows no powercap tree; try: modprobe intel_rapl_msr (AMD Zen needs Linux 5.8 or newer)';
}

const isFolder = (path: string) => {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
};

function holdOpen(zones: ZoneFolder[], hasPlatform: boolean): Rapl {
  const fds = zones.map((zone) => openSync(`${zone.path}/energy_uj`, 'r'));
  const buffer = Buffer.alloc(COUNTER_BYTES);
  return {
    zones,
    hasPlatform,
    // pread on a held file costs 1.4-2 us a zone (measured), so all zones are read back to back.
    read: () => {
      try {
        return fds.map((fd) => readCounter(fd, buffer));
      } catch {
        return null;
      }
    },
    close: () => {
      for (const fd of fds.splice(0)) closeSync(fd);
    },
  };
}

/** Opens the counters of packages and memory under a powercap root (default /sys/class/powercap; a setting). */
export function openRapl(root: string, cpu: { vendor: string; virtual: boolean }): OpenedRapl {
  const failure = (path: string) => tryCounter(`${path}/energy_uj`);
  const all = findZones(root, cpu.vendor, (path) => failure(path) === null);
  const counted = all.filter((zone) => zone.scope !== 'platform');
  const readable = counted.filter((zone) => failure(zone.path) === null);
  if (!readable.some((zone) => zone.scope === 'cpu')) {
    const code = counted.map((zone) => failure(zone.path)).find((why) => why !== null) ?? null;
    return { ok: false, reason: raplReason({ code, folder: isFolder(root), ...cpu }) };
  }
  return { ok: true, rapl: holdOpen(readable, all.length > counted.length) };
}

/** Microjoules of all zones between two good readings, or why they are not known: one bad zone makes a gap of all. */
export function energyBetween(
  rapl: Pick<Rapl, 'zones'>,
  prev: readonly number[],
  cur: readonly number[],
  seconds: number,
): ZoneEnergy {
  let uj = 0;
  for (const [index, zone] of rapl.zones.entries()) {
    const energy = zoneEnergy(prev[index] ?? 0, cur[index] ?? 0, seconds, zone);
    if ('gap' in energy) return energy;
    uj += energy.uj;
  }
  return { uj };
}

import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const idleSchema = z.object({
  /** What was measured: other zones or another GPU need a new measurement. */
  detail: z.string(),
  watts: z.number().min(0),
  measured_at: z.iso.datetime(),
  /** Of the CPU package then; null where nothing shows it. */
  temperature_c: z.number().nullable(),
});
export type MeasuredIdle = z.infer<typeof idleSchema>;
const fileSchema = z.record(z.string(), idleSchema);

/** The measured idle draw of each sensor, kept in the data directory so that a restart does not forget it. */
export interface IdleStore {
  /** Fresh enough to use, or why not, as a remark for people. */
  get: (method: string, detail: string) => { watts: number | null; remark: string };
  learnt: (method: string, detail: string, watts: number) => void;
}

export interface IdleStoreParts {
  /** null = nothing is kept. */
  dataDir: string | null;
  maxAgeMs: number;
  /** Wall clock: an age must survive a restart. */
  now: () => number;
  temperature: () => number | null;
}

const fileIn = (dataDir: string) => join(dataDir, 'idle.json');
/** A quiet agent learns every minute; the disk need not hear of it each time. */
const WRITE_EVERY_MS = 600_000;

function load(dataDir: string | null): Map<string, MeasuredIdle> {
  if (dataDir === null) return new Map();
  try {
    return new Map(Object.entries(fileSchema.parse(JSON.parse(readFileSync(fileIn(dataDir), 'utf8')))));
  } catch {
    // None yet, or damaged: it is measured again as soon as the node is quiet.
    return new Map();
  }
}

/** `40 min`, `3 h`, `2 d`. */
export function ageText(ms: number): string {
  const minutes = Math.max(0, Math.round(ms / 60_000));
  if (minutes < 120) return `${minutes} min`;
  return minutes < 2880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1440)} d`;
}

export function createIdleStore({ dataDir, maxAgeMs, now, temperature }: IdleStoreParts): IdleStore {
  const known = load(dataDir);
  const writtenAt = new Map<string, number>();

  function write(): void {
    if (dataDir === null) return;
    const path = fileIn(dataDir);
    try {
      writeFileSync(`${path}.new`, `${JSON.stringify(Object.fromEntries(known), null, 2)}\n`, { mode: 0o600 });
      renameSync(`${path}.new`, path);
    } catch {
      // A full disk costs the memory of a restart, and no job.
    }
  }

  return {
    get(method, detail) {
      const idle = known.get(method);
      if (!idle || idle.detail !== detail) return { watts: null, remark: 'no measured idle draw of this node' };
      const age = now() - Date.parse(idle.measured_at);
      const draw = `idle ${idle.watts.toFixed(1)} W`;
      // A measurement from the future means that the clock was wrong then or is now: its age is not known.
      if (age < 0 || age > maxAgeMs)
        return {
          watts: null,
          remark: `${draw} was measured ${age < 0 ? 'in the future' : `${ageText(age)} ago`}: stale`,
        };
      return { watts: idle.watts, remark: `${draw}, measured ${ageText(age)} ago` };
    },
    learnt(method, detail, watts) {
      const at = now();
      known.set(method, { detail, watts, measured_at: new Date(at).toISOString(), temperature_c: temperature() });
      const last = writtenAt.get(method);
      if (last !== undefined && at - last < WRITE_EVERY_MS && at >= last) return;
      writtenAt.set(method, at);
      write();
    },
  };
}

/** Temperature of the CPU package, C; null where the kernel shows none. */
export function packageTemperature(sys: string): number | null {
  const root = join(sys, 'class/thermal');
  try {
    const zones = readdirSync(root).filter((name) => name.startsWith('thermal_zone'));
    const found = zones.find((name) => /x86_pkg_temp|cpu/i.test(readFileSync(join(root, name, 'type'), 'utf8')));
    if (found === undefined) return null;
    const milli = Number(readFileSync(join(root, found, 'temp'), 'utf8'));
    return Number.isFinite(milli) ? milli / 1000 : null;
  } catch {
    return null;
  }
}

/** What a data directory remembers, for doctor. */
export const rememberedIdle = (dataDir: string): ReadonlyMap<string, MeasuredIdle> => load(dataDir);

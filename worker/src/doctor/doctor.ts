import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { delay, systemTimers } from '@ffrtmp/runtime/clock';
import { defaultDataDir } from '@ffrtmp/runtime/data-dir';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { type Check, type Diagnosis, worstOf } from '@ffrtmp/shared/node/diagnosis';
import { version } from '@ffrtmp/shared/version';
import { loadCredential } from '../agent/credential.ts';
import { findMaster } from '../agent/join.ts';
import type { AgentConfig } from '../config.ts';
import { detectHardware } from '../hardware/detect.ts';
import { openPower, rootsOf } from '../machine.ts';
import { rememberedIdle } from '../power/idle-store.ts';
import type { PowerSources } from '../power/sources.ts';
import { engineChecks } from './engine.ts';
import { cgroupCheck, diskCheck } from './host.ts';
import { masterChecks } from './master.ts';
import { type Look, powerChecks } from './power.ts';

/** Long enough for every sensor to move: counters refresh within 0.1 s, meters are asked once a second. */
const LOOK_MS = 2000;

async function lookAtSensors({ sensors }: PowerSources, waitMs: number): Promise<Look[]> {
  // A meter has only been asked a moment ago: its first answer needs the first half.
  await delay(systemTimers, waitMs / 2);
  const startMs = performance.now();
  const before = sensors.map((sensor) => sensor.read());
  await delay(systemTimers, waitMs / 2);
  const seconds = (performance.now() - startMs) / 1000;
  return sensors.map((sensor, index) => {
    const [from, to] = [before[index] ?? null, sensor.read()];
    const energy = from && to ? sensor.between(from, to, seconds) : { gap: sensor.fault() ?? 'no reading' };
    return { sensor, energy, seconds };
  });
}

export interface DoctorParts {
  config: AgentConfig;
  dataDir: string;
  localMasterDir: string;
  searchPath: string;
  signal: AbortSignal;
  lookMs?: number;
}

/** Looks at everything an agent on this machine needs. Changes nothing. */
export async function diagnose(parts: DoctorParts): Promise<Diagnosis> {
  const { config, dataDir, signal, searchPath } = parts;
  const hardware = await detectHardware(rootsOf(config));
  const sources = await openPower(config, hardware, { dataDir });
  const looks = await lookAtSensors(sources, parts.lookMs ?? LOOK_MS);
  const idle = rememberedIdle(dataDir);
  const power = powerChecks({ sources, looks, idle, idleMaxAgeMs: config.idleMaxAge, nowMs: Date.now() });
  sources.close();
  const programs = { ffmpeg: config.ffmpeg, ffprobe: config.ffprobe, vmaf: config.vmaf, searchPath };
  const joined = loadCredential(dataDir) !== undefined;
  const said: string[] = [];
  const find = () => findMaster({ ...parts, say: (text) => void said.push(text) });
  const checks: Check[] = [
    ...power,
    ...(await engineChecks(programs, signal)),
    diskCheck(dataDir),
    cgroupCheck(rootsOf(config), hardware),
    ...(await masterChecks(find, joined)),
  ];
  return { version, status: worstOf(checks), checks };
}

/** `bin/agent doctor`: prints what it found as JSON; exit 9 when the agent could not work like this. */
export async function runDoctor(config: AgentConfig, env: NodeJS.ProcessEnv): Promise<void> {
  const dataDir = resolve(config.dataDir ?? defaultDataDir('agent', env));
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const stopped = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.abort());
  const localMasterDir = defaultDataDir('master', env);
  const searchPath = env.PATH ?? '/usr/bin:/bin';
  const diagnosis = await diagnose({ config, dataDir, localMasterDir, searchPath, signal: stopped.signal });
  process.stdout.write(`${JSON.stringify(diagnosis, null, 2)}\n`);
  if (diagnosis.status !== 'problem') return;
  const wrong = diagnosis.checks.filter(({ status }) => status === 'problem').map(({ name }) => name);
  throw new FfrtmpError('unfit_machine', `an agent cannot work here yet: ${wrong.join(', ')}`);
}

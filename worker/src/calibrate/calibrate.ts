import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { delay, systemTimers } from '@ffrtmp/runtime/clock';
import { defaultDataDir } from '@ffrtmp/runtime/data-dir';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { type Profile, profileSchema } from '@ffrtmp/shared/energy/profile';
import { lockDataDir } from '../agent/lock.ts';
import type { AgentConfig } from '../config.ts';
import { detectHardware } from '../hardware/detect.ts';
import { openPower, rootsOf } from '../machine.ts';
import { machineBusySeconds } from '../power/process-tree.ts';
import type { Sensor } from '../power/sensor.ts';
import type { PowerSources } from '../power/sources.ts';
import { startLoad } from './load.ts';
import { calibrate } from './steps.ts';

/** Sensors that can teach a model: those of the CPU or of the whole machine that follow a step of seconds. */
const references = ['meter', 'hwmon', 'rapl'];

function referenceOf({ sensors, causes }: PowerSources): Sensor {
  const sensor = sensors.find(({ method }) => references.includes(method));
  if (sensor) return sensor;
  const why = causes.get('rapl');
  throw new FfrtmpError(
    'missing_sensor',
    `calibration needs RAPL counters or an external meter as its reference, and there is neither: ${why?.text ?? 'no counters'}; ${why?.fix ?? 'poll a plug with --meter-url'}`,
  );
}

function save(path: string, profile: Profile): void {
  writeFileSync(`${path}.new`, `${JSON.stringify(profile, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** `bin/agent calibrate`: a minute or three of our own load against a sensor; prints the profile and keeps it. */
export async function runCalibrate(config: AgentConfig, env: NodeJS.ProcessEnv): Promise<void> {
  const dataDir = resolve(config.dataDir ?? defaultDataDir('agent', env));
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // An agent at work would be measured along with the load.
  const lock = lockDataDir(dataDir);
  const stopped = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => stopped.abort(new FfrtmpError('interrupted', 'interrupted')));
  const hardware = await detectHardware(rootsOf(config));
  const sources = await openPower(config, hardware, { dataDir });
  try {
    const sensor = referenceOf(sources);
    const load = startLoad(sources.threads);
    try {
      const measured = await calibrate({
        ...{ sensor, threads: sources.threads, stepMs: config.calibrateStep, setLoad: load.set },
        busyS: () => machineBusySeconds(config.procRoot),
        clock: () => performance.now(),
        wait: (ms) => delay(systemTimers, ms, stopped.signal),
        say: (text) => void process.stderr.write(`${text}\n`),
      });
      const { method, scope } = sensor;
      const profile = profileSchema.parse({
        ...{ version: 1, made_at: new Date().toISOString(), cpu_model: hardware.cpu.name, threads: sources.threads },
        ...{ reference: { method, scope, detail: sensor.detail() }, ...measured },
      });
      save(config.powerProfile ?? join(dataDir, 'power-profile.json'), profile);
      process.stdout.write(`${JSON.stringify(profile, null, 2)}\n`);
    } finally {
      await load.stop();
    }
  } finally {
    sources.close();
    lock.close();
  }
}

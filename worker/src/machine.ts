import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentConfig } from './config.ts';
import type { Hardware, Roots } from './hardware/detect.ts';
import { lookAround } from './hardware/surroundings.ts';
import { createIdleStore, packageTemperature } from './power/idle-store.ts';
import { createLedger } from './power/ledger.ts';
import { machineThreads } from './power/process-tree.ts';
import { createSampler, type Sampler } from './power/sampler.ts';
import { openPowerSources, type PowerSources } from './power/sources.ts';

/** The kernel's trees as this agent is told to find them. */
export const rootsOf = (config: AgentConfig): Roots => ({
  proc: config.procRoot,
  sys: config.sysRoot,
  cgroup: config.cgroupRoot,
});

/** Where the profile is: as named, or the one that `calibrate` left in the data directory. */
export function profilePath(config: AgentConfig, dataDir: string): string | null {
  if (config.powerProfile !== undefined) return config.powerProfile;
  const own = join(dataDir, 'power-profile.json');
  return existsSync(own) ? own : null;
}

/** Opens the power sources of this machine as the configuration has them. */
export function openPower(
  config: AgentConfig,
  hardware: Hardware,
  rest: { dataDir: string; gpuSessions?: number },
): Promise<PowerSources> {
  const { meterUrl: url, meterPath: path, meterUnit: unit, powerInterval: intervalMs } = config;
  const around = lookAround(rootsOf(config));
  return openPowerSources({
    ...around,
    cpu: hardware.cpu,
    nvidia: around.nvidia || hardware.gpus.some(({ vendor }) => vendor === 'nvidia'),
    threads: machineThreads(config.procRoot),
    ramGb: hardware.ram_bytes / 1e9,
    tdpW: config.cpuTdp ?? null,
    powercapRoot: config.powercapRoot,
    sysRoot: config.sysRoot,
    profile: profilePath(config, rest.dataDir),
    hwmon: config.hwmon,
    nvmlLibrary: config.nvml,
    nvidiaSmi: config.nvidiaSmi,
    // A plug is asked once a second at most, whatever the sampling rate.
    meter: url === undefined ? null : { url, path, unit, intervalMs: Math.max(1000, intervalMs) },
    ...(rest.gpuSessions === undefined ? {} : { gpuSessions: rest.gpuSessions }),
  });
}

/** The sampler over them, which keeps what it learns in the data directory. */
export function openSampler(config: AgentConfig, sources: PowerSources, dataDir: string): Sampler {
  const now = () => Date.now();
  const temperature = () => packageTemperature(config.sysRoot);
  return createSampler({
    sources,
    intervalMs: config.powerInterval,
    roots: rootsOf(config),
    idle: createIdleStore({ dataDir, maxAgeMs: config.idleMaxAge, now, temperature }),
    ledger: createLedger({ now, run: crypto.randomUUID() }),
  });
}

import type { Cause } from '../sensor.ts';
import { type AsyncCall, bindStats, type GpuStats } from './nvml-stats.ts';

/** A device handle of the library, opaque. */
type Device = object;

/** Load of one process on one GPU, in per cent of each engine, at a time stamp of the driver (us). */
export interface ProcessLoad {
  pid: number;
  atUs: number;
  sm: number;
  enc: number;
  dec: number;
}

/** What of libnvidia-ml is used here. A call that fails gives null, and `failure` its words. */
export interface Nvml {
  devices: readonly Device[];
  name: (device: Device) => string;
  /** Is it cut into instances (MIG)? Its power is of the whole card then. */
  sliced: (device: Device) => boolean;
  /** mJ since the driver was loaded; null where the GPU (older than Volta) or the library has no counter. */
  energyMj: ((device: Device) => number | null) | null;
  powerMw: (device: Device) => number | null;
  processLoads: ((device: Device, sinceUs: number) => ProcessLoad[] | null) | null;
  /** Everything a GPU says of itself, asked on another thread. */
  stats: (device: Device) => Promise<GpuStats>;
  failure: () => string;
  /** Shuts the driver's side down and opens it again, after it went away. false = it is still away. */
  reopen: () => boolean;
  close: () => void;
}

export type LoadedNvml = { ok: true; nvml: Nvml } | { ok: false; cause: Cause };

const SUCCESS = 0;
const INSUFFICIENT_SIZE = 7;
/** What the driver answers when no process used the GPU since the time asked for. */
const NOT_FOUND = 6;
const GPUS_MAX = 64;
/** Room for processes that start between the question for their number and the question for them. */
const SPARE_PROCESSES = 8;

/** nvmlProcessUtilizationSample_t: pid (4 + 4 padding), time stamp (8), sm, mem, enc, dec (4 each). */
const SAMPLE = { bytes: 32, pid: 0, at: 8, sm: 16, enc: 24, dec: 28 } as const;

const missing = (text: string): LoadedNvml => ({
  ok: false,
  cause: {
    cause: 'nvidia-driver',
    text,
    fix: 'install the NVIDIA driver with its libnvidia-ml.so.1; in a container start it with --gpus all and NVIDIA_DRIVER_CAPABILITIES=compute,utility,video',
  },
});

type Call = ((...values: unknown[]) => number) & AsyncCall;
type Declare = (signature: string) => Call | null;

function parseSamples(buffer: Buffer, count: number): ProcessLoad[] {
  const loads: ProcessLoad[] = [];
  for (let at = 0; at < count * SAMPLE.bytes; at += SAMPLE.bytes) {
    const pid = buffer.readUInt32LE(at + SAMPLE.pid);
    // The driver fills what it has no process for with zeroes.
    if (pid === 0) continue;
    const atUs = Number(buffer.readBigUInt64LE(at + SAMPLE.at));
    const [sm, enc, dec] = [SAMPLE.sm, SAMPLE.enc, SAMPLE.dec].map((offset) => buffer.readUInt32LE(at + offset));
    loads.push({ pid, atUs, sm: sm ?? 0, enc: enc ?? 0, dec: dec ?? 0 });
  }
  return loads;
}

function bind(declare: Declare, text: (code: number) => string): Nvml | string {
  const init = declare('int nvmlInit_v2()');
  const shutdown = declare('int nvmlShutdown()');
  const count = declare('int nvmlDeviceGetCount_v2(_Out_ unsigned int *count)');
  const handle = declare('int nvmlDeviceGetHandleByIndex_v2(unsigned int index, _Out_ void **device)');
  const power = declare('int nvmlDeviceGetPowerUsage(void *device, _Out_ unsigned int *mw)');
  if (!init || !shutdown || !count || !handle || !power)
    return 'this libnvidia-ml lacks functions that every driver has';
  const mig = declare('int nvmlDeviceGetMigMode(void *device, _Out_ unsigned int *now, _Out_ unsigned int *next)');
  const energy = declare('int nvmlDeviceGetTotalEnergyConsumption(void *device, _Out_ uint64_t *mj)');
  const nameOf = declare('int nvmlDeviceGetName(void *device, void *name, unsigned int length)');
  const loads = declare(
    'int nvmlDeviceGetProcessUtilization(void *device, void *samples, _Inout_ unsigned int *count, uint64_t since)',
  );
  let failure = '';
  const failed = (what: string, code: number) => {
    failure = `${what}: ${text(code)} (NVML error ${code})`;
    return null;
  };
  const number = (what: string, call: Call, device: Device): number | null => {
    const out: unknown[] = [0];
    const code = call(device, out);
    // 64-bit values arrive as numbers while they are safe integers, then as bigint.
    return code === SUCCESS ? Number(out[0]) : failed(what, code);
  };
  const devices: Device[] = [];
  function open(): boolean {
    const started = init?.() ?? -1;
    if (started !== SUCCESS) return failed('init', started) !== null;
    const found: unknown[] = [0];
    const counted = count?.(found) ?? -1;
    if (counted !== SUCCESS) return failed('device count', counted) !== null;
    devices.splice(0);
    for (let index = 0; index < Math.min(GPUS_MAX, Number(found[0])); index += 1) {
      const out: unknown[] = [null];
      const code = handle?.(index, out) ?? -1;
      if (code !== SUCCESS) return failed(`GPU ${index}`, code) !== null;
      devices.push(out[0] as Device);
    }
    return true;
  }
  if (!open()) return failure;

  function loadsOf(device: Device, sinceUs: number): ProcessLoad[] | null {
    const room: number[] = [0];
    const asked = loads?.(device, null, room, sinceUs) ?? -1;
    if (asked === NOT_FOUND || (asked === SUCCESS && room[0] === 0)) return [];
    if (asked !== SUCCESS && asked !== INSUFFICIENT_SIZE) return failed('process utilisation', asked);
    const size = [(room[0] ?? 0) + SPARE_PROCESSES];
    const buffer = Buffer.alloc((size[0] ?? 0) * SAMPLE.bytes);
    const code = loads?.(device, buffer, size, sinceUs) ?? -1;
    if (code === NOT_FOUND) return [];
    return code === SUCCESS ? parseSamples(buffer, size[0] ?? 0) : failed('process utilisation', code);
  }

  const stats = bindStats(declare);

  return {
    devices,
    name(device) {
      const buffer = Buffer.alloc(96);
      const code = nameOf?.(device, buffer, buffer.length) ?? -1;
      return code === SUCCESS ? buffer.toString('utf8').replace(/\0.*$/s, '') : 'NVIDIA GPU';
    },
    sliced(device) {
      const [now, next] = [[0], [0]];
      return (mig?.(device, now, next) ?? -1) === SUCCESS && now[0] === 1;
    },
    energyMj: energy && ((device) => number('energy', energy, device)),
    powerMw: (device) => number('power', power, device),
    processLoads: loads && loadsOf,
    stats: stats.read,
    failure: () => failure,
    reopen() {
      // Another thread may hold a handle that would be gone.
      if (stats.asking()) return false;
      shutdown();
      return open();
    },
    close: () => void shutdown(),
  };
}

/** Loads the library by name or path, through the optional package koffi. Every failure is a cause with its fix. */
export async function loadNvml(library: string): Promise<LoadedNvml> {
  const koffi = await import('koffi').then(
    (loaded) => loaded.default,
    () => null,
  );
  if (!koffi) return missing('the package koffi is not installed for this machine, so libnvidia-ml cannot be called');
  let lib: ReturnType<typeof koffi.load>;
  try {
    lib = koffi.load(library);
  } catch {
    return missing(`there is no ${library}: no NVIDIA driver, or it is hidden from this container`);
  }
  const declare: Declare = (signature) => {
    try {
      return lib.func(signature) as unknown as Call;
    } catch {
      // Older drivers lack newer functions; what depends on them falls back.
      return null;
    }
  };
  let words: ((code: number) => string) | null = null;
  try {
    words = lib.func('const char *nvmlErrorString(int code)') as unknown as (code: number) => string;
  } catch {
    words = null;
  }
  const bound = bind(declare, (code) => words?.(code) ?? 'failed');
  if (typeof bound !== 'string') return { ok: true, nvml: bound };
  return missing(bound);
}

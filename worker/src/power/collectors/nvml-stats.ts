/** What one GPU says of itself; null where its kind or its driver does not tell. */
export interface GpuStats {
  name: string | null;
  uuid: string | null;
  /** Since the driver was loaded. */
  energyJ: number | null;
  powerW: number | null;
  temperatureC: number | null;
  memoryBytes: number | null;
  memoryUsedBytes: number | null;
  /** Share of time each engine was busy, 0 to 1. */
  busy: Readonly<Record<GpuEngine, number | null>>;
  encoderSessions: number | null;
}

export const gpuEngines = ['sm', 'memory', 'encoder', 'decoder'] as const;
export type GpuEngine = (typeof gpuEngines)[number];

type Callback = (error: Error | null, code: number) => void;
/** A function of the library, called on another thread: a driver in trouble may take seconds to answer. */
export type AsyncCall = { async: (...values: unknown[]) => void };
type Declare = (signature: string) => AsyncCall | null;

const SUCCESS = 0;
/** nvmlTemperatureSensors_t: the die. */
const TEMPERATURE_GPU = 0;
/** The longest of the library's texts, with its end. */
const TEXT_BYTES = 96;

const ask = (call: AsyncCall | null, ...values: unknown[]): Promise<boolean> =>
  new Promise((resolve) => {
    const answered: Callback = (error, code) => resolve(error === null && code === SUCCESS);
    if (call) call.async(...values, answered);
    else resolve(false);
  });

const percent = (value: number | null) => (value === null ? null : value / 100);
const part = (value: number | null, divisor: number) => (value === null ? null : value / divisor);

/** Asks the library beside the sampling. */
export interface StatsReader {
  read: (device: object) => Promise<GpuStats>;
  /** Is a question under way? Its thread holds the handle of a device. */
  asking: () => boolean;
}

/** Declares what a reader needs; older drivers lack some of it. */
export function bindStats(declare: Declare): StatsReader {
  const number = (name: string, type: string) => {
    const call = declare(`int ${name}(void *device, _Out_ ${type} *value)`);
    return async (device: object): Promise<number | null> => {
      const out: unknown[] = [0];
      return (await ask(call, device, out)) ? Number(out[0]) : null;
    };
  };
  const energy = number('nvmlDeviceGetTotalEnergyConsumption', 'uint64_t');
  const power = number('nvmlDeviceGetPowerUsage', 'unsigned int');
  const temperatureOf = declare('int nvmlDeviceGetTemperature(void *device, int sensor, _Out_ unsigned int *value)');
  const memoryOf = declare('int nvmlDeviceGetMemoryInfo(void *device, void *memory)');
  const ratesOf = declare('int nvmlDeviceGetUtilizationRates(void *device, void *rates)');
  const [encoder, decoder] = ['Encoder', 'Decoder'].map((engine) => {
    const signature = `int nvmlDeviceGet${engine}Utilization(void *device, _Out_ unsigned int *value, _Out_ unsigned int *us)`;
    const call = declare(signature);
    return async (device: object): Promise<number | null> => {
      const out: unknown[] = [0];
      return (await ask(call, device, out, [0])) ? percent(Number(out[0])) : null;
    };
  });
  const sessionsOf = declare(
    'int nvmlDeviceGetEncoderStats(void *device, _Out_ unsigned int *sessions, _Out_ unsigned int *fps, _Out_ unsigned int *us)',
  );

  const [nameOf, uuidOf] = ['Name', 'UUID'].map((what) => {
    const call = declare(`int nvmlDeviceGet${what}(void *device, void *text, unsigned int length)`);
    return async (device: object): Promise<string | null> => {
      const buffer = Buffer.alloc(TEXT_BYTES);
      return (await ask(call, device, buffer, TEXT_BYTES)) ? buffer.toString('utf8').replace(/\0.*$/s, '') : null;
    };
  });

  async function memory(device: object): Promise<[total: number | null, used: number | null]> {
    // nvmlMemory_t: total, free and used, 8 bytes each.
    const buffer = Buffer.alloc(24);
    if (!(await ask(memoryOf, device, buffer))) return [null, null];
    return [Number(buffer.readBigUInt64LE(0)), Number(buffer.readBigUInt64LE(16))];
  }

  async function rates(device: object): Promise<[sm: number | null, memory: number | null]> {
    // nvmlUtilization_t: cores and memory, in per cent, 4 bytes each.
    const buffer = Buffer.alloc(8);
    if (!(await ask(ratesOf, device, buffer))) return [null, null];
    return [percent(buffer.readUInt32LE(0)), percent(buffer.readUInt32LE(4))];
  }

  async function read(device: object): Promise<GpuStats> {
    const temperature: unknown[] = [0];
    const temperatureKnown = await ask(temperatureOf, device, TEMPERATURE_GPU, temperature);
    const sessions: unknown[] = [0];
    const sessionsKnown = await ask(sessionsOf, device, sessions, [0], [0]);
    const [memoryBytes, memoryUsedBytes] = await memory(device);
    const [sm, memoryBusy] = await rates(device);
    return {
      name: (await nameOf?.(device)) ?? null,
      uuid: (await uuidOf?.(device)) ?? null,
      energyJ: part(await energy(device), 1000),
      powerW: part(await power(device), 1000),
      temperatureC: temperatureKnown ? Number(temperature[0]) : null,
      ...{ memoryBytes, memoryUsedBytes },
      busy: {
        ...{ sm, memory: memoryBusy },
        encoder: (await encoder?.(device)) ?? null,
        decoder: (await decoder?.(device)) ?? null,
      },
      encoderSessions: sessionsKnown ? Number(sessions[0]) : null,
    };
  }

  let asked = 0;
  return {
    async read(device) {
      asked += 1;
      try {
        return await read(device);
      } finally {
        asked -= 1;
      }
    },
    asking: () => asked > 0,
  };
}

import type { PowerSource } from '@ffrtmp/shared/node/capabilities';
import { openBattery } from './collectors/battery.ts';
import { type ChipRules, knownChips, openHwmon } from './collectors/hwmon.ts';
import { type MeterSettings, openMeter } from './collectors/meter.ts';
import { openNvidiaSmi } from './collectors/nvidia-smi.ts';
import { openNvml } from './collectors/nvml.ts';
import { openRapl } from './collectors/rapl.ts';
import { longTermWatts } from './collectors/rapl-zones.ts';
import { chooseModel, type ModelFacts } from './models/choose.ts';
import type { Model } from './models/model.ts';
import { loadProfile } from './models/profile.ts';
import type { Cause, Opened, Sensor } from './sensor.ts';

/** What energy figures are made from on this machine: the sensors, best first, and a model always. */
export interface PowerSources {
  sensors: readonly Sensor[];
  model: Model;
  /** Hardware threads of the whole machine: what an attempt reserves is its share of these. */
  threads: number;
  /** Encodes the GPUs may run at once: a GPU attempt reserves one of them. */
  gpuSessions: number;
  /** Why a source gives nothing, by its name. */
  causes: ReadonlyMap<string, Cause>;
  /** Of the first figures that attempts get. */
  method: string;
  /** For `capabilities.power_sources`: what works, and why the rest does not. */
  describe(): PowerSource[];
  close(): void;
}

/** Where to look and what is known of the machine. Only `cpu` is needed; the rest is for recorded trees and settings. */
export interface PowerSettings {
  cpu: ModelFacts['cpu'];
  powercapRoot?: string;
  sysRoot?: string;
  threads?: number;
  sockets?: number;
  ramGb?: number;
  tdpW?: number | null;
  cloud?: ModelFacts['cloud'];
  wsl?: boolean;
  container?: boolean;
  nvidia?: boolean;
  gpuSessions?: number;
  /** null = none. */
  profile?: string | null;
  /** Own rules for board sensors, beside those known. */
  hwmon?: ChipRules;
  meter?: Omit<MeterSettings, 'clock'> | null;
  nvmlLibrary?: string;
  nvidiaSmi?: string;
  /** Monotonic, in ms. */
  clock?: () => number;
}

const monotonicMs = () => performance.now();

/** A library that is named by its path is meant, whatever the PCI bus shows. */
const wantsNvidia = ({ nvidia = false, nvmlLibrary = '' }: PowerSettings) => nvidia || nvmlLibrary.startsWith('/');

async function openGpu(settings: PowerSettings): Promise<Opened | null> {
  if (!wantsNvidia(settings)) return null;
  const { nvmlLibrary = 'libnvidia-ml.so.1', nvidiaSmi = 'nvidia-smi', clock = monotonicMs } = settings;
  const nvml = await openNvml(nvmlLibrary);
  if (nvml.ok) return nvml;
  const smi = await openNvidiaSmi(nvidiaSmi, clock);
  return smi.ok ? smi : nvml;
}

/** Opens every sensor there is, the better ones first; what a better one covers already is left out. */
async function openSensors(settings: PowerSettings, causes: Map<string, Cause>): Promise<Sensor[]> {
  const { powercapRoot = '/sys/class/powercap', sysRoot = '/sys', cpu, clock = monotonicMs } = settings;
  const { wsl = false, container = false, sockets = 1 } = settings;
  const sensors: Sensor[] = [];
  const keep = (name: string, opened: Opened): Sensor | null => {
    if (opened.ok) return opened.sensor;
    causes.set(name, opened.cause);
    return null;
  };
  const meter = settings.meter ? keep('meter', openMeter({ ...settings.meter, clock })) : null;
  const board = keep('hwmon', openHwmon(sysRoot, { ...knownChips, ...settings.hwmon }));
  const { vendor, virtual } = cpu;
  const { rapl: opened, platform } = openRapl(powercapRoot, { vendor, virtual, wsl, container, sockets });
  const rapl = keep('rapl', opened);
  const gpu = await openGpu(settings);
  const nvml = gpu && keep('nvidia', gpu);
  const wide = board !== null && board.scope[0] !== 'cpu';
  if (meter) sensors.push(meter);
  if (board && wide) sensors.push(board);
  if (rapl) sensors.push(rapl);
  if (platform) sensors.push(platform);
  if (board && !wide && !rapl) sensors.push(board);
  else if (board && !wide) board.close();
  const battery = sensors.length === 0 ? keep('battery', openBattery(sysRoot)) : null;
  if (battery) sensors.push(battery);
  if (nvml) sensors.push(nvml);
  return sensors;
}

/** Opens every source once, at the start of the agent. `cpu` is what `detectHardware` found. */
export async function openPowerSources(settings: PowerSettings): Promise<PowerSources> {
  const causes = new Map<string, Cause>();
  const { cpu, threads = 1, sockets = 1, ramGb = 0, cloud = null } = settings;
  const loaded = settings.profile ? loadProfile(settings.profile, cpu.name) : null;
  if (loaded && !loaded.ok) causes.set('profile', loaded.cause);
  const tdpW = settings.tdpW ?? longTermWatts(settings.powercapRoot ?? '/sys/class/powercap');
  const profile = loaded?.ok ? loaded.profile : null;
  const model = chooseModel({ cpu, threads, sockets, ramGb, tdpW, cloud, profile });
  const sensors = await openSensors(settings, causes);
  const main = sensors.find((sensor) => sensor.sharedBy === 'cpu');
  const why = causes.get('rapl');
  return {
    ...{ sensors, model, threads, causes, gpuSessions: settings.gpuSessions ?? 1 },
    method: main?.method ?? model.method,
    describe: () => [
      ...sensors.map((sensor) => ({
        ...{ method: sensor.method, quality: 'measured' as const, scope: [...sensor.scope] },
        detail: sensor.detail().slice(0, 400),
      })),
      {
        ...{ method: model.method, quality: model.quality, scope: [...model.scope] },
        detail: `${main || !why ? '' : `no sensor: ${why.text}; ${why.fix ?? ''}. `}${model.source}`.slice(0, 400),
      },
    ],
    close: () => {
      for (const sensor of sensors) sensor.close();
    },
  };
}

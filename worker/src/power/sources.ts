import type { Scope } from '@ffrtmp/shared/energy/figure';
import type { PowerSource } from '@ffrtmp/shared/node/capabilities';
import { type CpuIdentity, type ThreadWatts, threadWatts } from './collectors/cpu-watts.ts';
import { estimateMethod, estimateSource } from './collectors/estimate.ts';
import { openRapl, type Rapl } from './collectors/rapl.ts';

/** What energy figures are made from on this machine: the sensor where there is one, and the estimate always. */
export interface PowerSources {
  rapl: Rapl | null;
  watts: ThreadWatts;
  /** Of the figures that attempts get. */
  method: string;
  /** For `capabilities.power_sources`: what works, and why the rest does not. */
  describe(): PowerSource[];
  close(): void;
}

export function raplScope(rapl: Pick<Rapl, 'zones'>): Scope[] {
  return (['cpu', 'dram'] as const).filter((scope) => rapl.zones.some((zone) => zone.scope === scope));
}

export function raplDetail(rapl: Pick<Rapl, 'zones' | 'hasPlatform'>): string {
  const platform = rapl.hasPlatform ? '; psys is there too and never added' : '';
  return `RAPL ${rapl.zones.map((zone) => zone.key).join(' + ')}${platform}`.slice(0, 300);
}

/**
 * Opens every source once, at the start of the agent. `powercapRoot` is a setting, because containers mask the usual one
 * even for root; `cpu` is what `detectHardware` found.
 */
export function openPowerSources(from: {
  powercapRoot?: string;
  cpu: CpuIdentity & { virtual: boolean };
}): PowerSources {
  const { powercapRoot = '/sys/class/powercap', cpu } = from;
  const watts = threadWatts(cpu);
  const opened = openRapl(powercapRoot, cpu);
  const rapl = opened.ok ? opened.rapl : null;
  const estimate: PowerSource = {
    method: estimateMethod(watts),
    quality: 'estimated',
    scope: ['wall'],
    detail: `${opened.ok ? '' : `no sensor: ${opened.reason}. `}${estimateSource(watts)}`.slice(0, 400),
  };
  return {
    rapl,
    watts,
    method: rapl ? 'rapl' : estimate.method,
    describe: () => {
      if (!rapl) return [estimate];
      return [{ method: 'rapl', quality: 'measured', scope: raplScope(rapl), detail: raplDetail(rapl) }, estimate];
    },
    close: () => rapl?.close(),
  };
}

import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { ThreadWatts } from './cpu-watts.ts';

/** What an attempt used, as far as an estimate needs it. */
export interface Usage {
  /** CPU time of its processes; null when it never could be read. */
  cpuSeconds: number | null;
  reservedThreads: number;
  seconds: number;
}

/** Half-widths of about 90 % (research/energy.md 4.3): a known generation, and any CPU at all. */
const KNOWN_HALF_WIDTH = 0.5;
const GENERIC_HALF_WIDTH = 1.5;

export function estimateMethod(watts: ThreadWatts): string {
  return watts.servers > 0 ? 'spec-thread-median' : 'generic-thread';
}

/** Where the numbers of an estimate come from, for people. */
export function estimateSource({ generation, idleW, fullW, servers }: ThreadWatts): string {
  const whose =
    servers > 0 ? `${generation}, median of ${servers} servers` : 'median over 14 server generations, CPU unknown';
  return `SPECpower results to 2026-03, ${whose}: ${idleW.toFixed(2)} W idle, ${fullW.toFixed(2)} W full a thread`;
}

/**
 * Energy by a published model: active = CPU seconds x what a busy thread draws above an idle one; full = active + the idle
 * draw of the reserved threads for the whole time. The watts are whole-machine watts, so no memory is added. Pure.
 */
export function estimateFigures(usage: Usage, watts: ThreadWatts): Figure[] {
  const { cpuSeconds } = usage;
  const common = { unit: 'J', scope: ['wall'], method: estimateMethod(watts) } as const;
  const halfWidth = watts.servers > 0 ? KNOWN_HALF_WIDTH : GENERIC_HALF_WIDTH;
  const figure = (name: 'energy_active' | 'energy_full', value: number): Figure => ({
    ...common,
    name,
    scope: [...common.scope],
    value,
    quality: 'estimated',
    coverage: 1,
    low: Math.max(0, value * (1 - halfWidth)),
    high: value * (1 + halfWidth),
    source: estimateSource(watts),
  });
  if (cpuSeconds === null) {
    const source = 'the CPU time of the process could not be read';
    const none = { value: null, quality: 'none', coverage: 0, low: null, high: null, source } as const;
    return (['energy_active', 'energy_full'] as const).map((name) => ({ ...common, ...none, name, scope: ['wall'] }));
  }
  const active = cpuSeconds * (watts.fullW - watts.idleW);
  const idle = watts.idleW * usage.reservedThreads * usage.seconds;
  return [figure('energy_active', active), figure('energy_full', active + idle)];
}

import type { Figure, Scope } from '@ffrtmp/shared/energy/figure';
import type { Share } from './attribute.ts';
import type { Model } from './models/model.ts';

/** With more foreign load than this the shares no longer say who used the energy (research/energy.md 1.5). */
const FOREIGN_SHARE_MAX = 0.1;
/** Two opinions of one sensor that differ by more are flagged (research/energy.md 2). */
const DISAGREEMENT_MAX = 0.1;

/** What stands behind the figures of one sensor. */
export interface SensorFacts {
  method: string;
  scope: Scope[];
  detail: string;
  unit: 'CPU time' | 'load on the GPU';
  /** `idle 41.2 W, measured 2 h ago`, or why there is none. */
  idle: string;
  fineSeconds: number;
}

const J = (uj: number) => uj / 1e6;

function company(share: Share, unit: string): string {
  const total = share.use + share.othersUse;
  const foreign = total > 0 ? Math.round((100 * share.othersUse) / total) : 0;
  return `${share.shared ? 'shared with others by ' : ''}${share.shared ? `${unit}; ` : ''}others had ${foreign} % of the ${unit}`;
}

function secondOpinion({ firstUj, secondUj, coveredS }: Share, fineSeconds: number): string[] {
  if (coveredS < fineSeconds || firstUj === 0) return [];
  const off = Math.abs(secondUj - firstUj) / firstUj;
  if (secondUj === 0 || off <= DISAGREEMENT_MAX) return [];
  return [
    `integrated power says ${J(secondUj).toFixed(1)} J and the counter ${J(firstUj).toFixed(1)} J, ${Math.round(off * 100)} % apart`,
  ];
}

/**
 * The figures of an attempt from a sensor. `measured` when nothing else ran to speak of, else `attributed`; the bounds
 * say what it may have been had a second of others weighed four times as much, or a quarter. Pure.
 */
export function sensorFigures(share: Share, facts: SensorFacts): Figure[] {
  const foreign = share.othersUse > FOREIGN_SHARE_MAX * (share.use + share.othersUse);
  const quality = share.shared || foreign ? 'attributed' : 'measured';
  const coverage = share.windowS > 0 ? Math.min(1, share.coveredS / share.windowS) : 0;
  const remarks = [facts.detail, facts.idle];
  if (share.windowS < facts.fineSeconds) remarks.push('low-resolution: the attempt was short for this sensor');
  remarks.push(...secondOpinion(share, facts.fineSeconds), company(share, facts.unit));
  if (share.gap !== null && coverage < 1) remarks.push(`gaps: ${share.gap}`);
  const source = remarks.join('; ').slice(0, 400);
  const common = { unit: 'J', scope: facts.scope, method: facts.method, source } as const;
  const full: Figure = {
    ...common,
    ...{ name: 'energy_full', quality, coverage },
    ...{ value: J(share.fullUj), low: J(share.fullLowUj), high: J(share.fullHighUj) },
  };
  if (share.idleUnknownS > 0) {
    const partly = share.idleUnknownS < share.coveredS;
    const why = partly ? 'the idle draw of this node was known for a part of the attempt only' : facts.idle;
    const nothing = { value: null, low: null, high: null, quality: 'none', coverage: 0 } as const;
    return [{ ...common, ...nothing, name: 'energy_active', source: why }, full];
  }
  const bounds = { value: J(share.activeUj), low: J(share.activeLowUj), high: J(share.activeHighUj) };
  return [{ ...common, ...bounds, name: 'energy_active', quality, coverage }, full];
}

/** The figures of an attempt from a model: its CPU time above idle, and the idle draw of what it reserved. Pure. */
export function modelFigures(share: Share, model: Model, cpuKnown: boolean): Figure[] {
  const { method, scope, halfWidth } = model;
  const common = { unit: 'J' as const, scope: [...scope], method };
  if (!cpuKnown) {
    const source = 'the CPU time of the process could not be read';
    const none = { value: null, quality: 'none', coverage: 0, low: null, high: null, source } as const;
    return (['energy_active', 'energy_full'] as const).map((name) => ({ ...common, ...none, name }));
  }
  const figure = (name: 'energy_active' | 'energy_full', uj: number): Figure => ({
    ...common,
    name,
    value: J(uj),
    quality: model.quality,
    coverage: 1,
    low: Math.max(0, J(uj) * (1 - halfWidth)),
    high: J(uj) * (1 + halfWidth),
    source: model.source,
  });
  return [figure('energy_active', share.activeUj), figure('energy_full', share.fullUj)];
}

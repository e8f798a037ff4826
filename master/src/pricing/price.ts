import { type Figure, isCarbon, isCost } from '@ffrtmp/shared/energy/figure';
import type { Pue } from '@ffrtmp/shared/energy/pue';
import { totalEnergy } from '@ffrtmp/shared/energy/total';
import type { NodeType } from '@ffrtmp/shared/node/classification';
import { embodiedGrams, embodiedOf, LIFE_HOURS } from './embodied.ts';
import type { Intensity } from './intensity.ts';
import type { PricedNode, Tariff } from './tariff.ts';

const J_PER_KWH = 3.6e6;
const HOUR_MS = 3_600_000;

interface Time {
  from: number;
  to: number;
}

/** What pricing knows of an attempt that has ended. */
export interface EndedWork {
  figures: readonly Figure[];
  time: Time;
  /** Null: the node is gone. */
  node: (PricedNode & { type: NodeType; threads: number; reservedThreads: number }) | null;
}

/** What a kilowatt hour, an hour of a node and a kilogram of it are worth here. */
export interface Rates {
  tariff: Tariff | null;
  pue: Pue;
  intensityOver: (time: Time) => Intensity;
  embodiedKg: number | undefined;
}

type Values = Pick<Figure, 'value' | 'low' | 'high'>;
type Described = Omit<Figure, keyof Values>;

const none = (described: Described, source: string): Figure => ({
  ...described,
  ...{ value: null, low: null, high: null, quality: 'none', coverage: 0, source: source.slice(0, 400) },
});

/** An absurd energy, as 1e308 J, has no price; and a bound beyond every number is no bound. */
function figureOf(described: Described, { value, low, high }: Values): Figure {
  if (value === null || !Number.isFinite(value)) return none(described, 'the energy figure is absurd');
  const bound = (limit: number | null) => (limit !== null && Number.isFinite(limit) ? limit : null);
  return { ...described, value, low: bound(low), high: bound(high), source: described.source.slice(0, 400) };
}

const SPREAD = 'energy_full of the attempt, spread evenly over its time';

/** The attempt's one energy, or why there is none. */
type Energy = NonNullable<ReturnType<typeof totalEnergy>> | string;

const energyOf = ({ figures }: EndedWork): Energy =>
  totalEnergy(figures, 'energy_full') ??
  `no energy figure: ${figures.find(({ name }) => name === 'energy_full')?.source ?? 'nothing is known of its energy'}`;

/** Energy at so much a kilowatt hour at the site. */
function byEnergy(
  energy: Energy,
  perKwh: number,
  described: Pick<Figure, 'name' | 'unit' | 'method' | 'source'>,
): Figure {
  if (typeof energy === 'string') return none({ ...described, scope: [], quality: 'none', coverage: 0 }, energy);
  const { scope, quality, coverage, value, low, high } = energy;
  const priced = (joules: number | null) => (joules === null ? null : (joules / J_PER_KWH) * perKwh);
  const source = `${described.source}; ${SPREAD}`;
  return figureOf(
    { ...described, scope, quality, coverage, source },
    { value: priced(value), low: priced(low), high: priced(high) },
  );
}

function energyCost(energy: Energy, time: Time, tariff: Tariff, pue: Pue): Figure {
  const { value, windows } = tariff.priceOver(time);
  const mean = windows.length > 1 ? `, mean of ${windows.length} windows` : '';
  const clock = windows.some((one) => one > 0) ? `, ${tariff.timeZone}` : '';
  const price = `${Number(value.toPrecision(6))} ${tariff.currency}/kWh${mean}${clock}`;
  const described = { name: 'cost_energy', unit: tariff.currency, method: 'tariff' } as const;
  return byEnergy(energy, value * pue.value, { ...described, source: `tariff ${tariff.name}: ${price}; ${pue.text}` });
}

/** The share of the node that was reserved: ISO/IEC 21031 counts what is reserved, and so does whoever rents a node. */
const reserved = (node: NonNullable<EndedWork['node']>) =>
  Math.min(1, node.reservedThreads / Math.max(1, node.threads));
const threads = (node: NonNullable<EndedWork['node']>) => `${node.reservedThreads} of ${node.threads} threads`;
const hoursOf = ({ from, to }: Time) => Math.max(0, to - from) / HOUR_MS;

const timed = { scope: [], coverage: 1 } as const;
const exactly = (value: number): Values => ({ value, low: value, high: value });

function nodeCost({ time, node }: EndedWork, tariff: Tariff): Figure[] {
  const rate = tariff.nodeRate(node);
  if (!rate) return [];
  const described = { ...timed, name: 'cost_node', unit: tariff.currency, method: 'node-hours' } as const;
  const text = `tariff ${tariff.name}: ${rate.perHour} ${tariff.currency} a node hour (${rate.by})`;
  if (!node)
    return [
      none(
        { ...described, scope: [], quality: 'none', source: '' },
        `${text}; the node is gone, its share is not known`,
      ),
    ];
  const quality = 'measured' as const;
  const source = `${text}; time x ${threads(node)}`;
  return [
    figureOf({ ...described, scope: [], quality, source }, exactly(hoursOf(time) * rate.perHour * reserved(node))),
  ];
}

function embodied({ time, node }: EndedWork, configuredKg: number | undefined): Figure {
  const described = {
    ...timed,
    name: 'carbon_embodied',
    unit: 'gCO2e',
    method: 'embodied',
    quality: 'estimated',
  } as const;
  if (!node) return none({ ...described, scope: [], source: '' }, 'the node is gone: its kind is not known');
  const { kg, lowKg, text } = embodiedOf(node, configuredKg);
  const grams = (of: number) => embodiedGrams(of, hoursOf(time) * 3600, reserved(node));
  const source = `${text}, over ${LIFE_HOURS} h of life; time x ${threads(node)}`;
  // Nobody has published how far such a default may be off: an upper bound would be invented.
  return figureOf(
    { ...described, scope: [], source },
    { value: grams(kg), low: lowKg === null ? null : grams(lowKg), high: null },
  );
}

/**
 * What an attempt came to, as figures of their own beside what is known of it. The label and the bounds of the energy
 * are those of its cost and its carbon; without a tariff there is no cost figure. Pure.
 */
export function priceAttempt(work: EndedWork, { tariff, pue, intensityOver, embodiedKg }: Rates): Figure[] {
  const [energy, intensity] = [energyOf(work), intensityOver(work.time)];
  return [
    ...(tariff ? [energyCost(energy, work.time, tariff, pue), ...nodeCost(work, tariff)] : []),
    byEnergy(energy, intensity.gPerKwh * pue.value, {
      ...{ name: 'carbon_operational', unit: 'gCO2e', method: 'intensity' },
      source: `${intensity.text}; ${pue.text}`,
    }),
    embodied(work, embodiedKg),
  ];
}

/** The attempt's figures with its prices: prices come from the master alone, whatever an agent says. */
export const withPrices = (work: EndedWork, rates: Rates): Figure[] => {
  const figures = work.figures.filter((figure) => !isCost(figure) && !isCarbon(figure));
  return [...figures, ...priceAttempt({ ...work, figures }, rates)];
};

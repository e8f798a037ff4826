import { type Figure, type FigureName, isCarbon, isCost } from './figure.ts';
import { addUp, type Known, totalEnergy } from './total.ts';

/** What whole attempts came to under one name, and how many of them and how much of their time are in it. */
export interface Counted {
  /** Its coverage is `coveredS / seconds`. */
  figure: Known;
  attempts: number;
  /** Of their time. */
  seconds: number;
  /** Of that, what was covered. */
  coveredS: number;
}

/** Attempts, and their time, that a total is to be of. */
export interface Extent {
  attempts: number;
  seconds: number;
}

const energyNames = ['energy_active', 'energy_full'] as const;

/** An attempt's figures as parts of totals: one energy a name over disjoint scopes, and its prices. */
export function countFigures(figures: readonly Figure[], seconds: number): Counted[] {
  const energy = energyNames.map((name) => totalEnergy(figures, name)).filter((figure) => figure !== null);
  const prices = figures.filter((figure) => isCost(figure) || isCarbon(figure)).filter(isKnown);
  return [...energy, ...prices].map((figure) => counted(figure, { attempts: 1, seconds }, figure.coverage * seconds));
}

/** Coverage is measured time / attempt time; of no time nothing was measured. */
export const counted = (figure: Known, { attempts, seconds }: Extent, coveredS: number): Counted => ({
  figure: { ...figure, coverage: seconds > 0 ? Math.min(1, coveredS / seconds) : 0 },
  ...{ attempts, seconds, coveredS },
});

const isKnown = (figure: Figure): figure is Known => figure.value !== null;

const kindOf = ({ figure: { name, unit, quality, scope } }: Counted) =>
  [name, unit, quality, [...scope].sort().join()].join('/');

function merge(parts: readonly Counted[]): Counted[] {
  const figure = addUp(parts.map((part) => part.figure));
  if (!figure) return [];
  const sum = (of: (part: Counted) => number) => parts.reduce((total, part) => total + of(part), 0);
  const extent = { attempts: sum((part) => part.attempts), seconds: sum((part) => part.seconds) };
  return [
    counted(
      figure,
      extent,
      sum((part) => part.coveredS),
    ),
  ];
}

/** One a name, unit, quality and scope. */
export const sumCounted = (parts: readonly Counted[]): Counted[] =>
  [...Map.groupBy(parts, kindOf).values()].flatMap(merge);

/** All of one name and unit in one figure. What is missing lowers its coverage, takes away its upper bound, and is said. */
function totalOf(parts: readonly Counted[], whole: Extent): Figure[] {
  const [sum] = merge(parts);
  if (!sum) return [];
  const missing = whole.attempts - sum.attempts;
  if (missing <= 0) return [sum.figure];
  const part = whole.seconds > 0 ? Math.min(1, sum.seconds / whole.seconds) : sum.attempts / whole.attempts;
  const source = `${missing} of ${whole.attempts} attempts without a figure; ${sum.figure.source}`.slice(0, 400);
  return [{ ...sum.figure, high: null, coverage: sum.figure.coverage * part, source }];
}

/** Money or carbon as one sum: it covers no more than the least covered of its parts. */
function sumOf(name: FigureName, needs: readonly FigureName[], parts: readonly Figure[]): Figure[] {
  const known = parts.filter(isKnown);
  const sum = addUp(known);
  if (!sum || needs.some((one) => known.every((part) => part.name !== one))) return [];
  return [{ ...sum, name, method: 'sum', coverage: Math.min(...known.map(({ coverage }) => coverage)) }];
}

const totalNames = [...energyNames, 'cost_energy', 'cost_node', 'carbon_operational', 'carbon_embodied'] as const;
/** A rate of node hours may be none; without the energy, or the making of the machine, a sum would look whole and be half. */
const sums: readonly { name: FigureName; of: readonly FigureName[]; needs: readonly FigureName[] }[] = [
  { name: 'cost', of: ['cost_energy', 'cost_node'], needs: ['cost_energy'] },
  { name: 'carbon', of: ['carbon_operational', 'carbon_embodied'], needs: ['carbon_operational', 'carbon_embodied'] },
];

/** The totals of a receipt: one figure a name and unit over all attempts. Pure. */
export function totalsOf(parts: readonly Counted[], whole: Extent): Figure[] {
  const totals = totalNames.flatMap((name) => {
    const named = parts.filter((part) => part.figure.name === name);
    return [...Map.groupBy(named, (part) => part.figure.unit).values()].flatMap((same) => totalOf(same, whole));
  });
  const both = sums.flatMap(({ name, of, needs }) => {
    const named = totals.filter((figure) => of.includes(figure.name));
    return [...Map.groupBy(named, ({ unit }) => unit).values()].flatMap((same) => sumOf(name, needs, same));
  });
  return [...totals, ...both];
}

import { bothSources, type Figure, type FigureName, qualities, type Scope, weakest } from './figure.ts';

export type Known = Figure & { value: number };
type EnergyName = Extract<FigureName, 'energy_active' | 'energy_full'>;

/** What a scope holds: the wall plug everything, the platform processor and memory. */
const within: Readonly<Record<Scope, readonly Scope[]>> = {
  wall: ['wall', 'platform', 'cpu', 'dram', 'gpu'],
  platform: ['platform', 'cpu', 'dram', 'gpu'],
  cpu: ['cpu'],
  dram: ['dram'],
  gpu: ['gpu'],
};
/** RAPL's platform zone counts the processor's own supply: a graphics card has another and is added to it. */
const besideCard: readonly Scope[] = ['platform', 'cpu', 'dram'];

const domainsOf = ({ scope, method }: Figure): Set<Scope> => {
  const of = (one: Scope) => (one === 'platform' && method.startsWith('rapl') ? besideCard : within[one]);
  return new Set(scope.flatMap(of));
};

const isKnown = (figure: Figure): figure is Known => figure.value !== null;

/**
 * The figures of one attempt that together cover most of its machine and nothing twice: the wall plug before the
 * platform, the platform before processor, memory and GPU. The better label wins where two cover the same.
 */
export function coverOf(figures: readonly Figure[], name: EnergyName): Known[] {
  const known = figures.filter(isKnown).filter((figure) => figure.name === name && figure.scope.length > 0);
  if (known.length < 2) return known;
  const widest = known
    .map((figure) => ({ figure, domains: domainsOf(figure) }))
    .sort((a, b) => b.domains.size - a.domains.size || rankOf(a.figure) - rankOf(b.figure));
  const covered = new Set<Scope>();
  return widest.flatMap(({ figure, domains }) => {
    if ([...domains].some((domain) => covered.has(domain))) return [];
    for (const domain of domains) covered.add(domain);
    return [figure];
  });
}

const rankOf = ({ quality }: Figure) => qualities.indexOf(quality);

/** The energy of one attempt as one figure: disjoint scopes added, bounds too, the weakest label; null when nothing is known. */
export function totalEnergy(figures: readonly Figure[], name: EnergyName): Known | null {
  return addUp(coverOf(figures, name));
}

const plus = (a: number | null, b: number | null) => (a === null || b === null ? null : a + b);

/**
 * One figure from figures that cover different things or times: the weakest label, bounds added, coverage weighted by
 * value, the union of the scopes. Null without any. Who calls it knows that nothing is in two of them.
 */
export function addUp([first, ...rest]: readonly Known[]): Known | null {
  if (!first) return null;
  const sum = { ...first, scope: [...first.scope] };
  for (const figure of rest) add(sum, figure);
  return sum;
}

function add(sum: Known, figure: Known): void {
  const value = sum.value + figure.value;
  const weighted = sum.coverage * sum.value + figure.coverage * figure.value;
  sum.coverage = value > 0 ? weighted / value : Math.min(sum.coverage, figure.coverage);
  sum.value = value;
  sum.low = plus(sum.low, figure.low);
  sum.high = plus(sum.high, figure.high);
  sum.scope = [...new Set([...sum.scope, ...figure.scope])];
  sum.quality = weakest(sum.quality, figure.quality);
  if (sum.method !== figure.method) sum.method = 'mixed';
  sum.source = bothSources(sum.source, figure.source);
}

import type { Figure } from '@ffrtmp/shared/energy/figure';
import { type BdOptions, bdCost, type CostPoint, type Delta } from './bd.ts';

/** One encode: its energy with its label, J, and its quality, in dB or in points of VMAF. */
export interface EnergyPoint {
  energy: Figure;
  quality: number;
}

/** What of an energy must agree before two of them are compared. */
const labelOf = ({ name, scope, quality }: Figure) => `${name} of ${[...scope].sort().join('+')}, ${quality}`;

/** The same points without their labels; those whose energy nobody knows are left out. */
const known = (points: readonly EnergyPoint[]): CostPoint[] =>
  points.flatMap(({ energy, quality }) => (energy.value === null ? [] : [{ cost: energy.value, quality }]));

/**
 * What `test` uses more than `anchor` at equal quality, in percent (BD-energy). Energies of different scopes or labels
 * are refused: a measured joule of the processor is no estimated one of the wall. Pure.
 */
export function bdEnergy(anchor: readonly EnergyPoint[], test: readonly EnergyPoint[], options: BdOptions = {}): Delta {
  const [costs, others] = [known(anchor), known(test)];
  if (costs.length < anchor.length || others.length < test.length)
    return { value: null, reason: 'the energy of a point is not known' };
  const labels = new Set([...anchor, ...test].map(({ energy }) => labelOf(energy)));
  if (labels.size > 1) return { value: null, reason: `energies of different kinds: ${[...labels].join('; ')}` };
  return bdCost(costs, others, options);
}

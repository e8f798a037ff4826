import type { Extent } from './counted.ts';
import { type Figure, sumFigures } from './figure.ts';
import type { Priced } from './receipt.ts';

const known = (figures: readonly Figure[], name: Figure['name']) =>
  figures.filter((figure) => figure.name === name && figure.value !== null);

/** How much has a figure: of so many attempts so many. */
export interface Priceable extends Extent {
  priced: number;
}

const sentence = ({ attempts, priced }: Priceable, what: string) =>
  `${attempts - priced} of ${attempts} attempts have no figure of ${what}`;

/** The cost of some attempts. Without a tariff there is no figure, and that is said. */
export function costOf(figures: readonly Figure[], extent: Priceable): Priced {
  if (extent.attempts === 0) return { figures: [], reason: 'none: no attempt has ended' };
  if (figures.length === 0) return { figures: [], reason: 'none: no tariff is configured' };
  return {
    figures: sumFigures(figures),
    reason: extent.priced < extent.attempts ? sentence(extent, 'energy cost') : null,
  };
}

/** The carbon of some attempts. */
export function carbonOf(figures: readonly Figure[], extent: Priceable): Priced {
  if (extent.attempts === 0) return { figures: [], reason: 'none: no attempt has ended' };
  if (figures.length === 0) return { figures: [], reason: 'none: its attempts ended before carbon was worked out' };
  const reason = extent.priced < extent.attempts ? sentence(extent, 'operational carbon') : null;
  return { figures: sumFigures(figures), reason };
}

export const pricedIn = (lines: readonly { figures: readonly Figure[] }[], name: Figure['name']) =>
  lines.filter((line) => known(line.figures, name).length > 0).length;

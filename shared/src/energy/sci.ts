import { type Counted, type Extent, totalsOf } from './counted.ts';
import { type FigureName, weakest } from './figure.ts';
import type { Sci } from './receipt.ts';

const J_PER_KWH = 3.6e6;

/**
 * Software carbon intensity of some attempts (ISO/IEC 21031:2024): all of their operational and embodied carbon, also
 * what was wasted, over the minutes of output that came of them. Pure.
 */
export function sciOf(parts: readonly Counted[], whole: Extent, outputSeconds: number): Sci {
  const totals = totalsOf(parts, whole);
  const total = (name: FigureName) => totals.find((figure) => figure.name === name);
  const [energy, operational, embodied, carbon] = [
    ...[total('energy_full'), total('carbon_operational'), total('carbon_embodied'), total('carbon')],
  ];
  const output_minutes = outputSeconds > 0 ? outputSeconds / 60 : null;
  const perMinute = (grams: number | null | undefined) => quotient(grams, output_minutes);
  const value = perMinute(carbon?.value);
  const reason =
    reasonOf({ operational, embodied, output_minutes }) ?? (value === null ? 'its parts are absurd' : null);
  const energy_kwh = energy?.value ? energy.value / J_PER_KWH : null;
  // A quotient of sums over different attempts would be no intensity of anything.
  const alike = countOf(parts, 'energy_full') === countOf(parts, 'carbon_operational');
  const grams = operational?.value ?? null;
  return {
    value: reason === null ? value : null,
    low: reason === null ? perMinute(carbon?.low) : null,
    high: reason === null ? perMinute(carbon?.high) : null,
    quality: reason === null && operational && embodied ? weakest(operational.quality, embodied.quality) : 'none',
    energy_kwh,
    intensity_g_per_kwh: alike ? quotient(grams, energy_kwh) : null,
    operational_g: grams,
    embodied_g: embodied?.value ?? null,
    output_minutes,
    sources: [operational?.source, embodied?.source].filter((source) => source !== undefined),
    reason,
  };
}

/** Null where a part is not known, or so small that the quotient is no number: agents may report any energy. */
function quotient(dividend: number | null | undefined, divisor: number | null): number | null {
  const found = (dividend ?? Number.NaN) / (divisor ?? Number.NaN);
  return Number.isFinite(found) ? found : null;
}

const countOf = (parts: readonly Counted[], name: FigureName) =>
  parts.reduce((sum, { figure, attempts }) => sum + (figure.name === name ? attempts : 0), 0);

function reasonOf(known: { operational: unknown; embodied: unknown; output_minutes: number | null }): string | null {
  if (known.output_minutes === null) return 'there is no finished output whose length is known';
  if (known.operational === undefined) return 'no attempt has a figure of operational carbon';
  return known.embodied === undefined ? 'no attempt has a figure of embodied carbon' : null;
}

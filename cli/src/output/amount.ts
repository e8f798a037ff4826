import type { Figure } from '@ffrtmp/shared/energy/figure';
import { formatNumber } from './text.ts';

/** A unit that suits the size of the values shown in it, and how many of the figure's own make one of it. */
export interface Scale {
  unit: string;
  per: number;
  digits: number | null;
}

const JOULES_PER_WH = 3600;

/** Joules up to a watt-hour, then Wh and kWh, the units of meters and bills; grams up to a kilogram. */
export function scaleFor(unit: Figure['unit'], most: number): Scale {
  if (unit === 'J') {
    if (most < JOULES_PER_WH) return { unit: 'J', per: 1, digits: null };
    const kilo = most >= 1000 * JOULES_PER_WH;
    return { unit: kilo ? 'kWh' : 'Wh', per: JOULES_PER_WH * (kilo ? 1000 : 1), digits: null };
  }
  if (unit === 'gCO2e')
    return most < 1000 ? { unit, per: 1, digits: null } : { unit: 'kgCO2e', per: 1000, digits: null };
  if (unit === 'dB' || unit === 'points') return { unit, per: 1, digits: 2 };
  return unit === 'ratio' ? { unit: '', per: 1, digits: 4 } : { unit, per: 1, digits: null };
}

export const amountIn = (value: number, { per, digits }: Scale) =>
  digits === null ? formatNumber(value / per) : (value / per).toFixed(digits);

/** `12.3 Wh`, `0.0142 EUR`, `41.50 dB`: a value in the unit that suits it. `none` where there is none. */
export function figureAmount({ value, unit }: Figure): string {
  if (value === null) return 'none';
  const scale = scaleFor(unit, Math.abs(value));
  return `${amountIn(value, scale)} ${scale.unit}`.trimEnd();
}

interface Bounds {
  low: number | null;
  high: number | null;
}

/** `4.86 to 14.6`, `at least 4.86` where nobody knows an upper bound, '' where there is none at all. */
export function boundsText({ low, high }: Bounds, text: (value: number) => string): string {
  if (low !== null && high !== null) return `${text(low)} to ${text(high)}`;
  if (low !== null) return `at least ${text(low)}`;
  return high === null ? '' : `at most ${text(high)}`;
}

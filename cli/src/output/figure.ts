import type { Figure, FigureName } from '@ffrtmp/shared/energy/figure';
import { formatNumber, plain } from './text.ts';

/**
 * A figure with its label and its bounds: `12.3 J estimated (6.10–18.4)`. Without a value the reason stands there:
 * a missing sensor must never look like zero.
 */
export function figureText(figure: Figure): string {
  if (figure.value === null || figure.quality === 'none') return `none: ${plain(figure.source)}`;
  const unit = figure.unit === 'ratio' ? '' : ` ${figure.unit}`;
  const value = `${valueText(figure.value, figure.unit)}${unit}`;
  if (figure.unit !== 'J') return value;
  const bounds =
    figure.low === null || figure.high === null
      ? ''
      : ` (${valueText(figure.low, figure.unit)}–${valueText(figure.high, figure.unit)})`;
  return `${value} ${figure.quality}${bounds}`;
}

function valueText(value: number, unit: Figure['unit']): string {
  if (unit === 'dB') return value.toFixed(2);
  return unit === 'ratio' ? value.toFixed(4) : formatNumber(value);
}

/** The figures of one name; several stand side by side, because different scopes and labels never add up. */
export function figuresText(figures: readonly Figure[], name: FigureName): string {
  const named = figures.filter((figure) => figure.name === name);
  return named.length === 0 ? '–' : named.map(figureText).join(' + ');
}

/** `energy_active` over `cpu+dram`, by `spec-thread-median`: what stands behind a figure, for the long form. */
export function figureOrigin(figure: Figure): string {
  const scope = figure.scope.length > 0 ? `${figure.scope.join('+')}, ` : '';
  const coverage = figure.unit === 'J' ? `, ${Math.round(figure.coverage * 100)} % of the time covered` : '';
  return `${scope}${figure.method}${coverage}; ${plain(figure.source)}`;
}

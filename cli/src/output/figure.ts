import { type Figure, type FigureName, isCarbon, isCost, isEnergy } from '@ffrtmp/shared/energy/figure';
import { boundsText } from './amount.ts';
import { formatNumber, plain } from './text.ts';

/** What people call the figures. */
export const figureLabels: Readonly<Record<FigureName, string>> = {
  energy_active: 'active energy',
  energy_full: 'full energy',
  cost_energy: 'cost of energy',
  cost_node: 'cost of node-hours',
  cost: 'cost',
  carbon_operational: 'operational carbon',
  carbon_embodied: 'embodied carbon',
  carbon: 'carbon',
  psnr: 'PSNR',
  psnr_y: 'PSNR (luma)',
  ssim: 'SSIM',
  vmaf: 'VMAF',
};

/** Energy and what follows from it: only these carry bounds and the share of the time that was covered. */
const isUsed = (figure: Figure) => isEnergy(figure) || isCost(figure) || isCarbon(figure);

/**
 * A figure with its label and its bounds: `12.3 J estimated (6.10–18.4)`. Without a value the reason stands there:
 * a missing sensor must never look like zero.
 */
export function figureText(figure: Figure): string {
  if (figure.value === null || figure.quality === 'none') return `none: ${plain(figure.source)}`;
  const unit = figure.unit === 'ratio' ? '' : ` ${figure.unit}`;
  const value = `${valueText(figure.value, figure.unit)}${unit}`;
  if (!isUsed(figure)) return value;
  const { low, high } = figure;
  const text = (bound: number) => valueText(bound, figure.unit);
  const bounds = low === null || high === null ? boundsText(figure, text) : `${text(low)}–${text(high)}`;
  return `${value} ${figure.quality}${bounds && ` (${bounds})`}`;
}

function valueText(value: number, unit: Figure['unit']): string {
  if (unit === 'dB' || unit === 'points') return value.toFixed(2);
  return unit === 'ratio' ? value.toFixed(4) : formatNumber(value);
}

/** The figures of one name; several stand side by side, because different scopes and labels never add up. */
export function figuresText(figures: readonly Figure[], name: FigureName): string {
  const named = figures.filter((figure) => figure.name === name);
  return named.length === 0 ? '–' : named.map(figureText).join(' + ');
}

/** What the frames of a picture's figure came to; nothing for other figures. The mean is of frames, not the value. */
function framesText({ frames, unit }: Figure): string {
  if (!frames) return '';
  const [mean, p5, worst] = [frames.mean, frames.p5, frames.worst].map((value) => valueText(value, unit));
  return `frames: mean ${mean}, 5 % at ${p5} or below, worst ${worst} (frame ${frames.worst_frame}); `;
}

/** `energy_active` over `cpu+dram`, by `spec-thread-median`: what stands behind a figure, for the long form. */
export function figureOrigin(figure: Figure): string {
  const scope = figure.scope.length > 0 ? `${figure.scope.join('+')}, ` : '';
  const coverage = isEnergy(figure) ? `, ${Math.round(figure.coverage * 100)} % of the time covered` : '';
  return `${framesText(figure)}${scope}${figure.method}${coverage}; ${plain(figure.source)}`;
}

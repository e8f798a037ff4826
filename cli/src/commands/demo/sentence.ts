import type { Figure } from '@ffrtmp/shared/energy/figure';
import { addUp, coverOf } from '@ffrtmp/shared/energy/total';
import { formatNumber } from '../../output/text.ts';
import type { DemoResult } from './run.ts';

type Result = Pick<DemoResult, 'name' | 'bytes' | 'receipt'>;
type Valued = Result & { energy: Figure & { value: number } };

/** Below this the picture is the same for every eye and measure. */
const SAME_DB = 0.05;

/** One sentence on what the numbers say; figures of unlike scope or label are never ranked. Pure. */
export function demoSentence(results: readonly Result[]): string {
  const valued = results.map(withEnergy).filter((result) => result !== undefined);
  const missing = results.find((result) => withEnergy(result) === undefined);
  if (missing) return `The energies cannot be compared: ${missing.name} has no single active-energy figure.`;
  const kinds = new Set(valued.map(({ energy }) => `${energy.quality} (${[...energy.scope].sort().join('+')})`));
  if (kinds.size > 1) return `The energies cannot be compared: they are of unlike kinds, ${[...kinds].join(' and ')}.`;
  const [least, ...rest] = valued.sort((a, b) => a.energy.value - b.energy.value);
  if (!least) return '';
  const head = `${least.name} used the least active energy, ${formatNumber(least.energy.value)} J ${[...kinds][0]}`;
  const others = rest.map((other) => `${other.name} took ${factor(other, least)} for ${gain(other, least)}`);
  const caution = rest.some((other) => overlaps(other.energy, least.energy))
    ? ' Their bounds overlap: the order is likely, the factors are not proven.'
    : '';
  return `${[head, ...others].join('; ')}.${caution}`;
}

/** One energy of one label over disjoint scopes, or none. */
function withEnergy(result: Result): Valued | undefined {
  const cover = coverOf(result.receipt.energy, 'energy_active');
  const labels = new Set(cover.map(({ quality }) => quality));
  const energy = labels.size === 1 && !twoLabels(result.receipt.energy) ? addUp(cover) : null;
  return energy ? { ...result, energy } : undefined;
}

/** Attempts of one job may have been measured in two ways: then neither figure is the whole. */
function twoLabels(energy: readonly Figure[]): boolean {
  const active = energy.filter(({ name, value }) => name === 'energy_active' && value !== null);
  return new Set(active.map(({ scope }) => [...scope].sort().join())).size < active.length;
}

const factor = (other: Valued, least: Valued) =>
  least.energy.value > 0 ? `${(other.energy.value / least.energy.value).toFixed(2)} times as much` : 'more';

/** What the additional energy bought, or did not: picture and size against the cheapest encode. */
function gain(other: Result, least: Result): string {
  const [psnr, basePsnr] = [psnrOf(other), psnrOf(least)];
  const percent = Math.round((other.bytes / least.bytes - 1) * 100);
  const size =
    percent === 0 ? 'a file of the same size' : `a ${Math.abs(percent)} % ${percent < 0 ? 'smaller' : 'larger'} file`;
  if (psnr === undefined || basePsnr === undefined) return size;
  const db = psnr - basePsnr;
  if (Math.abs(db) < SAME_DB) return `the same PSNR and ${size}`;
  return `${Math.abs(db).toFixed(1)} dB ${db > 0 ? 'more' : 'less'} PSNR and ${size}`;
}

const psnrOf = (result: Result) => result.receipt.quality.find((figure) => figure.name === 'psnr')?.value ?? undefined;

function overlaps(a: Figure, b: Figure): boolean {
  if (a.low === null || a.high === null || b.low === null || b.high === null) return true;
  return a.low <= b.high && b.low <= a.high;
}

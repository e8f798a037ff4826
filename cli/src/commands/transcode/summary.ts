import { type FigureName, sumFigures } from '@ffrtmp/shared/energy/figure';
import { formatBytes } from '@ffrtmp/shared/media/units';
import { figureLabels, figuresText } from '../../output/figure.ts';
import { pace, resultLine } from '../../output/receipt.ts';
import { type Column, renderTable } from '../../output/table.ts';
import { formatSeconds } from '../../output/text.ts';
import type { FilmResult } from './film.ts';

/** The receipt of a whole `transcode`: a line a film, and the sums where there are several. */
export function summaryTable(results: readonly FilmResult[]): string {
  const figures = results.flatMap((result) => result.receipt?.quality ?? []);
  const shown = shownFigures.filter(({ name, needed }) =>
    figures.some((figure) => (needed ? figure.name === name && figure.value !== null : true)),
  );
  const columns: Column[] = [
    { head: 'FILM' },
    { head: 'STATE' },
    { head: 'IN', align: 'right' },
    { head: 'OUT', align: 'right' },
    { head: 'TIME', align: 'right' },
    { head: 'SPEED', align: 'right' },
    { head: 'ACTIVE ENERGY' },
    ...shown.map(({ name }) => ({ head: figureLabels[name] })),
  ];
  const rows = results.map((result) => cells(result, shown));
  const done = results.filter((result) => result.receipt !== undefined);
  if (done.length > 1) rows.push(totals(done));
  return renderTable(columns, rows);
}

/** Columns of the picture; VMAF only where some node measured it, for its reason is a sentence. */
const shownFigures: readonly { name: FigureName; needed: boolean }[] = [
  { name: 'psnr', needed: false },
  { name: 'ssim', needed: false },
  { name: 'vmaf', needed: true },
];

const size = (bytes: number | undefined) => (bytes === undefined ? '–' : formatBytes(bytes));

function cells(result: FilmResult, shown: typeof shownFigures): string[] {
  const { seconds, speed } = pace(result.receipt && resultLine(result.receipt));
  const figures = result.receipt?.quality ?? [];
  return [
    result.film.name,
    result.state,
    size(result.inputBytes),
    size(result.outputBytes),
    seconds === null ? '–' : formatSeconds(seconds),
    speed === null ? '–' : `${speed.toFixed(2)}x`,
    figuresText(result.receipt?.energy ?? [], 'energy_active'),
    ...shown.map(({ name }) => figuresText(figures, name)),
  ];
}

function totals(results: readonly FilmResult[]): string[] {
  const sum = (pick: (result: FilmResult) => number | null | undefined) =>
    results.reduce((total, result) => total + (pick(result) ?? 0), 0);
  const seconds = sum((result) => pace(result.receipt && resultLine(result.receipt)).seconds);
  const media = sum((result) => result.receipt && resultLine(result.receipt)?.metrics?.media_s);
  return [
    'total',
    `${results.length} completed`,
    formatBytes(sum((result) => result.inputBytes)),
    formatBytes(sum((result) => result.outputBytes)),
    formatSeconds(seconds),
    seconds > 0 && media > 0 ? `${(media / seconds).toFixed(2)}x` : '–',
    figuresText(sumFigures(results.flatMap((result) => result.receipt?.energy ?? [])), 'energy_active'),
  ];
}

import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Priced, Receipt, ReceiptLine, Sci } from '@ffrtmp/shared/energy/receipt';
import { formatBytes } from '@ffrtmp/shared/media/units';
import { boundsText } from './amount.ts';
import { figureLabels, figureOrigin, figuresText, figureText } from './figure.ts';
import { renderPairs, renderTable } from './table.ts';
import { formatNumber, formatSeconds, orDash, plain } from './text.ts';

/** The attempt that made the result, or undefined while there is none. */
export const resultLine = (receipt: Receipt): ReceiptLine | undefined =>
  receipt.lines.findLast((line) => line.task_kind === 'transcode' && !line.waste && line.state === 'succeeded');

/** Wall seconds of the engine and media seconds per second of the attempt that made the result. */
export function pace(line: ReceiptLine | undefined): { seconds: number | null; speed: number | null } {
  const seconds = line?.metrics?.duration ?? line?.seconds ?? null;
  const media = line?.metrics?.media_s ?? null;
  const speed = line?.metrics?.speed ?? (seconds && media ? media / seconds : null);
  return { seconds, speed };
}

export function receiptText(receipt: Receipt): string {
  const title = `receipt of job ${receipt.sequence_number}${receipt.name ? ` (${plain(receipt.name)})` : ''}: ${receipt.status}`;
  const open = receipt.complete ? '' : ', not complete yet';
  return [title + open, attemptTable(receipt.lines), sums(receipt)].filter((part) => part !== '').join('\n\n');
}

function attemptTable(lines: readonly ReceiptLine[]): string {
  if (lines.length === 0) return 'no attempts yet';
  return renderTable(
    [
      { head: 'TASK' },
      { head: 'ATTEMPT', align: 'right' },
      { head: 'NODE' },
      { head: 'STATE' },
      { head: 'TIME', align: 'right' },
      { head: 'SPEED', align: 'right' },
      { head: 'ACTIVE ENERGY' },
    ],
    lines.map((line) => {
      const { seconds, speed } = pace(line);
      return [
        line.task_kind,
        String(line.attempt),
        orDash(line.node_name),
        line.waste ? `${line.state}, wasted` : line.state,
        seconds === null ? '–' : formatSeconds(seconds),
        speed === null ? '–' : `${speed.toFixed(2)}x`,
        figuresText(line.figures, 'energy_active'),
      ];
    }),
  );
}

/** Each figure, and below it where it comes from, unless that is the same as for the figure before. */
function figurePairs(figures: readonly Figure[], suffix = ''): [string, string][] {
  return figures.flatMap((figure, index): [string, string][] => {
    const before = figures[index - 1];
    const origin = figureOrigin(figure);
    const known = figure.value === null || (before !== undefined && figureOrigin(before) === origin);
    const line: [string, string] = [figureLabels[figure.name] + suffix, figureText(figure)];
    return known ? [line] : [line, ['', origin]];
  });
}

/** Money or carbon: what is known, and why the rest is not. */
function priced(name: string, { figures, reason }: Priced): [string, string][] {
  const missing: [string, string][] =
    reason === null ? [] : [[name, `${figures.length === 0 ? 'none' : 'not all'}: ${reason}`]];
  return [...figurePairs(figures), ...missing];
}

function sciText({ value, low, high, quality, reason }: Sci): string {
  if (value === null) return `none: ${plain(reason ?? 'not known')}`;
  const bounds = boundsText({ low, high }, formatNumber);
  return `${formatNumber(value)} gCO2e a minute of output ${quality}${bounds && ` (${bounds})`}`;
}

/** The score to look at; the others are in JSON and on the page. */
function scorePair({ name, value, unit, quality, low, high, reason }: Receipt['scores'][number]): [string, string] {
  const bounds = boundsText({ low, high }, formatNumber);
  const shown = `${formatNumber(value ?? 0)} ${unit} ${quality}${bounds && ` (${bounds})`}`;
  return [name.replaceAll('_', ' '), value === null ? `none: ${plain(reason ?? 'not known')}` : shown];
}

function sums(receipt: Receipt): string {
  const perPixel = receipt.joules_per_megapixel_frame;
  return renderPairs([
    ...figurePairs(receipt.energy),
    ...figurePairs(receipt.energy_quality, ' of the comparison'),
    ...receipt.waste.flatMap(({ cause, energy }) => figurePairs(energy, ` wasted (${cause})`)),
    ['active energy per megapixel-frame', perPixel === null ? undefined : `${formatNumber(perPixel)} J`],
    ['wanted coverage reached', receipt.coverage_ok === null ? undefined : receipt.coverage_ok ? 'yes' : 'no'],
    ...figurePairs(receipt.quality),
    ...priced('cost', receipt.cost),
    ...priced('carbon', receipt.carbon),
    ['SCI', sciText(receipt.sci)],
    ...receipt.scores.filter((score) => score.chosen).map(scorePair),
    ...receipt.outputs.map((file): [string, string] => [
      file.role,
      `${plain(file.name ?? file.sha256)}, ${formatBytes(file.bytes)}`,
    ]),
  ]);
}

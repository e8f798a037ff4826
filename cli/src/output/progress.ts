import type { Progress } from '@ffrtmp/shared/job/job';
import { cut, pad } from './table.ts';
import { formatSeconds, plain } from './text.ts';

/** What one line of a progress display shows. `null` is unknown and left out. */
export interface ProgressRow {
  name: string;
  /** What happens now: `upload`, `waiting`, `encode`, `compare`, `download`, `completed`, `failed` ... */
  phase: string;
  percent: number | null;
  fps: number | null;
  speed: number | null;
  etaS: number | null;
  node: string | null;
  /** One sentence: why it waits, or how it failed. */
  note: string | null;
}

export const emptyRow = (name: string, phase: string): ProgressRow => ({
  name,
  phase,
  percent: null,
  fps: null,
  speed: null,
  etaS: null,
  node: null,
  note: null,
});

/** The row of a running job out of the progress its agent reports. */
export function progressRow(name: string, progress: Progress, node: string | null): ProgressRow {
  return {
    name,
    phase: progress.phase,
    percent: progress.percent,
    fps: progress.fps,
    speed: progress.speed,
    etaS: progress.eta_s,
    node,
    note: null,
  };
}

const BAR_CELLS = 20;
/** An encoder fills its buffers first: what it does in the first moments says nothing about the rest. */
const MIN_ETA_PERCENT = 3;
const NAME_CELLS = 28;

export function bar(percent: number | null, unicode: boolean): string {
  const full = Math.round(((percent ?? 0) / 100) * BAR_CELLS);
  const [done, open] = unicode ? ['█', '░'] : ['#', '-'];
  return done.repeat(full) + open.repeat(BAR_CELLS - full);
}

const restText = (seconds: number) => (seconds < 60 ? `${Math.ceil(seconds)} s` : formatSeconds(seconds));

function facts(row: ProgressRow): string[] {
  return [
    row.fps ? `${row.fps.toFixed(row.fps < 10 ? 1 : 0)} fps` : '',
    row.speed ? `${row.speed.toFixed(2)}x` : '',
    row.etaS === null || (row.percent ?? 0) < MIN_ETA_PERCENT || row.percent === 100
      ? ''
      : `${restText(row.etaS)} left`,
    row.node === null ? '' : `on ${plain(row.node)}`,
    row.note === null ? '' : plain(row.note),
  ].filter((text) => text !== '');
}

/** One line of the terminal display: `x264 medium  ██████░░░░  61 %  encode  48 fps  1.60x  3 s left  on demo-1`. */
export function barLine(row: ProgressRow, settings: { nameCells: number; columns: number; unicode: boolean }): string {
  const percent = row.percent === null ? '    ' : `${String(Math.floor(row.percent)).padStart(3)}%`;
  const parts = [
    pad(cut(plain(row.name), settings.nameCells), settings.nameCells),
    bar(row.percent, settings.unicode),
    percent,
    pad(row.phase, 9),
    ...facts(row),
  ];
  return cut(parts.join('  ').trimEnd(), settings.columns - 1);
}

/** One line of a log: `x264 medium: encode 61 %, 48 fps, 1.60x, 3 s left, on demo-1`. */
export function plainLine(row: ProgressRow): string {
  const percent = row.percent === null ? '' : ` ${Math.floor(row.percent)} %`;
  const rest = facts(row);
  return `${plain(row.name)}: ${row.phase}${percent}${rest.length > 0 ? `, ${rest.join(', ')}` : ''}`;
}

export const nameCells = (rows: readonly ProgressRow[]) =>
  Math.min(NAME_CELLS, Math.max(0, ...rows.map((row) => plain(row.name).length)));

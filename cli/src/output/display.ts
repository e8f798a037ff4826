import { createLogUpdate } from 'log-update';
import type { Output } from '../cli.ts';
import { barLine, nameCells, type ProgressRow, plainLine } from './progress.ts';

/** Shows several jobs at once: bars on a terminal, plain lines anywhere else. */
export interface Display {
  update(key: string, row: ProgressRow): void;
  /** A line of its own above the bars. */
  say(text: string): void;
  /** Leaves the last state on the screen. */
  close(): void;
}

export interface DisplaySettings {
  stream: Output;
  env: Readonly<Record<string, string | undefined>>;
  nowMs?: () => number;
}

/** A person reads no more than about ten changes a second. */
const REDRAW_MS = 100;
/** More bars than a small screen has lines would scroll away. */
const MAX_BARS = 20;
/** Logs get at most one line a job per ten percent or five seconds, and one for each change of phase. */
const PLAIN_STEP_PERCENT = 10;
const PLAIN_STEP_MS = 5000;
/** Copies run through their percents in a moment; only long ones are worth more than a line. */
const transfers = new Set(['upload', 'download', 'fetch']);

export function createDisplay(settings: DisplaySettings): Display {
  const terminal = settings.stream.isTTY === true && settings.env.TERM !== 'dumb';
  return terminal ? barDisplay(settings) : plainDisplay(settings);
}

function barDisplay({ stream, env }: DisplaySettings): Display {
  const rows = new Map<string, ProgressRow>();
  const log = createLogUpdate(stream as NodeJS.WriteStream);
  const unicode = /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || 'utf-8');
  const draw = () => {
    const all = [...rows.values()];
    const line = { nameCells: nameCells(all), columns: stream.columns || 80, unicode };
    const running = all.length <= MAX_BARS ? all : all.filter((row) => row.percent !== 100).slice(0, MAX_BARS);
    log(running.map((row) => barLine(row, line)).join('\n'));
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    update(key, row) {
      rows.set(key, row);
      timer ??= setTimeout(() => {
        timer = undefined;
        draw();
      }, REDRAW_MS);
    },
    say(text) {
      log.clear();
      stream.write(`${text}\n`);
      if (rows.size > 0) draw();
    },
    close() {
      clearTimeout(timer);
      if (rows.size > 0) draw();
      log.done();
    },
  };
}

function plainDisplay({ stream, nowMs = Date.now }: DisplaySettings): Display {
  const last = new Map<string, { row: ProgressRow; atMs: number }>();
  return {
    update(key, row) {
      const before = last.get(key);
      if (before && !isNews(before.row, row, nowMs() - before.atMs)) return;
      last.set(key, { row, atMs: nowMs() });
      stream.write(`${plainLine(row)}\n`);
    },
    say: (text) => void stream.write(`${text}\n`),
    close: () => undefined,
  };
}

function isNews(before: ProgressRow, row: ProgressRow, elapsedMs: number): boolean {
  if (before.phase !== row.phase || before.note !== row.note) return true;
  if (elapsedMs < PLAIN_STEP_MS && transfers.has(row.phase)) return false;
  if (elapsedMs >= PLAIN_STEP_MS) return plainLine(before) !== plainLine(row);
  return Math.floor((row.percent ?? 0) / PLAIN_STEP_PERCENT) > Math.floor((before.percent ?? 0) / PLAIN_STEP_PERCENT);
}

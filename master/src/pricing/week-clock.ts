import { days, type Span, WEEK_MIN } from './week.ts';

const names: readonly string[] = days;
const MINUTE_MS = 60_000;
/** Every zone in use is a multiple of this from UTC and changes to or from summer time at one of these moments. */
const QUARTER_MS = 15 * MINUTE_MS;

/** Minutes since Monday 00:00 on the clocks of a zone. Summer time is right because the zone's own rules say it. */
export function weekClock(timeZone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', weekday: 'short', hour: '2-digit', minute: '2-digit' },
  });
  return (ms) => {
    const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
    const day = names.indexOf(part.weekday?.toLowerCase() ?? '');
    return (day * 24 + Number(part.hour)) * 60 + Number(part.minute);
  };
}

export interface Mean {
  value: number;
  /** Windows that the time touched; 0 is the default price. */
  windows: number[];
}

/** One price over a piece of a quarter of an hour, in which local time runs evenly. */
function* pieces(spans: readonly Span[], fallback: number, from: number, minutes: number) {
  for (let at = from; at < from + minutes; ) {
    const week = at % WEEK_MIN;
    const span = spans.find((one) => one.from <= week && week < one.to);
    const next = span?.to ?? spans.find((one) => one.from > week)?.from ?? WEEK_MIN;
    const length = Math.min(next - week, from + minutes - at);
    yield { price: span?.price ?? fallback, window: span?.window ?? 0, length };
    at += length;
  }
}

/** The mean price over a time, each moment weighing the same. Pure. */
export function meanPrice(
  spans: readonly Span[],
  fallback: number,
  weekMinute: (ms: number) => number,
  { from, to }: { from: number; to: number },
): Mean {
  const windows = new Set<number>();
  let [sum, length] = [0, 0];
  // A moment has a price too: it is that of its first millisecond.
  const end = Math.max(to, from + 1);
  for (let at = from; at < end; ) {
    const quarter = Math.floor(at / QUARTER_MS) * QUARTER_MS;
    const until = Math.min(quarter + QUARTER_MS, end);
    const start = weekMinute(quarter) + (at - quarter) / MINUTE_MS;
    for (const piece of pieces(spans, fallback, start, (until - at) / MINUTE_MS)) {
      windows.add(piece.window);
      sum += piece.price * piece.length;
      length += piece.length;
    }
    at = until;
  }
  return { value: sum / length, windows: [...windows].sort((a, b) => a - b) };
}

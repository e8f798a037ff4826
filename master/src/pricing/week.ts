export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof days)[number];

const DAY_MIN = 24 * 60;
export const WEEK_MIN = 7 * DAY_MIN;

/** A part of the week with one price; minutes since Monday 00:00, the end outside. */
export interface Span {
  from: number;
  to: number;
  price: number;
  /** Which window of the file it comes from, counted from 1. */
  window: number;
}

/** `22:00` -> minutes of the day; `24:00` is the end of it. */
export function minuteOf(text: string): number | undefined {
  const [, hour, minute] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  const at = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && at <= DAY_MIN ? at : undefined;
}

export interface Window {
  days: readonly Day[];
  /** Minutes of the day; an end that is not behind the start is on the next day. */
  from: number;
  to: number;
  price: number;
}

/** The windows laid out over one week, in its order. What begins on Sunday evening ends on Monday morning. */
export function spansOf(windows: readonly Window[]): Span[] {
  const spans = windows.flatMap(({ days: on, from, to, price }, index) =>
    on.flatMap((day) => {
      const start = days.indexOf(day) * DAY_MIN + from;
      const end = start - from + (to > from ? to : to + DAY_MIN);
      const span = { price, window: index + 1 };
      if (end <= WEEK_MIN) return [{ ...span, from: start, to: end }];
      return [
        { ...span, from: start, to: WEEK_MIN },
        { ...span, from: 0, to: end - WEEK_MIN },
      ];
    }),
  );
  return spans.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from || a.to - b.to);
}

const clock = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

/** `sat 06:00 to sun 22:00`. */
function named(from: number, to: number): string {
  const day = (minute: number) => days[Math.floor(minute / DAY_MIN) % 7];
  const last = Math.floor((to - 1) / DAY_MIN);
  const same = last === Math.floor(from / DAY_MIN);
  return `${day(from)} ${clock(from % DAY_MIN)} to ${same ? '' : `${days[last % 7]} `}${clock(to - last * DAY_MIN)}`;
}

/** What is wrong with a week of prices: minutes with two of them, and, where every minute needs one, minutes with none. */
export function weekProblems(spans: readonly Span[], needsAll: boolean): string[] {
  const problems: string[] = [];
  let covered = 0;
  let before: Span | undefined;
  for (const span of spans) {
    if (before && span.from < covered) {
      const both = [before.window, span.window].sort((a, b) => a - b).join(' and ');
      problems.push(`windows ${both} overlap: ${named(span.from, Math.min(covered, span.to))}`);
    }
    if (needsAll && span.from > covered) problems.push(`there is no price for ${named(covered, span.from)}`);
    if (span.to > covered) before = span;
    covered = Math.max(covered, span.to);
  }
  if (needsAll && covered < WEEK_MIN) problems.push(`there is no price for ${named(covered, WEEK_MIN)}`);
  return problems;
}

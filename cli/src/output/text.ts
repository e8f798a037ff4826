/** 0.42 -> `0.42 s`, 12.34 -> `12.3 s`, 75 -> `1 min 15 s`, 3,700 -> `1 h 2 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/**
 * Three significant digits: 0.01234 -> `0.0123`, 12.345 -> `12.3`, 1234.5 -> `1235`. Below a millionth with an exponent,
 * or little would look like nothing.
 */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 100) return value.toFixed(0);
  if (size < 1e-6) return value.toExponential(2);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(size)));
  return value.toFixed(digits);
}

/** How long ago, in the largest fitting unit: `12 s`, `5 min`, `3 h`, `2 d`. */
export function formatAge(at: string, nowMs: number): string {
  const seconds = Math.max(0, (nowMs - Date.parse(at)) / 1000);
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export const count = (number: number, one: string, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** Nothing to show is shown as a dash, so that columns stay readable and empty never looks like zero. */
export const orDash = (value: string | number | null | undefined) =>
  value === null || value === undefined || value === '' ? '–' : String(value);

/** Text of others (names, errors, logs in one line) without control characters: a name must not drive the terminal. */
export const plain = (text: string) => text.replace(/\p{Cc}/gu, ' ');

/** A word as a shell takes it back: quoted where it has to be. */
export const shellWord = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

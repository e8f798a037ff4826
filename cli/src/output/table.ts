import { stripVTControlCharacters } from 'node:util';
import { plain } from './text.ts';

export interface Column {
  head: string;
  align?: 'left' | 'right';
}

/** East Asian wide characters take two cells; all that a file name usually holds takes one. */
const widePattern =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/gu;
const zeroPattern = /\p{Mn}/gu;

/** Cells that a text takes on a terminal. */
export function widthOf(text: string): number {
  const bare = stripVTControlCharacters(text).replace(zeroPattern, '');
  return [...bare].length + (bare.match(widePattern)?.length ?? 0);
}

export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const gap = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'left' ? text + gap : gap + text;
}

/** Shortens a text to `width` cells; the cut shows as an ellipsis. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let short = '';
  for (const letter of text) {
    if (widthOf(short + letter) > width - 1) break;
    short += letter;
  }
  return `${short}…`;
}

/** Aligned columns with two spaces between them, head line first, no colours and no lines: `grep` and `awk` work on it. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = [columns.map((column) => column.head), ...rows.map((row) => row.map(plain))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => widthOf(row[index] ?? ''))));
  return cells
    .map((row) =>
      columns
        .map((column, index) => pad(row[index] ?? '', widths[index] ?? 0, column.align))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `name   value` lines; pairs without a value are left out. */
export function renderPairs(pairs: readonly (readonly [string, string | null | undefined])[]): string {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== null && pair[1] !== undefined);
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)));
  return shown.map(([name, value]) => `${pad(name, width)}  ${value}`.trimEnd()).join('\n');
}

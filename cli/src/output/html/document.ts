import type { Quality } from '@ffrtmp/shared/energy/figure';
import { style } from './style.ts';

/** Markup that needs no further escaping. Plain text never is of this type, so that it cannot slip in unescaped. */
export interface Markup {
  readonly markup: string;
}
export type Content = string | number | Markup | readonly Content[] | null | undefined;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) =>
  text.replace(/\p{Cc}/gu, ' ').replace(/[&<>"']/g, (letter) => entities[letter] ?? letter);

function textOf(content: Content): string {
  if (content === null || content === undefined) return '';
  if (typeof content === 'string' || typeof content === 'number') return escaped(String(content));
  return 'markup' in content ? content.markup : content.map(textOf).join('');
}

/** A template whose values are escaped, unless they are markup themselves; lists are joined. */
export function html(words: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return { markup: words.reduce((text, word, index) => text + textOf(values[index - 1]) + word) };
}

const labels: readonly { quality: Exclude<Quality, 'none'>; says: string }[] = [
  { quality: 'measured', says: 'a sensor, the attempt alone on its machine' },
  { quality: 'attributed', says: 'a sensor, shared by CPU time' },
  { quality: 'calibrated', says: 'a model fitted on this machine' },
  { quality: 'estimated', says: 'a published model' },
];

/** What the shading of bars says; it stands on every page, for a page outlives its sender. */
const legend = () => html`<section class="legend"><h2>How a figure was obtained</h2><ul>${labels.map(
  ({ quality, says }) => html`<li><span class="bar q-${quality}"></span><b>${quality}</b>: ${says}</li>`,
)}<li><span class="range"></span>the line through a bar runs from the lower to the upper bound</li></ul>
<p>Figures of different labels or overlapping scopes are never averaged and never ranked. Where a total holds several labels, it carries the weakest. A missing value is “none” with its reason, never 0.</p></section>`;

/** A section with a table, or nothing without rows; `numbers` are the columns that hold numbers. */
export function table(
  title: string,
  heads: readonly string[],
  rows: readonly (readonly Content[])[],
  numbers: readonly number[] = [],
): Markup | null {
  if (rows.length === 0) return null;
  const kind = (index: number) => (numbers.includes(index) ? html` class="number"` : null);
  return html`<section><h2>${title}</h2><div class="scroll"><table><thead><tr>${heads.map(
    (head, index) => html`<th${kind(index)}>${head}</th>`,
  )}</tr></thead>
<tbody>${rows.map(
    (cells) => html`<tr>${cells.map((cell, index) => html`<td${kind(index)}>${cell}</td>`)}</tr>`,
  )}</tbody></table></div></section>`;
}

/** A whole page: style within, no script, nothing fetched from anywhere. */
export function document(title: string, body: Content): string {
  const policy = "default-src 'none'; style-src 'unsafe-inline'";
  return `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<style>${{ markup: style }}</style></head>
<body><main>${body}${legend()}</main></body></html>
`.markup
  }`;
}

import type { Figure } from '@ffrtmp/shared/energy/figure';
import { amountIn, boundsText, figureAmount, type Scale, scaleFor } from '../amount.ts';
import { html, type Markup } from './document.ts';

export interface Bar {
  label: string;
  figure: Figure;
  /** Work that came to nothing. */
  waste?: boolean;
}

const known = ({ figure }: Bar) => figure.value !== null;

/**
 * Bars of one unit below each other as a table, so that every value can be read, copied and heard. The unit is chosen by
 * the largest bound; the line through a bar is its range.
 */
export function barChart(title: string, bars: readonly Bar[]): Markup | null {
  const shown = bars.filter(known);
  if (shown.length === 0) return null;
  const most = Math.max(...shown.map(({ figure }) => Math.max(figure.value ?? 0, figure.high ?? 0)));
  const scale = scaleFor(shown[0]?.figure.unit ?? '', most);
  return html`<section><h2>${title}</h2><div class="scroll"><table class="chart">
<thead><tr><th>${''}</th><th class="plot" aria-hidden="true"></th><th class="number">${scale.unit}</th><th class="number">bounds</th><th>label</th></tr></thead>
<tbody>${bars.map((bar) => row(bar, most, scale))}</tbody></table></div></section>`;
}

const percent = (value: number, most: number) =>
  (most > 0 ? Math.max(0, Math.min(100, (value / most) * 100)) : 0).toFixed(2);

function row({ label, figure, waste }: Bar, most: number, scale: Scale): Markup {
  const { value, low, high, quality } = figure;
  if (value === null)
    return html`<tr><th>${label}</th><td class="plot"></td><td class="number">none</td><td></td><td>${figure.source}</td></tr>`;
  const range =
    low === null || high === null || low === high
      ? null
      : html`<span class="range" style="left:${percent(low, most)}%;width:${percent(high - low, most)}%"></span>`;
  const bounds = boundsText(figure, (bound) => amountIn(bound, scale)) || '–';
  return html`<tr><th>${label}</th><td class="plot" aria-hidden="true"><div${waste ? html` class="waste"` : null}><span class="bar q-${quality}" style="width:${percent(value, most)}%"></span>${range}</div></td><td class="number">${amountIn(value, scale)}</td><td class="number">${bounds}</td><td>${quality}</td></tr>`;
}

/** A total as the first thing to see: value, bounds and label, or the reason why there is none. */
export function tile(name: string, figure: Figure | null | undefined, none: string | null = null): Markup {
  if (!figure || figure.value === null)
    return html`<div><dt>${name}</dt><dd><b>none</b><span class="soft">${figure?.source ?? none ?? 'not known'}</span></dd></div>`;
  const { low, high } = figure;
  const scale = scaleFor(figure.unit, Math.abs(figure.value));
  const exact = low === high && low === figure.value;
  const bounds = exact ? '' : boundsText(figure, (bound) => amountIn(bound, scale));
  return html`<div><dt>${name}</dt><dd><b>${figureAmount(figure)}</b><span class="soft">${figure.quality}${bounds && `, ${bounds}`}</span></dd></div>`;
}

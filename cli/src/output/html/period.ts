import type { ReceiptRow } from '@ffrtmp/shared/contract/receipts';
import type { Figure, FigureName } from '@ffrtmp/shared/energy/figure';
import { figureAmount } from '../amount.ts';
import { figureLabels, figureOrigin } from '../figure.ts';
import { keyText, type PeriodReceipt } from '../period.ts';
import { count } from '../text.ts';
import { type Bar, barChart, tile } from './chart.ts';
import { document, html, type Markup, table } from './document.ts';

/** So many bars a chart; the tables below hold every row. */
const MAX_BARS = 60;

/** The receipts of a period as a page of its own. */
export function periodPage(receipt: PeriodReceipt): string {
  const { by, since, until, complete, total } = receipt;
  const title = `Receipts by ${by}, ${since} to ${until}`;
  return document(title, [
    html`<header><h1>${title}</h1><p>${total.jobs.completed} jobs completed, ${total.jobs.failed} failed, ${total.jobs.canceled} canceled. Days are of UTC; the last one is not part of it.${complete ? '' : ' The period is not over yet.'}</p>
${by === 'label' ? html`<p>A job has any number of labels: rows by label do not add up to the total.</p>` : null}${receipt.more ? html`<p>There are more rows than these; the total holds all of them.</p>` : null}</header>`,
    totals(total),
    ...(['energy_full', 'cost', 'carbon'] as const).map((name) => chart(name, receipt)),
    wasteChart(total),
    rowTable(receipt),
    originTable(total),
  ]);
}

const named = (figures: readonly Figure[], name: FigureName) => figures.filter((figure) => figure.name === name);

/** A total is absent when no attempt gave a value; their figures say why. */
function whyNone({ encode, quality, waste }: ReceiptRow, name: FigureName): string {
  const energy = [...encode.energy, ...quality.energy, ...waste.flatMap((one) => one.energy)];
  return named(energy, name)[0]?.source ?? 'no attempt has ended';
}

function totals(total: ReceiptRow): Markup {
  const of = (name: FigureName, none: string | null) => {
    const found = named(total.totals, name);
    return found.length === 0
      ? tile(figureLabels[name], null, none)
      : found.map((figure) => tile(figureLabels[name], figure));
  };
  return html`<dl class="tiles">${of('energy_full', whyNone(total, 'energy_full'))}${of('energy_active', whyNone(total, 'energy_active'))}${of('cost', total.cost.reason)}${of('carbon', total.carbon.reason)}</dl>`;
}

function chart(name: FigureName, { rows, by }: PeriodReceipt): (Markup | null)[] {
  const bars = rows.flatMap((row) => named(row.totals, name).map((figure): Bar => ({ label: keyText(row), figure })));
  // Bars of two currencies have no common length.
  const units = [...new Set(bars.map(({ figure }) => figure.unit))];
  return units.map((unit) => {
    const own = bars.filter(({ figure }) => figure.unit === unit);
    const shown = own.length > MAX_BARS ? `, the last ${MAX_BARS} of ${own.length}` : '';
    return barChart(`${upper(figureLabels[name])} by ${by}${shown}`, own.slice(-MAX_BARS));
  });
}

const upper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

function wasteChart(total: ReceiptRow): Markup | null {
  const bars = total.waste.flatMap((waste) =>
    named(waste.energy, 'energy_full').map(
      (figure): Bar => ({
        label: `${waste.cause}, ${count(waste.attempts, 'attempt')}, ${figure.scope.join('+')}`,
        figure,
        waste: true,
      }),
    ),
  );
  return barChart('Full energy that came to nothing, by cause', bars);
}

function rowTable({ by, rows }: PeriodReceipt): Markup | null {
  const of = (row: ReceiptRow, name: FigureName) =>
    named(row.totals, name).map((figure) => html`${figureAmount(figure)} <small>${figure.quality}</small><br>`);
  const cells = rows.map((row) => [
    ...[keyText(row), row.jobs.completed, row.jobs.failed, row.jobs.canceled],
    row.encode.attempts + row.quality.attempts + row.waste.reduce((sum, { attempts }) => sum + attempts, 0),
    ...[of(row, 'energy_full'), of(row, 'energy_active'), of(row, 'cost'), of(row, 'carbon')],
  ]);
  const heads = [by, 'completed', 'failed', 'canceled', 'attempts', 'full energy', 'active energy', 'cost', 'carbon'];
  return table('Every row', heads, cells, [1, 2, 3, 4, 5, 6, 7, 8]);
}

function originTable(total: ReceiptRow): Markup | null {
  const parts = [
    { part: 'encode', figures: [...total.encode.energy, ...total.encode.cost, ...total.encode.carbon] },
    { part: 'quality', figures: [...total.quality.energy, ...total.quality.cost, ...total.quality.carbon] },
    ...total.waste.map((waste) => ({
      part: `wasted: ${waste.cause}`,
      figures: [...waste.energy, ...waste.cost, ...waste.carbon],
    })),
  ];
  const rows = parts.flatMap(({ part, figures }) =>
    figures.map((figure) => [
      part,
      figureLabels[figure.name] + (figure.scope.length > 0 ? ` (${figure.scope.join('+')})` : ''),
      figureAmount(figure),
      figure.quality,
      figure.value === null ? figure.source : figureOrigin(figure),
    ]),
  );
  return table('The figures of the total', ['part', 'figure', 'value', 'label', 'obtained by'], rows, [2]);
}

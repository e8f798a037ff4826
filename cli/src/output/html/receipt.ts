import type { Figure, FigureName } from '@ffrtmp/shared/energy/figure';
import type { Receipt, ReceiptLine, Sci } from '@ffrtmp/shared/energy/receipt';
import { formatBytes } from '@ffrtmp/shared/media/units';
import { boundsText, figureAmount } from '../amount.ts';
import { figureLabels, figureOrigin } from '../figure.ts';
import { pace } from '../receipt.ts';
import { formatNumber, formatSeconds, orDash } from '../text.ts';
import { type Bar, barChart, tile } from './chart.ts';
import { document, html, type Markup, table } from './document.ts';

/** The receipt of a job as a page of its own: totals, where the energy went, each attempt, and what stands behind it. */
export function receiptPage(receipt: Receipt): string {
  const title = `Receipt of job ${receipt.sequence_number}${receipt.name ? ` (${receipt.name})` : ''}`;
  return document(title, [
    html`<header><h1>${title}</h1><p>${receipt.status}${receipt.complete ? '' : ', not complete yet: figures still come'}</p>
<p class="soft">${receipt.job_id}</p></header>`,
    totals(receipt),
    barChart('Where the energy went', energyBars(receipt)),
    barChart('Cost', receipt.cost.figures.map(barOf)),
    barChart('Carbon', receipt.carbon.figures.map(barOf)),
    pictureTable(receipt.quality),
    attemptTable(receipt.lines),
    sciTable(receipt.sci),
    scoreTable(receipt.scores),
    outputTable(receipt),
    originTable(receipt),
  ]);
}

const total = (receipt: Receipt, name: FigureName) => receipt.totals.filter((figure) => figure.name === name);

/** A total is absent when no attempt gave a value; each of them says why. */
function whyNone({ lines }: Receipt, name: FigureName): string {
  const figures = lines.flatMap((line) => line.figures.filter((figure) => figure.name === name));
  return figures[0]?.source ?? 'no attempt has ended';
}

function totals(receipt: Receipt): Markup {
  const perPixel = receipt.joules_per_megapixel_frame;
  const of = (name: FigureName, none: string | null) => {
    const found = total(receipt, name);
    return found.length === 0
      ? tile(figureLabels[name], null, none)
      : found.map((figure) => tile(figureLabels[name], figure));
  };
  return html`<dl class="tiles">${of('energy_full', whyNone(receipt, 'energy_full'))}${of('energy_active', whyNone(receipt, 'energy_active'))}${of('cost', receipt.cost.reason)}${of('carbon', receipt.carbon.reason)}${receipt.quality.map((figure) => tile(figureLabels[figure.name], figure))}${
    perPixel === null
      ? null
      : html`<div><dt>active energy per megapixel-frame</dt><dd><b>${formatNumber(perPixel)} J</b></dd></div>`
  }</dl>`;
}

const barOf = (figure: Figure): Bar => ({ label: nameAndScope(figure), figure });
const nameAndScope = ({ name, scope }: Figure) =>
  figureLabels[name] + (scope.length > 0 ? ` (${scope.join('+')})` : '');

/** Full joules by what became of the work. Scopes may overlap: each bar names its own. */
function energyBars(receipt: Receipt): Bar[] {
  const full = (figures: readonly Figure[]) => figures.filter((figure) => figure.name === 'energy_full');
  const bars = (label: string, figures: readonly Figure[], waste = false) =>
    full(figures).map((figure) => ({ label: `${label}, ${figure.scope.join('+')}`, figure, waste }));
  return [
    ...bars('encode', receipt.energy),
    ...bars('comparison', receipt.energy_quality),
    ...receipt.waste.flatMap((waste) => bars(`wasted: ${waste.cause}`, waste.energy, true)),
  ];
}

function pictureTable(figures: readonly Figure[]): Markup | null {
  const rows = figures.map(({ frames, ...figure }) => {
    const inUnit = (value: number | undefined) => (value === undefined ? '–' : figureAmount({ ...figure, value }));
    const worst = frames ? `${inUnit(frames.worst)} at frame ${frames.worst_frame}` : '–';
    return [
      ...[figureLabels[figure.name], figureAmount(figure)],
      ...[inUnit(frames?.mean), inUnit(frames?.harmonic_mean), inUnit(frames?.p5), worst],
      figure.value === null ? figure.source : figureOrigin(figure),
    ];
  });
  const heads = ['', 'film', 'mean of frames', 'harmonic mean', '5 % are below', 'worst', 'obtained by'];
  return table('Picture', heads, rows, [1, 2, 3, 4]);
}

function attemptTable(lines: readonly ReceiptLine[]): Markup | null {
  const rows = lines.map((line) => {
    const { seconds, speed } = pace(line);
    const full = line.figures.filter((figure) => figure.name === 'energy_full');
    return [
      ...[line.task_kind, line.attempt, orDash(line.node_name)],
      line.waste ? `${line.state}, wasted: ${line.cause ?? 'no cause given'}` : line.state,
      seconds === null ? '–' : formatSeconds(seconds),
      speed === null ? '–' : `${speed.toFixed(2)}x`,
      full.map(
        (figure) => html`${figureAmount(figure)} <small>${figure.quality}, ${figure.scope.join('+')}</small><br>`,
      ),
    ];
  });
  const heads = ['task', 'attempt', 'node', 'state', 'time', 'speed', 'full energy'];
  return table('Attempts', heads, rows, [1, 4, 5]);
}

function sciTable(sci: Sci): Markup | null {
  const title = 'Software carbon intensity (ISO/IEC 21031), (E × I + M) / R';
  if (sci.value === null) return table(title, ['', ''], [['none', sci.reason]]);
  const number = (value: number | null) => (value === null ? '–' : formatNumber(value));
  const rows = [
    [
      'SCI',
      number(sci.value),
      ['gCO2e a minute of output', boundsText(sci, formatNumber), sci.quality].filter(Boolean).join(', '),
    ],
    ['E', number(sci.energy_kwh), 'kWh at the machines'],
    ['I with PUE', number(sci.intensity_g_per_kwh), 'gCO2e a kWh'],
    ['E × I', number(sci.operational_g), 'gCO2e'],
    ['M', number(sci.embodied_g), 'gCO2e of the machines’ making'],
    ['R', number(sci.output_minutes), 'minutes of output'],
    ['sources', '', sci.sources.join('; ')],
  ];
  return table(title, ['', 'value', 'unit'], rows, [1]);
}

function scoreTable(scores: Receipt['scores']): Markup | null {
  const rows = scores.map((score) => [
    score.name.replaceAll('_', ' ') + (score.chosen ? ', the one to look at' : ''),
    score.value === null ? 'none' : formatNumber(score.value),
    score.unit,
    boundsText(score, formatNumber) || '–',
    score.value === null ? score.reason : `${score.quality}, ${score.scope.join('+')}`,
  ]);
  return table('Scores, more is better', ['', 'value', 'unit', 'bounds', 'label'], rows, [1, 3]);
}

function outputTable(receipt: Receipt): Markup | null {
  const rows = receipt.outputs.map((file) => [file.role, file.name ?? '–', formatBytes(file.bytes), file.sha256]);
  return table('Files', ['role', 'name', 'size', 'sha256'], rows, [2]);
}

/** Every figure of every attempt with its origin: the page can be checked without the master. */
function originTable(receipt: Receipt): Markup | null {
  const rows = receipt.lines.flatMap((line) =>
    line.figures.map((figure) => [
      `${line.task_kind} ${line.attempt}`,
      nameAndScope(figure),
      figureAmount(figure),
      figure.quality,
      figure.value === null ? figure.source : figureOrigin(figure),
    ]),
  );
  return table('Every figure', ['attempt', 'figure', 'value', 'label', 'obtained by'], rows, [2]);
}

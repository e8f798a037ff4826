import type { ReceiptGroup, ReceiptRow } from '@ffrtmp/shared/contract/receipts';
import type { Figure, FigureName } from '@ffrtmp/shared/energy/figure';
import { figureAmount } from './amount.ts';
import { csvText } from './csv.ts';
import { renderTable } from './table.ts';
import { plain } from './text.ts';

/** The rows that were read, and what they are of. */
export interface PeriodReceipt {
  by: ReceiptGroup;
  since: string;
  until: string;
  complete: boolean;
  rows: readonly ReceiptRow[];
  total: ReceiptRow;
  /** There are more rows than these. */
  more: boolean;
}

export const keyText = (row: ReceiptRow) => row.name ?? (row.key === '' ? '(none)' : row.key);

/** Several figures of one name stand side by side: other currencies, or nothing that adds up. */
function cell(row: ReceiptRow, name: FigureName): string {
  const found = row.totals.filter((figure) => figure.name === name);
  return found.length === 0 ? '–' : found.map((figure) => `${figureAmount(figure)} ${figure.quality}`).join(' + ');
}

const attempts = (row: ReceiptRow) => row.waste.reduce((sum, waste) => sum + waste.attempts, 0);

export function periodText({ by, since, until, complete, rows, total }: PeriodReceipt): string {
  const line = (head: string, row: ReceiptRow) => [
    plain(head),
    ...[row.jobs.completed, row.jobs.failed, row.jobs.canceled].map(String),
    ...[cell(row, 'energy_full'), cell(row, 'energy_active'), cell(row, 'cost'), cell(row, 'carbon')],
    attempts(row) === 0 ? '–' : String(attempts(row)),
  ];
  const right = { align: 'right' } as const;
  const table = renderTable(
    [
      { head: by.toUpperCase() },
      { head: 'COMPLETED', ...right },
      { head: 'FAILED', ...right },
      { head: 'CANCELED', ...right },
      { head: 'FULL ENERGY' },
      { head: 'ACTIVE ENERGY' },
      { head: 'COST' },
      { head: 'CARBON' },
      { head: 'WASTED ATTEMPTS', ...right },
    ],
    [...rows.map((row) => line(keyText(row), row)), line('total', total)],
  );
  const notes = [
    complete ? '' : 'the period is not over yet',
    total.cost.reason === null ? '' : `cost: ${total.cost.reason}`,
    total.carbon.reason === null ? '' : `carbon: ${total.carbon.reason}`,
    by === 'label' ? 'a job has any number of labels: rows do not add up to the total' : '',
  ].filter((note) => note !== '');
  return [`receipts by ${by}, ${since} to ${until} (UTC, the last day is not part of it)`, '', table, '', ...notes]
    .join('\n')
    .trimEnd();
}

const heads = [
  ...['by', 'key', 'name', 'part', 'cause', 'attempts', 'seconds', 'figure', 'value', 'low', 'high', 'unit'],
  ...['scope', 'quality', 'method', 'coverage', 'source'],
];

/** One line a figure, in its own unit and with its label: nothing is added up that the receipt keeps apart. */
export function periodCsv({ by, rows, total }: PeriodReceipt): string {
  const lines = [...rows.map((row) => ({ row, by: by as string })), { row: total, by: 'total' }].flatMap(
    ({ row, by }) =>
      partsOf(row).flatMap(({ part, cause, attempts, seconds, figures }) =>
        figures.map((figure) => [
          ...[by, row.key, row.name, part, cause, attempts, seconds],
          ...[figure.name, figure.value, figure.low, figure.high, figure.unit],
          ...[figure.scope.join('+'), figure.quality, figure.method, figure.coverage, figure.source],
        ]),
      ),
  );
  return csvText(heads, lines);
}

interface Part {
  part: string;
  cause: string | null;
  attempts: number;
  seconds: number;
  figures: readonly Figure[];
}

function partsOf(row: ReceiptRow): Part[] {
  const figures = (of: { energy: Figure[]; cost: Figure[]; carbon: Figure[] }) => [
    ...of.energy,
    ...of.cost,
    ...of.carbon,
  ];
  const counts = ({ attempts, seconds }: { attempts: number; seconds: number }) => ({ attempts, seconds });
  return [
    { part: 'encode', cause: null, ...counts(row.encode), figures: figures(row.encode) },
    { part: 'quality', cause: null, ...counts(row.quality), figures: figures(row.quality) },
    ...row.waste.map((waste) => ({ part: 'waste', cause: waste.cause, ...counts(waste), figures: figures(waste) })),
  ];
}

import type { NodeEnergy, PowerGrouping, PowerSum, SourceEnergy } from '@ffrtmp/shared/node/power';
import { figureOrigin, figureText } from './figure.ts';
import { renderPairs, renderTable } from './table.ts';
import { count, formatNumber, formatSeconds, plain } from './text.ts';

/** What the node says of its whole machine, source by source, and the receipts of its attempts beside it. */
export function nodeEnergyText(energy: NodeEnergy): string {
  const parts = [
    attemptPairs(energy),
    ...energy.sources.map((source) => sourceText(source, energy.by)),
    ...(energy.sources.length === 0 ? ['the node has said nothing of its whole machine in this time'] : []),
    ...unmatchedText(energy),
    ...sharedText(energy),
  ];
  return parts.join('\n\n');
}

const attemptPairs = ({ attempts, energy }: NodeEnergy) =>
  renderPairs([
    ['attempts', String(attempts)],
    ...energy.flatMap((figure): [string, string][] => [
      [figure.name === 'energy_active' ? 'active energy' : 'full energy', figureText(figure)],
      ['', figureOrigin(figure)],
    ]),
  ]);

/** What sums of many parts differ by in their last digits is nothing. */
const joules = (value: number) => `${formatNumber(Math.abs(value) < 1e-6 ? 0 : value)} J`;

const sumCells = (sum: PowerSum) => [
  formatSeconds(sum.seconds),
  sum.coverage === null ? '–' : `${Math.floor(sum.coverage * 100)} %`,
  ...[sum.total_j, sum.jobs_j, sum.other_j, sum.idle_j, sum.rest_j].map(joules),
];

/** `2026-11-20`, or `2026-11-20 14:00` by the hour. */
const periodText = (period: string, by: PowerGrouping) =>
  by === 'day' ? period.slice(0, 10) : period.slice(0, 16).replace('T', ' ');

function sourceText(source: SourceEnergy, by: PowerGrouping): string {
  const right = { align: 'right' as const };
  const title = `the whole node, ${source.quality} by ${plain(source.method)} over ${source.scope.join('+')}`;
  const table = renderTable(
    [
      { head: by === 'day' ? 'DAY (UTC)' : 'HOUR (UTC)' },
      ...['WATCHED', 'COVERED', 'TOTAL', 'JOBS', 'OTHERS', 'IDLE', 'REST'].map((head) => ({ head, ...right })),
    ],
    [
      ...source.periods.map((one) => [periodText(one.period, by), ...sumCells(one)]),
      ['all', ...sumCells(source.total)],
    ],
  );
  const detail = source.detail === null ? [] : [plain(source.detail)];
  return [title, ...detail, table, receiptPairs(source)].join('\n');
}

/** What makes the JOBS column, as far as receipts say; never left out, also where it is nothing. */
const receiptPairs = ({ total, attempts_j, running_j, unexplained_j }: SourceEnergy) =>
  renderPairs([
    ['jobs by the node', joules(total.jobs_j)],
    ['jobs by their receipts', joules(attempts_j)],
    ['jobs that run', running_j === 0 ? undefined : `${joules(running_j)} so far`],
    ['unexplained', joules(unexplained_j)],
  ]);

const unmatchedText = ({ unmatched }: NodeEnergy): string[] =>
  unmatched.length === 0
    ? []
    : [
        [
          'in receipts, but by no source of the node:',
          ...unmatched.flatMap((figure) => [figureText(figure), figureOrigin(figure)]),
        ].join('\n'),
      ];

const sharedText = ({ same_machine: others }: NodeEnergy): string[] =>
  others.length === 0
    ? []
    : [
        `${others.map(plain).join(', ')} ${others.length === 1 ? 'is' : 'are'} on the same machine: ${count(others.length + 1, 'node')} tell the energy of the one machine, so never add them`,
      ];

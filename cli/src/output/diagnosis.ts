import type { Diagnosis } from '@ffrtmp/shared/node/diagnosis';
import { renderTable } from './table.ts';
import { plain } from './text.ts';

const columns = ['CHECK', 'STATUS', 'WHAT'].map((head) => ({ head }));

/** A table of everything that was looked at, and below it what to do about each fault. */
export function diagnosisText({ checks }: Diagnosis): string {
  const table = renderTable(
    columns,
    checks.map(({ name, status, cause, text }) => [name, cause === null ? status : `${status}: ${cause}`, text]),
  );
  const fixes = checks
    .filter(({ status, fix }) => fix !== null && status !== 'ok')
    .map(({ name, cause, fix }) => `${name}${cause === null ? '' : ` (${cause})`}: ${plain(fix ?? '')}`);
  return fixes.length === 0 ? table : `${table}\n\nWhat to do:\n${fixes.map((line) => `  ${line}`).join('\n')}`;
}

import type { Profile } from '@ffrtmp/shared/energy/profile';
import { renderPairs, renderTable } from './table.ts';

const percent = (share: number) => `${Math.round(share * 100)} %`;
const columns = [{ head: 'BUSY' }, { head: 'WATTS', align: 'right' as const }, { head: 'USE' }];

/** What was measured at which load, and how far off the loads between were. */
export function profileText(profile: Profile): string {
  const { points, checks, reference, mean_error, half_width, cpu_model, threads } = profile;
  const rows = [
    ...points.map(({ busy, watts }) => ({ busy, cells: [percent(busy), watts.toFixed(1), 'point of the curve'] })),
    ...checks.map(({ busy, watts, predicted_w }) => ({
      busy,
      cells: [percent(busy), watts.toFixed(1), `check: the curve says ${predicted_w.toFixed(1)} W`],
    })),
  ].sort((a, b) => a.busy - b.busy);
  const facts = renderPairs([
    ['machine', `${cpu_model}, ${threads} threads`],
    ['reference', `${reference.method} (${reference.scope.join(' + ')}), ${reference.detail}`],
    ['mean error', mean_error === null ? undefined : percent(mean_error)],
    ['bounds of its figures', `+-${percent(half_width)}`],
  ]);
  return `${renderTable(
    columns,
    rows.map(({ cells }) => cells),
  )}\n\n${facts}`;
}

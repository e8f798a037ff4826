import type { ReceiptGroup, ReceiptRow, ReceiptWork } from '@ffrtmp/shared/contract/receipts';
import { type Counted, sumCounted, totalsOf } from '@ffrtmp/shared/energy/counted';
import { type Figure, isCarbon, isCost } from '@ffrtmp/shared/energy/figure';
import { carbonOf, costOf } from '@ffrtmp/shared/energy/priced';
import { sciOf } from '@ffrtmp/shared/energy/sci';
import { type AttemptSum, addUpDays, type DaySum, type Dimension, NO_WORK, partsOf } from './daily.ts';

/** The dimension whose sums make the rows of a grouping. */
export const dimensionOf: Readonly<Record<ReceiptGroup, Dimension>> = {
  ...{ day: 'tenant', tenant: 'tenant', node: 'node', profile: 'profile', label: 'label' },
};

type Sum = Pick<DaySum, 'jobs' | 'parts'>;

const figuresOf = (totals: readonly Counted[], keep: (figure: Figure) => boolean): Figure[] =>
  totals.map(({ figure }) => figure).filter(keep);

const pricesOf = ({ totals }: AttemptSum) => ({ cost: figuresOf(totals, isCost), carbon: figuresOf(totals, isCarbon) });

const workOf = (sum: AttemptSum = NO_WORK): ReceiptWork => ({
  attempts: sum.attempts,
  seconds: sum.seconds,
  output_seconds: sum.media_s,
  input_bytes: sum.input_bytes,
  output_bytes: sum.output_bytes,
  energy: sum.energy,
  ...pricesOf(sum),
});

const attemptsIn = (totals: readonly Counted[], name: Figure['name']) =>
  totals.reduce((sum, { figure, attempts }) => sum + (figure.name === name ? attempts : 0), 0);

function rowOf(key: string, name: string | null, { jobs, parts }: Sum): ReceiptRow {
  const all = partsOf({ parts });
  const totals = sumCounted(all.flatMap(([, sum]) => sum.totals));
  const whole = {
    attempts: all.reduce((sum, [, one]) => sum + one.attempts, 0),
    seconds: all.reduce((sum, [, one]) => sum + one.seconds, 0),
  };
  const prices = { cost: figuresOf(totals, isCost), carbon: figuresOf(totals, isCarbon) };
  return {
    ...{ key, name, jobs },
    encode: workOf(parts.encode),
    quality: workOf(parts.quality),
    waste: all.flatMap(([part, sum]) => {
      const [, cause] = /^waste:(.*)$/.exec(part) ?? [];
      const { attempts, seconds, energy } = sum;
      return cause === undefined ? [] : [{ cause, attempts, seconds, energy, ...pricesOf(sum) }];
    }),
    cost: costOf(prices.cost, { ...whole, priced: attemptsIn(totals, 'cost_energy') }),
    carbon: carbonOf(prices.carbon, { ...whole, priced: attemptsIn(totals, 'carbon_operational') }),
    sci: sciOf(totals, whole, parts.encode?.media_s ?? 0),
    totals: totalsOf(totals, whole),
  };
}

const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10);

export interface Asked {
  by: ReceiptGroup;
  tenantId: string;
  /** With `by: 'label'`: of this name alone. */
  label?: string | undefined;
  nodeName: (id: string) => string | null;
}

/** The rows of a period in the order of their keys, and its total, from the sums of its days. Pure. */
export function periodRows(days: readonly DaySum[], { by, tenantId, label, nodeName }: Asked) {
  const ofRows = days.filter(({ dimension }) => dimension === dimensionOf[by]);
  const wanted = label === undefined ? ofRows : ofRows.filter(({ key }) => key.startsWith(`${label}=`));
  const byKey = Map.groupBy(wanted, ({ key, day }) => (by === 'day' ? dayText(day) : key));
  const keys = [...byKey.keys()].sort();
  return {
    keys,
    row: (key: string) => rowOf(key, by === 'node' ? nodeName(key) : null, addUpDays(byKey.get(key) ?? [])),
    total: () => rowOf(tenantId, null, addUpDays(days.filter(({ dimension }) => dimension === 'tenant'))),
  };
}

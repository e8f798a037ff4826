import { pueSchema } from '@ffrtmp/shared/energy/pue';
import { z } from 'zod';
import { days, minuteOf, type Span, spansOf, weekProblems } from './week.ts';
import { type Mean, meanPrice, weekClock } from './week-clock.ts';

/** Currencies whose unit buys about a kilowatt hour or more: a price above this is in cents by mistake. */
const LARGE_UNITS = new Set(['AUD', 'CAD', 'CHF', 'EUR', 'GBP', 'NZD', 'SGD', 'USD']);
const MAX_PRICE_LARGE = 10;
const MAX_PRICE = 1e5;
const MAX_NODE_HOUR = 1e8;

const price = z
  .number({ error: 'must be a number' })
  .min(0, { error: 'is negative' })
  .max(MAX_PRICE, { error: 'is absurd' });
const rate = z
  .number({ error: 'must be a number' })
  .min(0, { error: 'is negative' })
  .max(MAX_NODE_HOUR, { error: 'is absurd' });
const time = z.string({ error: 'must be a time, as "22:00"' }).transform((text, context) => {
  const minute = minuteOf(text);
  if (minute === undefined) context.addIssue({ code: 'custom', message: 'is not a time: write "22:00"' });
  return minute ?? 0;
});

const windowSchema = z
  .strictObject({
    days: z
      .array(z.enum(days))
      .min(1)
      .default([...days]),
    from: time,
    to: time,
    price_per_kwh: price,
  })
  .refine(({ from, to }) => from !== to, { error: 'begins when it ends: a whole day is "00:00" to "24:00"' });

const rates = z.record(z.string(), rate).default({});
const nodeHourSchema = z.strictObject({ default: rate.optional(), nodes: rates, pools: rates, labels: rates });

const isCurrency = (code: string) => Intl.supportedValuesOf('currency').includes(code);

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** The tariff file. */
export const tariffSchema = z
  .strictObject({
    name: z.string().min(1).max(80),
    currency: z.string().refine(isCurrency, { error: 'is no currency of ISO 4217, as EUR or USD' }),
    time_zone: z.string().refine(isTimeZone, { error: 'is no time zone, as Europe/Berlin' }).optional(),
    pue: pueSchema.optional(),
    default: price.optional(),
    windows: z.array(windowSchema).max(200).default([]),
    node_hour: nodeHourSchema.optional(),
  })
  .superRefine((file, context) => {
    const say = (path: PropertyKey[], message: string) => context.addIssue({ code: 'custom', path, message });
    const { windows, currency } = file;
    if (windows.length > 0 && file.time_zone === undefined)
      say(['time_zone'], 'is missing: whose clock are the windows on?');
    const spans = spansOf(windows.map(windowOf));
    for (const problem of weekProblems(spans, file.default === undefined)) say(['windows'], problem);
    const most = Math.max(file.default ?? 0, ...windows.map(({ price_per_kwh }) => price_per_kwh));
    if (LARGE_UNITS.has(currency) && most > MAX_PRICE_LARGE)
      say(
        ['windows'],
        `${most} ${currency} a kilowatt hour is absurd: prices are in ${currency}, not in its hundredths`,
      );
  });
type TariffFile = z.output<typeof tariffSchema>;

const windowOf = ({ price_per_kwh, ...window }: z.output<typeof windowSchema>) => ({ ...window, price: price_per_kwh });

export interface PricedNode {
  name: string;
  pool: string;
  labels: Readonly<Record<string, string>>;
}

/** A node's rate and what it was found by. */
export interface NodeRate {
  perHour: number;
  by: string;
}

export interface Tariff {
  name: string;
  currency: string;
  timeZone: string;
  pue: TariffFile['pue'];
  /** The mean price of a kilowatt hour over a time. */
  priceOver: (time: { from: number; to: number }) => Mean;
  /** Null: none is set for this node. */
  nodeRate: (node: PricedNode | null) => NodeRate | null;
}

/** The most particular rate of a node: its name, a label, its pool, the default. */
function rateOf(rates: TariffFile['node_hour'], node: PricedNode | null): NodeRate | null {
  if (!rates) return null;
  const labels = Object.entries(node?.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  const found = [
    { perHour: rates.nodes[node?.name ?? ''], by: `node ${node?.name}` },
    ...labels.sort().map((label) => ({ perHour: rates.labels[label], by: `label ${label}` })),
    { perHour: rates.pools[node?.pool ?? ''], by: `pool ${node?.pool}` },
    { perHour: rates.default, by: 'default' },
  ].find(({ perHour }) => perHour !== undefined);
  return found?.perHour === undefined ? null : { perHour: found.perHour, by: found.by };
}

export function tariffOf(file: TariffFile): Tariff {
  const timeZone = file.time_zone ?? 'UTC';
  const spans: Span[] = spansOf(file.windows.map(windowOf));
  const weekMinute = weekClock(timeZone);
  const fallback = file.default ?? 0;
  return {
    name: file.name,
    currency: file.currency,
    timeZone,
    pue: file.pue,
    priceOver: (time) =>
      spans.length === 0 ? { value: fallback, windows: [0] } : meanPrice(spans, fallback, weekMinute, time),
    nodeRate: (node) => rateOf(file.node_hour, node),
  };
}

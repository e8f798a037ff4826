import { type ExporterReason, exporterReasons, type MetricFacts, pageMetrics } from '@ffrtmp/shared/metrics';
import { version } from '@ffrtmp/shared/version';
import { Counter, Gauge, type Registry } from 'prom-client';

/** One series as it is now. */
export interface Sample {
  metric: MetricFacts;
  labels: Readonly<Record<string, string>>;
  value: number;
}

/** A sample with exactly the labels of its metric. A value that is not known has none: null gives no series. */
export function sample<L extends string>(
  metric: MetricFacts<L>,
  value: number | null | undefined,
  labels: Readonly<Record<L, string>> = {} as Record<L, string>,
): Sample[] {
  return value !== null && value !== undefined && Number.isFinite(value) ? [{ metric, labels, value }] : [];
}

export interface Collected {
  samples: readonly Sample[];
  /** `ok`, or why something is missing. */
  reason: ExporterReason;
}

/** One source of a page. What it throws makes its series absent and its health 0, and nothing worse. */
export interface Exporter {
  name: string;
  metrics: readonly MetricFacts[];
  collect: () => Collected | Promise<Collected>;
}

/** A collector's own name of a cause, kept to the list that the page may show. */
export const reasonOf = (cause: string): ExporterReason =>
  exporterReasons.find((reason) => reason === cause) ?? 'failed';

/** Prometheus gives up after 10 s by default, people sooner; what is not there by then is left out. */
const LIMIT_MS = 1000;

/** A metric of the table as prom-client wants it. */
export const settingsOf = <L extends string>({ name, help, labels }: MetricFacts<L>, registry: Registry) => ({
  ...{ name, help, labelNames: [...labels] },
  registers: [registry],
});

type Family = Counter | Gauge;

const familyOf = (facts: MetricFacts, registry: Registry): Family =>
  facts.type === 'counter' ? new Counter(settingsOf(facts, registry)) : new Gauge(settingsOf(facts, registry));

/** The series of a family are those of this page alone: what is gone, or not known now, is not shown. */
function clear(family: Family, { labels }: MetricFacts): void {
  family.reset();
  // A reset leaves a family without labels at 0.
  if (labels.length === 0) family.remove();
}

interface Running {
  exporter: Exporter;
  /** A collection that outlived its page: no second one is begun beside it. */
  pending: Promise<Collected> | null;
}

const failed: Collected = { samples: [], reason: 'failed' };
const slow: Collected = { samples: [], reason: 'slow' };

async function collectFrom(one: Running, limitMs: number): Promise<Sample[]> {
  const startedMs = performance.now();
  const late = one.pending !== null;
  one.pending ??= (async () => one.exporter.collect())()
    .catch(() => failed)
    .finally(() => {
      one.pending = null;
    });
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<Collected>((resolve) => {
    timer = setTimeout(() => resolve(slow), limitMs);
  });
  const { samples, reason } = late ? slow : await Promise.race([one.pending, limit]);
  clearTimeout(timer);
  const exporter = one.exporter.name;
  return [
    ...samples,
    ...sample(pageMetrics.exporterUp, reason === 'ok' ? 1 : 0, { exporter, reason }),
    ...sample(pageMetrics.exporterDuration, (performance.now() - startedMs) / 1000, { exporter }),
  ];
}

const processMetrics = [pageMetrics.processCpu, pageMetrics.processMemory, pageMetrics.processStart];

/** What every program says of itself. */
function processSamples(): Sample[] {
  const { user, system } = process.cpuUsage();
  return [
    ...sample(pageMetrics.build, 1, { version }),
    ...sample(pageMetrics.processCpu, (user + system) / 1e6),
    ...sample(pageMetrics.processMemory, process.memoryUsage.rss()),
    ...sample(pageMetrics.processStart, performance.timeOrigin / 1000),
  ];
}

/**
 * Puts what the exporters say on a registry, at each scrape. Scrapes at the same time share one collection, so that a
 * second scraper costs nothing and takes nothing from the first. An exporter that takes too long is left out of the
 * page and not asked again before it has answered.
 */
export function servePage(
  registry: Registry,
  exporters: readonly Exporter[],
  { limitMs = LIMIT_MS } = {},
): () => Promise<void> {
  const own = [pageMetrics.build, pageMetrics.exporterUp, pageMetrics.exporterDuration, ...processMetrics];
  const all = [...own, ...exporters.flatMap(({ metrics }) => metrics)];
  const families = new Map(all.map((facts) => [facts.name, { facts, family: familyOf(facts, registry) }]));
  const running = exporters.map((exporter): Running => ({ exporter, pending: null }));
  let current: Promise<void> | null = null;

  async function collect(): Promise<void> {
    const collected = await Promise.all(running.map((one) => collectFrom(one, limitMs)));
    for (const { family, facts } of families.values()) clear(family, facts);
    for (const { metric, labels, value } of [...processSamples(), ...collected.flat()]) {
      families.get(metric.name)?.family.inc(labels, value);
    }
  }

  return () => {
    current ??= collect().finally(() => {
      current = null;
    });
    return current;
  };
}

import { type MetricFacts, masterMetrics, workerMetrics } from '@ffrtmp/shared/metrics';
import { code, page, table } from './markdown.ts';

const metricTable = (metrics: Record<string, MetricFacts>) =>
  table(
    ['name', 'type', 'labels', 'meaning'],
    Object.values(metrics).map((metric) => [
      code(metric.name),
      metric.type,
      (metric.labels ?? []).map(code).join(', '),
      metric.help,
    ]),
  );

export function metricsPage(): string {
  return page('Metrics', [
    'In the Prometheus text format 0.0.4 under `/metrics`; a page on another address than loopback needs a viewer key.',
    '## Master, port 9090',
    metricTable(masterMetrics),
    '## Worker, port 9091',
    metricTable(workerMetrics),
  ]);
}

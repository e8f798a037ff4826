import { exporterReasons, type MetricFacts, masterMetrics, pageMetrics, workerMetrics } from '@ffrtmp/shared/metrics';
import { code, page, table } from './markdown.ts';

const meaning = ({ help, buckets }: MetricFacts) => (buckets ? `${help}; buckets ${buckets.join(', ')}` : help);

const metricTable = (metrics: Record<string, MetricFacts>) =>
  table(
    ['name', 'type', 'labels', 'meaning'],
    Object.values(metrics).map((metric) => [
      code(metric.name),
      metric.type,
      metric.labels.map(code).join(', '),
      meaning(metric),
    ]),
  );

export function metricsPage(): string {
  return page('Metrics', [
    'In the Prometheus text format 0.0.4 under `/metrics`; a page on another address than loopback needs a viewer key.',
    'What is not known has no series: nothing is 0 for want of a sensor. Energy stands under its method, scope and quality, and is never added across them. No label holds the id of a job, a task or an attempt. Counters begin at 0 with their program unless they say otherwise.',
    '## Both pages',
    metricTable(pageMetrics),
    `Reasons of an exporter: ${exporterReasons.map(code).join(', ')}.`,
    '## Master, port 9090',
    metricTable(masterMetrics),
    '## Worker, port 9091',
    metricTable(workerMetrics),
  ]);
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Receipt, ReceiptLine } from '@ffrtmp/shared/energy/receipt';
import { sumLines } from '@ffrtmp/shared/energy/receipt';
import type { Job } from '@ffrtmp/shared/job/job';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { jobDetails, jobTable } from './job.ts';
import { receiptText } from './receipt.ts';

const at = '2026-11-20T12:00:00.000Z';
const job: Job = {
  id: '01a1f958-1d25-7d7e-a812-814201503ba3',
  sequence_number: 7,
  tenant_id: 'default',
  name: null,
  scenario: '',
  confidence: 'auto',
  engine: 'auto',
  queue: 'live',
  priority: 'high',
  weight: 30,
  parameters: {},
  encode: resolveEncode({ scenario: '720p-h264-crf20', parameters: {}, hasInput: true }).encode,
  input: { sha256: 'ab'.repeat(32), name: 'film.mkv', bytes: 9_876_543 },
  generate: null,
  outputs: [{ name: 'film.mp4', sha256: 'cd'.repeat(32), bytes: 1_234_567 }],
  limits: null,
  quality: { metrics: ['psnr'], sample: 'auto', on: 'film', once: false },
  classification: 'production',
  labels: { show: 'news' },
  status: 'running',
  progress: { percent: 61.7, phase: 'encode', fps: 48, speed: 1.6, eta_s: 3, frames: 100, energy: [] },
  retry_count: 1,
  max_retries: 3,
  not_before: null,
  error: null,
  failure_class: null,
  quarantined: false,
  warnings: ['scenario: the part "x" is not understood and has no effect'],
  traceparent: null,
  node_id: null,
  node_name: 'worker-01',
  created_at: at,
  started_at: at,
  completed_at: null,
};

test('the list of jobs is one line a job', () => {
  assert.equal(
    jobTable([job], Date.parse(at) + 90_000),
    [
      'SEQ  STATUS   DONE  QUEUE  PRIORITY  JOB       NODE         AGE  ID',
      '  7  running  61 %  live   high      film.mkv  worker-01  1 min  01a1f958-1d25-7d7e-a812-814201503ba3',
    ].join('\n'),
  );
});

test('the view of one job shows every choice that was made', () => {
  assert.equal(
    jobDetails(job),
    [
      'job      7 (01a1f958-1d25-7d7e-a812-814201503ba3)',
      'status   running, 61 %',
      'queue    live, priority high, weight 30',
      'encode   h264 by libx264, preset medium, crf 20, height 720, mp4',
      'input    film.mkv (sha256 abababababab…)',
      'output   film.mp4, 1.23 MB',
      'quality  psnr',
      'labels   show=news',
      'node     worker-01',
      'retries  1 of 3',
      `created  ${at}`,
      `started  ${at}`,
      'warning  scenario: the part "x" is not understood and has no effect',
    ].join('\n'),
  );
});

const energy: Omit<Figure, 'name' | 'value' | 'low' | 'high'> = {
  unit: 'J',
  scope: ['cpu'],
  method: 'm',
  quality: 'estimated',
  coverage: 1,
  source: 'table',
};
const line: ReceiptLine = {
  attempt_id: 'a',
  task_kind: 'transcode',
  attempt: 1,
  node_id: 'n',
  node_name: 'worker-01',
  state: 'failed',
  waste: true,
  cause: 'resource',
  seconds: 2,
  metrics: { duration: 1.5 },
  figures: [{ ...energy, name: 'energy_active', value: 10, low: 5, high: 15 }],
};
const psnr: Omit<Figure, 'name' | 'value' | 'low' | 'high'> = {
  unit: 'dB',
  scope: [],
  method: 'ffmpeg-psnr',
  quality: 'measured',
  coverage: 1,
  source: 'ffmpeg',
};
const lines: ReceiptLine[] = [
  line,
  {
    ...line,
    attempt: 2,
    state: 'succeeded',
    waste: false,
    cause: null,
    metrics: { duration: 4, media_s: 8 },
    figures: [{ ...energy, name: 'energy_active', value: 40, low: 20, high: 60 }],
  },
  {
    ...line,
    task_kind: 'quality',
    state: 'succeeded',
    waste: false,
    cause: null,
    metrics: { duration: 1 },
    figures: [
      { ...energy, name: 'energy_active', value: null, quality: 'none', low: null, high: null, source: 'no sensor' },
      { ...psnr, name: 'psnr', value: 41.5, low: null, high: null },
    ],
  },
];

const noSci = {
  ...{ value: null, low: null, high: null, quality: 'none' as const, energy_kwh: null, intensity_g_per_kwh: null },
  ...{ operational_g: null, embodied_g: null, output_minutes: null, sources: [] },
};

test('a receipt shows each attempt, what was wasted, and what could not be measured', () => {
  const receipt: Receipt = {
    job_id: job.id,
    sequence_number: 7,
    name: null,
    status: 'completed',
    complete: true,
    lines,
    ...sumLines(lines),
    joules_per_megapixel_frame: 0.0123,
    scores: [],
    coverage_ok: null,
    waste: [{ cause: 'resource', attempts: 1, seconds: 2, energy: line.figures, cost: [], carbon: [] }],
    cost: {
      figures: [{ ...energy, name: 'cost_energy', unit: 'EUR', value: 0.0000042, low: 0.0000021, high: 0.0000063 }],
      reason: null,
    },
    carbon: { figures: [], reason: 'no intensity is known' },
    sci: { ...noSci, reason: 'no intensity is known' },
    totals: [],
    outputs: [{ role: 'output', name: 'film.mp4', sha256: 'cd'.repeat(32), bytes: 1_234_567 }],
  };
  assert.equal(
    receiptText(receipt),
    [
      'receipt of job 7: completed',
      '',
      'TASK       ATTEMPT  NODE       STATE             TIME  SPEED  ACTIVE ENERGY',
      'transcode        1  worker-01  failed, wasted  1.50 s      –  10.0 J estimated (5.00–15.0)',
      'transcode        2  worker-01  succeeded       4.00 s  2.00x  40.0 J estimated (20.0–60.0)',
      'quality          1  worker-01  succeeded       1.00 s      –  none: no sensor',
      '',
      'active energy                      40.0 J estimated (20.0–60.0)',
      '                                   cpu, m, 100 % of the time covered; table',
      'active energy of the comparison    none: no sensor',
      'active energy wasted (resource)    10.0 J estimated (5.00–15.0)',
      '                                   cpu, m, 100 % of the time covered; table',
      'active energy per megapixel-frame  0.0123 J',
      'PSNR                               41.50 dB',
      '                                   ffmpeg-psnr; ffmpeg',
      'cost of energy                     0.00000420 EUR estimated (0.00000210–0.00000630)',
      '                                   cpu, m; table',
      'carbon                             none: no intensity is known',
      'SCI                                none: no intensity is known',
      'output                             film.mp4, 1.23 MB',
    ].join('\n'),
  );
});

import type { Job } from '@ffrtmp/shared/job/job';
import { DEFAULT_POOL } from '@ffrtmp/shared/job/resources';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import type { Encode } from '@ffrtmp/shared/media/encoding';
import { formatBytes } from '@ffrtmp/shared/media/units';
import { renderPairs, renderTable } from './table.ts';
import { count, formatAge, orDash, plain } from './text.ts';

/** What people call a job: its own name, else its input, else its scenario. */
export const jobTitle = (job: Job) =>
  plain(job.name ?? job.input?.name ?? (job.scenario === '' ? job.encode.encoder : job.scenario));

/** `h264 by libx264, preset medium, crf 23, 1920x1080, 30 fps`. */
export function encodeText(encode: Encode): string {
  const parts = [
    `${encode.codec} by ${encode.encoder}`,
    encode.preset === null ? '' : `preset ${encode.preset}`,
    encode.crf === null ? '' : `crf ${encode.crf}`,
    encode.bitrate_kbps === null ? '' : `${encode.bitrate_kbps} kbit/s`,
    sizeText(encode),
    encode.fps === null ? '' : `${encode.fps} fps`,
    encode.duration_s === null ? '' : `${encode.duration_s} s`,
    encode.container,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function sizeText({ width, height }: Encode): string {
  if (width !== null && height !== null) return `${width}x${height}`;
  if (width !== null) return `width ${width}`;
  return height === null ? '' : `height ${height}`;
}

const progressText = (job: Job) =>
  job.status === 'running' && job.progress?.percent != null ? `${Math.floor(job.progress.percent)} %` : '';

export function jobTable(jobs: readonly Job[], nowMs: number): string {
  const right = 'right' as const;
  return renderTable(
    [
      { head: 'SEQ', align: right },
      { head: 'STATUS' },
      { head: 'DONE', align: right },
      { head: 'QUEUE' },
      { head: 'PRIORITY' },
      { head: 'JOB' },
      { head: 'NODE' },
      { head: 'AGE', align: right },
      { head: 'ID' },
    ],
    jobs.map((job) => [
      String(job.sequence_number),
      job.status,
      progressText(job),
      job.queue,
      job.priority,
      jobTitle(job),
      orDash(job.node_name),
      formatAge(job.created_at, nowMs),
      job.id,
    ]),
  );
}

/** What is measured, and what the result has to reach to count. */
function qualityText({ metrics, min = {}, on }: NonNullable<Job['quality']>): string {
  const least = Object.entries(min).map(([metric, value]) => `${metric} ${value}`);
  const where = { film: '', p5: ' for 95 % of the frames', worst: ' for every frame' }[on];
  return [metrics.join(', '), ...(least.length > 0 ? [`at least ${least.join(' and ')}${where}`] : [])].join('; ');
}

export function jobDetails(job: Job): string {
  const live = !isTerminalJob(job.status);
  return renderPairs([
    ['job', `${job.sequence_number} (${job.id})`],
    ['name', job.name === null ? undefined : plain(job.name)],
    ['scenario', job.scenario === '' ? undefined : plain(job.scenario)],
    [
      'status',
      `${job.status}${job.quarantined ? ', quarantined' : ''}${progressText(job) && `, ${progressText(job)}`}`,
    ],
    ['why', live && job.why ? plain(job.why.message) : undefined],
    [
      'error',
      job.error === null ? undefined : `${plain(job.error)}${job.failure_class ? ` (${job.failure_class})` : ''}`,
    ],
    ['queue', `${job.queue}, priority ${job.priority}, weight ${job.weight}`],
    ['asks for', needsText(job) || undefined],
    ['encode', encodeText(job.encode)],
    ['input', inputText(job)],
    ['output', job.outputs.map(outputText).join(', ') || undefined],
    ['quality', job.quality === null ? undefined : qualityText(job.quality)],
    [
      'labels',
      Object.entries(job.labels)
        .map(([name, value]) => `${name}=${plain(value)}`)
        .join(', ') || undefined,
    ],
    ['node', job.node_name ?? undefined],
    ['retries', `${job.retry_count} of ${job.max_retries}`],
    ['not before', job.not_before ?? undefined],
    ['deadline', job.deadline ? `${job.deadline}${job.overdue ? ', overdue' : ''}` : undefined],
    ['created', job.created_at],
    ['started', job.started_at ?? undefined],
    ['completed', job.completed_at ?? undefined],
    ...job.warnings.map((warning) => ['warning', plain(warning)] as const),
  ]);
}

/** What the job wants of its node, where it wants anything of its own. */
function needsText({ resources, pool, node_selector: selector }: Job): string {
  const parts = [
    resources?.cpu_threads === undefined ? [] : count(resources.cpu_threads, 'thread'),
    resources?.ram_mb === undefined ? [] : `${resources.ram_mb} MiB memory`,
    resources?.gpu_sessions === undefined ? [] : count(resources.gpu_sessions, 'GPU session'),
    resources?.disk_mb === undefined ? [] : `${resources.disk_mb} MiB free disk`,
    pool == null || pool === DEFAULT_POOL ? [] : `pool ${pool}`,
    ...Object.entries(selector ?? {}).map(([name, value]) => `${name}=${plain(value)}`),
  ];
  return parts.flat().join(', ');
}

function inputText(job: Job): string {
  if (job.input) return `${plain(job.input.name ?? 'file')} (sha256 ${job.input.sha256.slice(0, 12)}…)`;
  const made = job.generate;
  return made ? `generated, ${made.width}x${made.height}, ${made.fps} fps, ${made.duration_s} s` : '–';
}

function outputText(output: Job['outputs'][number]): string {
  return output.sha256 === null
    ? `${plain(output.name)} (not there yet)`
    : `${plain(output.name)}${output.bytes === null ? '' : `, ${formatBytes(output.bytes)}`}`;
}

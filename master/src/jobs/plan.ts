import { type JobRequest, metrics, shortName } from '@ffrtmp/shared/job/job';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { bucket, DEFAULT_POOL, isHardwareEncoder } from '@ffrtmp/shared/job/resources';
import type { Requirement, TaskKind, TaskSpec } from '@ffrtmp/shared/job/task';
import type { Encode, GeneratedInput } from '@ffrtmp/shared/media/encoding';
import { higherQuality } from './higher-quality.ts';
import { isGated } from './verdict.ts';

/** The part of a job that never changes after submit, stored as JSON beside the narrow row. */
export interface JobBody {
  name: string | null;
  external_id: string | null;
  scenario: string;
  confidence: 'auto' | number;
  engine: string;
  parameters: Record<string, unknown>;
  encode: Encode;
  input: { sha256: string; name?: string | undefined; bytes: number } | null;
  generate: GeneratedInput | null;
  outputs: { name: string }[];
  limits: JobRequest['limits'] | null;
  /** Absent in jobs of older masters, like every field behind a question mark. */
  resources?: JobRequest['resources'] | null;
  pool?: string;
  node_selector?: Record<string, string>;
  quality: JobRequest['quality'] | null;
  classification: string;
  labels: Record<string, string>;
  warnings: string[];
  traceparent: string | null;
}

export interface PlannedTask {
  kind: TaskKind;
  mode: 'finite';
  required: boolean;
  /** Positions in the plan of the tasks that have to succeed first. */
  needs: number[];
  requirement: Requirement;
  spec: TaskSpec;
}

/** `film.mkv` -> `film`; an output is named after its input unless the job names it. */
const stem = (name: string) => name.replace(/\.[^.]{1,8}$/, '');

/** A job's name is any text, a file's is not: no folder, no leading dot, not empty. */
const plain = (name: string) => name.replace(/[/\\\p{Cc}]/gu, '_').replace(/^\.+/, '') || 'output';

const withEnding = (name: string, container: string) =>
  name.toLowerCase().endsWith(`.${container}`) ? name : shortName(name, `.${container}`);

export function bodyOf(request: JobRequest, traceparent: string | null, inputBytes: number): JobBody {
  const hasInput = request.input !== undefined;
  const { encode, generate, warnings } = resolveEncode({
    scenario: request.scenario,
    parameters: request.parameters,
    hasInput,
  });
  const wanted = request.outputs?.[0]?.name ?? plain(stem(request.input?.name ?? request.name ?? ''));
  return {
    name: request.name ?? null,
    external_id: request.external_id ?? null,
    scenario: request.scenario,
    confidence: request.confidence,
    engine: request.engine,
    parameters: request.parameters,
    encode,
    input: request.input ? { ...request.input, bytes: inputBytes } : null,
    generate,
    outputs: [{ name: withEnding(wanted, encode.container) }],
    limits: request.limits ?? null,
    resources: request.resources ?? null,
    pool: request.pool,
    node_selector: request.node_selector,
    quality: request.quality ?? null,
    classification: request.classification,
    labels: request.labels,
    warnings,
    traceparent,
  };
}

/** What a task of the job needs of its node: amounts in buckets, so that alike tasks share a class. Pure. */
function requirementOf(body: JobBody, encoder: string | null): Requirement {
  const wanted = body.resources ?? {};
  const sessions = wanted.gpu_sessions ?? (isHardwareEncoder(encoder) ? 1 : 0);
  return {
    engine: 'ffmpeg',
    encoder,
    cpu_threads: wanted.cpu_threads === undefined ? null : bucket(wanted.cpu_threads),
    ram_mb: bucket(wanted.ram_mb ?? 0),
    // A task without an encoder of its own (a comparison) runs on the CPU.
    gpu_sessions: encoder === null ? 0 : sessions,
    disk_mb: bucket(wanted.disk_mb ?? 0),
    pool: body.pool ?? DEFAULT_POOL,
    node_selector: body.node_selector ?? {},
  };
}

/** Whoever judges a result that needs a VMAF must be able to measure one. */
const judgeOf = (body: JobBody): Requirement => ({
  ...requirementOf(body, null),
  ...(body.quality?.min?.vmaf === undefined ? {} : { vmaf: true }),
});

/** What is measured: what was asked for, and what has to reach a least value. */
const metricsOf = ({ metrics: asked, min }: NonNullable<JobRequest['quality']>) =>
  metrics.filter((metric) => asked.includes(metric) || min?.[metric] !== undefined);

/**
 * Turns a job into the tasks that workers claim: the encode and, when asked for, the comparison with its source. A later
 * round is the same plan at higher quality; null where there is none. Pure.
 */
export function planTasks(body: JobBody): PlannedTask[];
export function planTasks(body: JobBody, round: number): PlannedTask[] | null;
export function planTasks(body: JobBody, round = 1): PlannedTask[] | null {
  const encode = higherQuality(body.encode, round - 1);
  if (encode === null) return null;
  const output = body.outputs[0]?.name ?? `output.${body.encode.container}`;
  const limits = body.limits ?? null;
  const transcode: PlannedTask = {
    kind: 'transcode',
    mode: 'finite',
    required: true,
    needs: [],
    requirement: requirementOf(body, body.encode.encoder),
    spec: {
      kind: 'transcode',
      encode,
      generate: body.generate,
      output_name: output,
      keep_source: body.quality !== null && body.generate !== null,
      limits,
    },
  };
  if (!body.quality) return [transcode];
  const quality: PlannedTask = {
    kind: 'quality',
    mode: 'finite',
    required: isGated(body.quality),
    needs: [0],
    requirement: judgeOf(body),
    spec: {
      kind: 'quality',
      encode,
      metrics: metricsOf(body.quality),
      // Absent in jobs of older masters.
      sample: body.quality.sample ?? 'auto',
      limits,
    },
  };
  return [transcode, quality];
}

/** What a stored task has to do: its place says which of the plan it is, its round of which plan. Pure. */
export function plannedTask(body: JobBody, { position, round }: { position: number; round: number }) {
  const first = planTasks(body);
  return round === 1 ? first[position] : planTasks(body, round)?.[position - (round - 1) * first.length];
}

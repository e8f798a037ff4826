import type { Connection } from '@ffrtmp/runtime/connect';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Event } from '@ffrtmp/shared/contract/system';
import type { Job, JobRequestInput, Progress } from '@ffrtmp/shared/job/job';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import type { RunningMaster } from './fleet.ts';

/** A real encode takes seconds; this is far beyond, and below the time limit of a test file. */
const DEFAULT_LIMIT_MS = 90_000;

export interface StreamEvent {
  id: string | undefined;
  name: string;
  data: unknown;
}

const isFor = (field: string) => (line: string) => line.startsWith(`${field}:`);
const textOf = (line: string) => line.slice(line.indexOf(':') + 1).trimStart();

function parseEvent(block: string): StreamEvent | undefined {
  const lines = block.split('\n');
  const data = lines.filter(isFor('data')).map(textOf).join('\n');
  if (data === '') return undefined; // A comment that keeps the connection alive.
  const first = (field: string) => lines.filter(isFor(field)).map(textOf)[0];
  return { id: first('id'), name: first('event') ?? 'message', data: JSON.parse(data) };
}

/** Server-sent events of a path, until the master ends the stream or the signal does. */
export async function* followPath(
  { url, key, client }: Pick<Connection, 'url' | 'key' | 'client'>,
  path: string,
  signal: AbortSignal,
  lastEventId?: string,
): AsyncGenerator<StreamEvent> {
  const headers: Record<string, string> = { accept: 'text/event-stream', authorization: `Bearer ${key}` };
  if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
  const response = await client.settings.fetch(url + path, { headers, signal });
  if (!response.ok || !response.body) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event) yield event;
    }
  }
}

/** Submits one job and returns it as the master stored it. */
export async function submit(master: RunningMaster, request: JobRequestInput): Promise<Job> {
  return (await master.client.call(jobOperations.submit, { body: request })) as Job;
}

/** Waits on the job's own events until `wanted` holds; a job that ends otherwise is an error that shows it. */
export async function waitForJob(
  master: Pick<RunningMaster, 'connection'>,
  id: string,
  wanted: (job: Job) => boolean = (job) => isTerminalJob(job.status),
  limitMs = DEFAULT_LIMIT_MS,
): Promise<Job> {
  let last: Job | undefined;
  const signal = AbortSignal.timeout(limitMs);
  try {
    for await (const event of followPath(master.connection, `/jobs/${id}/events`, signal)) {
      if (event.name !== 'job') continue;
      last = event.data as Job;
      if (wanted(last)) return last;
    }
  } catch (error) {
    throw signal.aborted ? new Error(`after ${limitMs} ms ${shown(last)}`) : error;
  }
  throw new Error(`the job's events ended while ${shown(last)}`);
}

const shown = (job: Job | undefined) =>
  job
    ? `the job is ${job.status}: ${JSON.stringify({ error: job.error, why: job.why, progress: job.progress })}`
    : 'no job was seen';

/** Waits for one event of the master's log, e.g. an attempt of this job that goes to `running`. */
export async function waitForEvent(
  master: Pick<RunningMaster, 'connection'>,
  wanted: (event: Event) => boolean,
  options: { limitMs?: number; after?: string } = {},
): Promise<Event> {
  const signal = AbortSignal.timeout(options.limitMs ?? DEFAULT_LIMIT_MS);
  for await (const event of followPath(master.connection, '/events', signal, options.after ?? '0')) {
    const found = event.data as Event;
    if (found.seq !== undefined && wanted(found)) return found;
  }
  throw new Error('the master ended its event stream before that event came');
}

/** Waits until the encode of a job has given its first frames: its process is in the middle of its work. */
export function waitForEncode(
  master: Pick<RunningMaster, 'connection'>,
  id: string,
  limitMs?: number,
): Promise<Progress> {
  return waitForProgress(master, id, (progress) => progress.phase === 'encode' && (progress.frames ?? 0) > 0, limitMs);
}

export async function waitForProgress(
  { connection }: Pick<RunningMaster, 'connection'>,
  id: string,
  wanted: (progress: Progress) => boolean,
  limitMs = DEFAULT_LIMIT_MS,
): Promise<Progress> {
  for await (const event of followPath(connection, `/jobs/${id}/events`, AbortSignal.timeout(limitMs))) {
    const { progress } = event.data as { progress: Progress | null };
    if (event.name === 'progress' && progress && wanted(progress)) return progress;
  }
  throw new Error('the job ended before that progress came');
}

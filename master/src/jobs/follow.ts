import type { Event } from '@ffrtmp/shared/contract/system';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import type { EventStream } from '../http/events.ts';
import type { LogStore } from './logs.ts';
import type { JobParts } from './parts.ts';
import type { AttemptProgress, ProgressBoard } from './progress.ts';
import { type JobRow, jobBySeq } from './store.ts';
import { viewJob } from './view.ts';

/**
 * Streams one job until it has ended: `job` (the whole job, at once and after each of its changes), `event` (an entry of
 * the log) and `progress`. The last `job` event is the terminal one.
 */
export async function followJob(
  parts: JobParts,
  board: ProgressBoard,
  job: JobRow,
  stream: EventStream,
): Promise<void> {
  /** A store that does not answer ends the stream: its reader comes again. */
  let queue = Promise.resolve();
  async function sendJob(): Promise<void> {
    const [row] = await parts.db.read(jobBySeq, { seq: job.seq });
    if (!row) return stream.end();
    stream.send({ event: 'job', data: await viewJob(parts, parts.db.read, row) });
    if (isTerminalJob(row.state)) stream.end();
  }
  const onEvent = (event: Event) => {
    if (event.job_id !== job.id) return;
    stream.send({ event: 'event', data: event, id: event.seq });
    if (event.kind === 'job') queue = queue.then(sendJob).catch(stream.end);
  };
  const unsubscribe = [
    parts.events.subscribe(onEvent),
    board.subscribe((progress) => {
      if (progress.jobId === job.id) stream.send({ event: 'progress', data: progressView(parts, progress) });
    }),
  ];
  queue = queue.then(sendJob).catch(stream.end);
  await stream.closed;
  for (const end of unsubscribe) end();
}

const progressView = (parts: JobParts, progress: AttemptProgress) => ({
  job_id: progress.jobId,
  task_id: progress.taskId,
  attempt_id: progress.attemptId,
  task_kind: progress.taskKind,
  node_name: parts.nodeName(progress.nodeId),
  progress: progress.progress,
});

/** Streams the log of one job from its beginning until the job has ended. */
export async function followLog(
  parts: JobParts,
  logs: LogStore,
  job: JobRow,
  attemptIds: string[],
  stream: EventStream,
): Promise<void> {
  const endWhenOver = async () => {
    const [row] = await parts.db.read(jobBySeq, { seq: job.seq });
    if (!row || isTerminalJob(row.state)) stream.end();
  };
  const unsubscribe = [
    logs.subscribe((chunk) => {
      if (chunk.jobId === job.id)
        stream.send({ event: 'log', data: { attempt_id: chunk.attemptId, text: chunk.text } });
    }),
    parts.events.subscribe((event) => {
      if (event.job_id === job.id && event.kind === 'job') endWhenOver().catch(stream.end);
    }),
  ];
  for (const attemptId of attemptIds) {
    const text = logs.read(attemptId);
    if (text !== '') stream.send({ event: 'log', data: { attempt_id: attemptId, text } });
  }
  await endWhenOver();
  await stream.closed;
  for (const end of unsubscribe) end();
}

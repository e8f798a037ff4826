import type { Connection } from '@ffrtmp/runtime/connect';
import { fillPath } from '@ffrtmp/shared/client';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { type Job, jobSchema, progressSchema } from '@ffrtmp/shared/job/job';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import { taskKindSchema } from '@ffrtmp/shared/job/task';
import { z } from 'zod';
import { followStream } from './stream.ts';

const progressEventSchema = z.object({
  attempt_id: z.string(),
  task_kind: taskKindSchema,
  node_name: z.string().nullish(),
  progress: progressSchema,
});
export type ProgressEvent = z.infer<typeof progressEventSchema>;

/** What happens to a job, as it happens: its view after each change, and progress in between. */
export type JobUpdate =
  | { kind: 'job'; job: Job; body: unknown }
  | { kind: 'progress'; progress: ProgressEvent; body: unknown };

export interface FollowOptions {
  signal: AbortSignal;
  onOutage?: (reason: string) => void;
}

/** Follows one job until it has ended. Survives a restart of the master. */
export async function* followJob(
  connection: Connection,
  id: string,
  options: FollowOptions,
): AsyncGenerator<JobUpdate> {
  let ended = false;
  const stream = followStream(connection, fillPath(jobOperations.events.path, { id }), {
    ...options,
    isDone: () => ended,
  });
  for await (const frame of stream) {
    const body: unknown = JSON.parse(frame.data);
    if (frame.event === 'job') {
      const job = jobSchema.parse(body);
      ended = isTerminalJob(job.status);
      yield { kind: 'job', job, body };
    } else if (frame.event === 'progress') {
      const progress = progressEventSchema.safeParse(body);
      // A newer master may send progress of kinds this program does not know; the job view still arrives.
      if (progress.success) yield { kind: 'progress', progress: progress.data, body };
    }
  }
}

const logEventSchema = z.object({ attempt_id: z.string().nullish(), text: z.string() });

/**
 * Follows the log of a job until it has ended. `hasEnded` asks the master, because the stream alone cannot tell. Each
 * connection begins with the whole log so far; what was given out before is left out.
 */
export async function* followLog(
  connection: Connection,
  id: string,
  options: FollowOptions & { hasEnded: () => Promise<boolean> },
): AsyncGenerator<string> {
  const path = `${fillPath(jobOperations.logs.path, { id })}?follow=1`;
  const givenChars = new Map<string, number>();
  const seenChars = new Map<string, number>();
  const stream = followStream(connection, path, {
    ...options,
    isDone: options.hasEnded,
    onConnect: () => seenChars.clear(),
  });
  for await (const frame of stream) {
    if (frame.event !== 'log') continue;
    const { attempt_id, text } = logEventSchema.parse(JSON.parse(frame.data));
    const attempt = attempt_id ?? '';
    const from = seenChars.get(attempt) ?? 0;
    const given = givenChars.get(attempt) ?? 0;
    seenChars.set(attempt, from + text.length);
    givenChars.set(attempt, Math.max(given, from + text.length));
    const news = text.slice(Math.max(0, given - from));
    if (news !== '') yield news;
  }
}

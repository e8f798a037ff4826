import type { Why } from '@ffrtmp/shared/job/job';
import type { Requirement } from '@ffrtmp/shared/job/task';
import { explain } from '../scheduling/explain.ts';
import { firstHold } from '../scheduling/holds.ts';
import type { JobParts } from './parts.ts';
import { type JobRow, liveAttemptOf, tasksOfJob } from './store.ts';

const anything: Requirement = { engine: 'ffmpeg', encoder: null };

/** Gathers what the pure explanation looks at: the job's few tasks and what memory knows of the nodes. */
export async function whyOf(parts: JobParts, job: JobRow): Promise<Why> {
  const rows = await parts.db.read(tasksOfJob, { seq: job.seq });
  const tasks = await Promise.all(
    rows.map(async (row) => {
      const [attempt] = row.state === 'active' ? await parts.db.read(liveAttemptOf, { task: row.id }) : [];
      const requirement = parts.lanes.of(row.class_id)?.requirement ?? anything;
      return {
        kind: row.kind,
        state: row.state,
        requirement,
        nodeName: attempt ? parts.nodeName(attempt.node_id) : null,
      };
    }),
  );
  const retryDueMs = rows.find((row) => row.state === 'ready' && row.failures > 0)?.due_at ?? null;
  const held = { paused: job.state === 'paused', notBeforeMs: job.not_before, retryDueMs };
  const hold = firstHold(held, parts.clock.now());
  return explain({ jobState: job.state, tasks, hold, nodes: parts.knownNodes() });
}

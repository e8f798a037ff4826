import type { Progress } from '@ffrtmp/shared/job/job';

export interface AttemptProgress {
  jobId: string;
  taskId: string;
  attemptId: string;
  taskKind: string;
  nodeId: string;
  progress: Progress;
}

/** Progress of running attempts. It lives in memory alone: the next report replaces it, and a restart costs one interval. */
export interface ProgressBoard {
  report: (progress: AttemptProgress) => void;
  forget: (attemptId: string) => void;
  ofJob: (jobId: string) => Progress | null;
  subscribe: (listener: (progress: AttemptProgress) => void) => () => void;
}

/** The part of a report that changes when an attempt gets on. */
const stand = ({ phase, percent, frames }: Progress) => `${phase} ${percent} ${frames}`;

export function createProgressBoard(onMoved: (attemptId: string) => void): ProgressBoard {
  const byAttempt = new Map<string, AttemptProgress>();
  const latestOfJob = new Map<string, AttemptProgress>();
  const listeners = new Set<(progress: AttemptProgress) => void>();
  return {
    report(progress) {
      const before = byAttempt.get(progress.attemptId);
      if (!before || stand(before.progress) !== stand(progress.progress)) onMoved(progress.attemptId);
      byAttempt.set(progress.attemptId, progress);
      latestOfJob.set(progress.jobId, progress);
      for (const listener of listeners) listener(progress);
    },
    forget(attemptId) {
      const known = byAttempt.get(attemptId);
      byAttempt.delete(attemptId);
      if (known && latestOfJob.get(known.jobId)?.attemptId === attemptId) latestOfJob.delete(known.jobId);
    },
    ofJob: (jobId) => latestOfJob.get(jobId)?.progress ?? null,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

import type { AttemptFact, Evidence } from '../check/evidence.ts';
import type { Stage } from './simulate.ts';
import { EPOCH_MS } from './world.ts';

/** Was another node there that could have taken it: heard of by this very master, lately, and not gone since? */
function othersThere({ plan, observed }: Stage, nodeId: string, atMs: number): string[] {
  const since = Math.max(atMs - plan.leaseMs / 2, ...observed.readyAt.filter((ready) => ready <= atMs));
  const last = new Map<string, boolean>();
  for (const visit of observed.visits) if (visit.at > since && visit.at < atMs) last.set(visit.nodeId, visit.left);
  return [...last].filter(([other, left]) => other !== nodeId && !left).map(([other]) => other);
}

/** A task goes elsewhere after it failed or was lost, as long as there is an elsewhere. Every node here can run all. */
export function judgeReturns(evidence: Evidence, stage: Stage): string[] {
  const retried = new Set(
    evidence.events.filter((one) => one.reason === 'retried by request').map((one) => one.job_id),
  );
  const seqs = new Set(evidence.jobs.filter((job) => retried.has(job.id)).map((job) => job.seq));
  const byTask = Map.groupBy(evidence.attempts, (attempt) => attempt.task_id);
  return [...byTask].flatMap(([task, own]) => {
    let bad: AttemptFact | undefined;
    return own.flatMap((attempt) => {
      const avoided = bad?.node_id === attempt.node_id && !seqs.has(attempt.job_seq);
      const others = avoided ? othersThere(stage, attempt.node_id, attempt.leased_at) : [];
      if (attempt.state === 'failed' || attempt.state === 'lost') bad = attempt;
      return others.length === 0
        ? []
        : [
            `I11: attempt ${attempt.number} of task ${task} went back to ${attempt.node_id} at ${attempt.leased_at - EPOCH_MS} while ${others} was there`,
          ];
    });
  });
}

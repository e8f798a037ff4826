import { hash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { judge as judgeEvidence } from '../check/check.ts';
import { type Evidence, gather } from '../check/evidence.ts';
import type { JournalEntry } from '../check/journal.ts';
import { expiredLeaseIsReclaimedInTime } from '../check/time.ts';
import { NOWHERE } from './clients.ts';
import { judgeReturns } from './returns.ts';
import type { Stage } from './simulate.ts';
import { EPOCH_MS } from './world.ts';

const HOUR_MS = 3_600_000;
/** Rows carry whole milliseconds, and a reply is noticed a turn after its commit. */
const SLACK_MS = 50;

/** What the master's clock would have said had it never jumped: jumps are whole hours, simulations last minutes. */
function unjumped(ms: number): number {
  const passed = ms - EPOCH_MS;
  return EPOCH_MS + passed - Math.round(passed / HOUR_MS) * HOUR_MS;
}

/** I9 on the one clock that does not jump, from the signs of life as the master took them. */
function judgeTime(evidence: Evidence, { plan, observed }: Stage): string[] {
  const { readyAt, stills } = observed;
  const options = { leaseMs: plan.leaseMs, readyAt, stoodStill: stills, slackMs: SLACK_MS };
  const attempts = evidence.attempts.map((attempt) => ({
    ...attempt,
    leased_at: unjumped(attempt.leased_at),
    ended_at: attempt.ended_at === null ? null : unjumped(attempt.ended_at),
  }));
  return expiredLeaseIsReclaimedInTime({ ...evidence, attempts, journal: observed.signs, options }).map(
    (sentence) => `I9: ${sentence}`,
  );
}

/** P5b: when nothing but the master fails, no attempt is lost and no encode is run twice. */
function judgeAbsence(evidence: Evidence, { plan }: Stage): string[] {
  if (!plan.masterOnly) return [];
  return (
    evidence.attempts
      // One that never began was lost with the reply of its claim, and no frame with it.
      .filter((attempt) => (attempt as { started_at?: number | null }).started_at !== null)
      .filter((attempt) => attempt.state === 'lost' || attempt.state === 'failed')
      .map(
        (attempt) => `P5b: attempt ${attempt.id} is ${attempt.state}, and only the master was away: ${attempt.error}`,
      )
  );
}

/** I6 and P4: nothing renews an attempt that has ended. */
function judgeRenewals(evidence: Evidence, { observed }: Stage): string[] {
  const endOf = new Map(
    evidence.attempts.map((one) => [one.id, one.ended_at === null ? null : unjumped(one.ended_at)]),
  );
  return observed.signs.flatMap((sign) => {
    const end = sign.kind === 'renewed' ? endOf.get(sign.attemptId) : null;
    return end !== null && end !== undefined && sign.at > end + SLACK_MS
      ? [`I6: attempt ${sign.kind === 'renewed' ? sign.attemptId : ''} was renewed ${sign.at - end} ms after its end`]
      : [];
  });
}

/** A claim ends every lease of its node that the agent had not heard of when it asked. */
function judgeClaims(evidence: Evidence, { observed }: Stage): string[] {
  const byNode = Map.groupBy(evidence.attempts, (attempt) => attempt.node_id);
  return observed.claims.flatMap(({ at, sentAt, nodeId, known }) =>
    (byNode.get(nodeId) ?? [])
      .filter((one) => unjumped(one.leased_at) < sentAt && (one.ended_at === null || unjumped(one.ended_at) > at + 1))
      .filter((one) => !known.includes(one.id))
      .map((one) => `P5: attempt ${one.id} stays with ${nodeId}, whose agent does not know of it`),
  );
}

const tables = ['jobs', 'tasks', 'attempts', 'attempt_results', 'artifacts', 'files', 'events', 'idempotency'];

/** One line for all rows, so that two runs of a seed can be compared to the last id. */
function fingerprint(database: DatabaseSync): string {
  const rows = tables.map((table) => JSON.stringify(database.prepare(`SELECT * FROM ${table}`).all()));
  return `rows ${hash('sha256', rows.join('\n'), 'hex')}`;
}

/** All that was told, in the order in which it was said. */
function journalOf({ journal, told }: Stage['observed']): JournalEntry[] {
  const said = told.toSorted((a, b) => a.performedAtMs - b.performedAtMs);
  return [...journal, ...said.map(({ entry }) => entry)];
}

/** The independent checker over the database, the folders and the journals, and what was found on the way. */
export function judge(stage: Stage): { violations: string[]; rows: string; jobs: number } {
  const { master, agents, observed, points } = stage;
  const database = new DatabaseSync(master.path, { readOnly: true });
  try {
    const agentDirs = agents.map((agent) => agent.dataDir);
    const lanes = observed.lanes;
    const options = { dataDir: master.dataDir, agentDirs, swept: true, ...(lanes ? { lanes } : {}) };
    const evidence = gather(database, journalOf(observed), options);
    // A task that was released by a clock an hour ahead may be leased when it is right again.
    const jumped = points['clock jump'] !== undefined;
    const tooEarly = (sentence: string) => jumped && sentence.includes('before its job’s not_before');
    // What no node can run stays pending after a retry, even one whose reply was lost and is in no journal.
    const nowhere = [...evidence.names].filter(([, name]) => name.endsWith(NOWHERE)).map(([id]) => id);
    const revived = (sentence: string) =>
      sentence.includes('was canceled with a 200') && nowhere.some((id) => sentence.includes(id));
    const found = judgeEvidence(evidence).filter((sentence) => !tooEarly(sentence) && !revived(sentence));
    const violations = [...found, ...judgeTime(evidence, stage), ...judgeAbsence(evidence, stage)];
    violations.push(...judgeRenewals(evidence, stage), ...judgeClaims(evidence, stage));
    violations.push(...(jumped ? [] : judgeReturns(evidence, stage)));
    // Nothing can break a promise of a master that never made one.
    if (observed.readyAt.length === 0) violations.push('no master ever became ready');
    return {
      violations: [...observed.violations, ...violations],
      rows: fingerprint(database),
      jobs: evidence.jobs.length,
    };
  } finally {
    database.close();
  }
}

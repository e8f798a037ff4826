import type { CheckOptions, Evidence } from './evidence.ts';

/** RELIABILITY P5: from the end of a lease to the end of its attempt. */
const RECLAIM_MS = 2000;
/** The one reason for `lost` that does not wait for the clock: the agent itself says that it knows nothing of it. */
const disowned = /no longer knows/;

interface Sign {
  /** When the last renewal that its agent knows of was asked for. */
  sentAt: number;
  /** When the master heard of it last. */
  at: number;
}

/** The last signs of life of each attempt, from the replies the agents got. Between sending and reply lies the grant. */
function lastSigns({ journal }: Evidence): Map<string, Sign> {
  const signs = new Map<string, Sign>();
  for (const entry of journal) {
    if (entry.kind !== 'claimed' && entry.kind !== 'renewed' && entry.kind !== 'heard') continue;
    const known = signs.get(entry.attemptId);
    if (known && entry.at <= known.at) continue;
    if (entry.kind !== 'heard') signs.set(entry.attemptId, { sentAt: entry.sentAt, at: entry.at });
    else if (known) signs.set(entry.attemptId, { ...known, at: entry.at });
  }
  return signs;
}

/** The latest time at which a lease last renewed at `at` may end: restarts give full terms, standstill gives time. */
function latestEnd(at: number, ended: number, { leaseMs = 0, readyAt = [], stoodStill = [] }: CheckOptions): number {
  const renewals = [at, ...readyAt.filter((ready) => ready <= ended)];
  let deadline = Math.max(...renewals) + leaseMs + RECLAIM_MS;
  // One that begins within the time to take it back after another puts that off again.
  for (const { from, until } of stoodStill.toSorted((a, b) => a.from - b.from))
    if (from <= deadline) deadline = Math.max(deadline, until + RECLAIM_MS);
  return deadline;
}

/** I9: a lease that ran out is taken back within the lease and 2 s of the last renewal, and never before it ran out. */
export function expiredLeaseIsReclaimedInTime(evidence: Evidence): string[] {
  const { options, attempts } = evidence;
  const { leaseMs, slackMs = 0 } = options;
  if (leaseMs === undefined) return [];
  const signs = lastSigns(evidence);
  return attempts.flatMap((attempt) => {
    const sign = signs.get(attempt.id);
    if (attempt.state !== 'lost' || attempt.ended_at === null || disowned.test(attempt.error ?? '')) return [];
    const faults: string[] = [];
    const since = sign?.at ?? attempt.leased_at;
    const late = attempt.ended_at - latestEnd(since, attempt.ended_at, options);
    // Without a whole journal of its renewals an attempt may have been renewed later than anybody here knows.
    if (sign !== undefined && !options.renewalsUnknown && late > slackMs)
      faults.push(`attempt ${attempt.id} was taken back ${late} ms too late`);
    const early = (sign?.sentAt ?? attempt.leased_at) + leaseMs - attempt.ended_at;
    if (early > slackMs) faults.push(`attempt ${attempt.id} was taken back ${early} ms before its lease ran out`);
    return faults;
  });
}

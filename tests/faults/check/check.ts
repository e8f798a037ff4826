import type { DatabaseSync } from 'node:sqlite';
import {
  acknowledgedClaimExists,
  countersStayWithinLimits,
  noNodeHoldsTooMuch,
  noWriteOfALowerAttempt,
  oneLiveLeaseOfATask,
} from './attempts.ts';
import { onlyLegalEdges } from './edges.ts';
import { type CheckOptions, type Evidence, gather } from './evidence.ts';
import {
  acknowledgedCompletionStands,
  lanesAgreeWithRows,
  logsAreWhole,
  onePublishedSet,
  storeIsSound,
} from './files.ts';
import {
  acceptedIsSumOverStates,
  acknowledgedSubmitExists,
  atMostOneCompletion,
  failureIsVisible,
  jobsAgreeWithTasks,
  nothingStartsTooEarlyOrTooLate,
  oneJobForEachKey,
  onlyTheLatestRoundCounts,
} from './jobs.ts';
import type { JournalEntry } from './journal.ts';
import { expiredLeaseIsReclaimedInTime } from './time.ts';

/** Each invariant of RELIABILITY that rows, events, files and a journal can show. */
const invariants: readonly [string, (evidence: Evidence) => string[]][] = [
  ['I1', acceptedIsSumOverStates],
  ['I2', acknowledgedSubmitExists],
  ['I3', acknowledgedCompletionStands],
  ['I4', atMostOneCompletion],
  ['I4', onlyTheLatestRoundCounts],
  ['I5', oneLiveLeaseOfATask],
  ['I5', acknowledgedClaimExists],
  ['I6', noWriteOfALowerAttempt],
  ['I7', countersStayWithinLimits],
  ['I7', failureIsVisible],
  ['I8', onlyLegalEdges],
  ['I8', jobsAgreeWithTasks],
  ['I9', expiredLeaseIsReclaimedInTime],
  ['I10', noNodeHoldsTooMuch],
  ['I15', oneJobForEachKey],
  ['I16', lanesAgreeWithRows],
  ['I17', logsAreWhole],
  ['I19', storeIsSound],
  ['I21', onePublishedSet],
  ['I22', nothingStartsTooEarlyOrTooLate],
];

/** Violations as sentences, each with its invariant; none when everything holds. Reads nothing but the evidence. */
export const judge = (evidence: Evidence): string[] =>
  invariants.flatMap(([name, invariant]) => invariant(evidence).map((sentence) => `${name}: ${sentence}`));

/** The independent checker: it knows the tables and the promises, and nothing of the code that fills them. */
export const check = (database: DatabaseSync, journal: readonly JournalEntry[], options: CheckOptions = {}): string[] =>
  judge(gather(database, journal, options));

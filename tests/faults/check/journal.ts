/**
 * What somebody outside the master was told, kept outside the master: the other half of the evidence. Load generators
 * and fake agents append an entry when a reply has arrived, and only then. Times are milliseconds since 1970 on the
 * writer's clock.
 */
export type JournalEntry =
  /** 201: the job is accepted. `body` is any text that is the same for the same request. */
  | { kind: 'submitted'; at: number; jobId: string; key: string; body?: string }
  /** A reply handed out this attempt. `sentAt` is when the claim was asked for. */
  | {
      kind: 'claimed';
      at: number;
      sentAt: number;
      jobId: string;
      taskId: string;
      attemptId: string;
      number: number;
      nodeId: string;
    }
  /** A heartbeat or a progress call was answered with this lease among the renewed ones. */
  | { kind: 'renewed'; at: number; sentAt: number; attemptId: string }
  /** 507 to a heartbeat or a progress call: it was heard, and the lease may have been renewed without a word. */
  | { kind: 'heard'; at: number; attemptId: string }
  /** 200 to a result with status `completed`; `digest` as `outputDigest` makes it. */
  | { kind: 'completed'; at: number; jobId: string; attemptId: string; digest: string; repeated?: boolean }
  /** 200 to a result with another status. */
  | { kind: 'ended'; at: number; jobId: string; attemptId: string; status: 'failed' | 'canceled' }
  /** 409 `stale_attempt`: nothing this attempt does may take effect from here on. */
  | { kind: 'stale'; at: number; attemptId: string }
  /** 200 to a log chunk: these bytes are in the log of the attempt from this offset on. */
  | { kind: 'logged'; at: number; attemptId: string; offset: number; text: string }
  /** 200 to a cancel of the job. */
  | { kind: 'canceled'; at: number; jobId: string }
  /** 200 to a retry of the job. */
  | { kind: 'retried'; at: number; jobId: string };

export type Entry<K extends JournalEntry['kind']> = Extract<JournalEntry, { kind: K }>;

export const entriesOf = <K extends JournalEntry['kind']>(journal: readonly JournalEntry[], kind: K): Entry<K>[] =>
  journal.filter((entry): entry is Entry<K> => entry.kind === kind);

/** One text for the published set of an attempt, whatever order its files are listed in. */
export const outputDigest = (files: readonly { role: string; index: number; sha256: string }[]): string =>
  files
    .map(({ role, index, sha256 }) => `${role}/${index}:${sha256}`)
    .sort()
    .join(' ');

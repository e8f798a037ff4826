import type { Connection } from '@ffrtmp/runtime/connect';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Job, JobRequestInput } from '@ffrtmp/shared/job/job';
import type { JournalEntry } from '../check/journal.ts';
import type { Random } from '../random.ts';
import { insist } from './calls.ts';
import { pace } from './pace.ts';

export interface SubmitterSettings {
  connection: Connection;
  journal: JournalEntry[];
  random: Random;
  /** Makes the keys of two loads on one master differ. */
  name: string;
  clients: number;
  /** Submits pause while so many jobs have neither completed nor been canceled by the journal. */
  maxOpen: number;
  request: (random: Random) => JobRequestInput;
  /** How many jobs have not ended, where the journal cannot tell: real agents write none. */
  openJobs?: () => number;
}

export interface Submitters {
  /** Ends the load after each client's call under way has been answered: a call given up may have been carried out. */
  stop: () => Promise<void>;
  submitted: () => number;
}

/** Where a promise was broken in the very reply: found at once and not by the checker. */
export const brokenPromise = (text: string) => new Error(`broken promise: ${text}`);

/** Submits, repeats, contradicts itself and changes its mind, and journals every acknowledgement. */
export function startSubmitters(settings: SubmitterSettings): Submitters {
  const { connection, journal, random, name, clients, maxOpen, request } = settings;
  const stopped = new AbortController();
  // Ends calls as well: after a client has met a broken promise nobody waits for the others.
  const broken = new AbortController();
  const { signal } = broken;
  const sent: { key: string; jobId: string; body: JobRequestInput }[] = [];
  let count = 0;
  // Kept as it is written, for a journal of thousands is not counted again at each submit.
  let open = 0;
  let read = 0;
  const openJobs = () => {
    if (settings.openJobs) return settings.openJobs();
    for (; read < journal.length; read += 1) {
      const entry = journal[read];
      if (entry?.kind === 'submitted') open += 1;
      if (entry?.kind === 'completed' || entry?.kind === 'canceled') open -= 1;
    }
    return open;
  };

  async function submit(key: string, body: JobRequestInput): Promise<void> {
    const headers = { 'idempotency-key': key };
    const job = (await insist(
      () => connection.client.call(jobOperations.submit, { headers, body, signal }),
      signal,
    )) as Job;
    const again = sent.find((one) => one.key === key);
    if (again && again.jobId !== job.id) throw brokenPromise(`the key ${key} made ${again.jobId} and ${job.id}`);
    if (again) return;
    sent.push({ key, jobId: job.id, body });
    journal.push({ kind: 'submitted', at: Date.now(), jobId: job.id, key, body: JSON.stringify(body) });
  }

  async function contradict(): Promise<void> {
    const { key, body } = random.pick(sent);
    const other = { ...body, priority: body.priority === 'low' ? 'high' : 'low' } as const;
    const call = () =>
      connection.client.call(jobOperations.submit, { headers: { 'idempotency-key': key }, body: other, signal });
    try {
      await insist(call, signal);
    } catch (error) {
      if (error instanceof FfrtmpError && error.code === 'idempotency_mismatch') return;
      throw error;
    }
    throw brokenPromise(`the key ${key} was taken with another body`);
  }

  /** 409 is no fault: the job may have ended, or this very call may have been carried out and its reply lost. */
  async function change(verb: 'cancel' | 'pause' | 'resume', id: string): Promise<void> {
    try {
      await insist(() => connection.client.call(jobOperations[verb], { params: { id }, signal }), signal);
    } catch (error) {
      if (error instanceof FfrtmpError && error.code === 'conflict') return;
      throw error;
    }
    if (verb === 'cancel') journal.push({ kind: 'canceled', at: Date.now(), jobId: id });
  }

  async function act(): Promise<void> {
    const what = sent.length < 10 ? 1 : random.next();
    const recent = sent.at(-random.whole(1, Math.min(10, sent.length)));
    if (what < 0.04 && recent) return submit(recent.key, recent.body);
    if (what < 0.06) return contradict();
    if (what < 0.1 && recent) return change('cancel', recent.jobId);
    if (what < 0.13 && recent) return change('pause', recent.jobId).then(() => change('resume', recent.jobId));
    count += 1;
    const key = `${name}-${count}`;
    return submit(key, { name: key, ...request(random) });
  }

  async function client(): Promise<void> {
    while (!stopped.signal.aborted && !signal.aborted) {
      if (openJobs() >= maxOpen) await pace(20, stopped.signal);
      else
        await act().catch((error: unknown) => {
          if (signal.aborted) return;
          broken.abort();
          throw error;
        });
    }
  }

  const running = Promise.all(Array.from({ length: clients }, client));
  running.catch(() => undefined);
  return {
    async stop() {
      stopped.abort();
      await running;
    },
    submitted: () => count,
  };
}

/** Small, of all queues, sometimes due only in a moment. */
export const mixedRequest = (random: Random): JobRequestInput => ({
  scenario: '64x36-h264-ultrafast',
  parameters: { duration: 0.2, width: 64, height: 36 },
  queue: random.pick(['live', 'default', 'batch'] as const),
  priority: random.pick(['high', 'medium', 'low'] as const),
  ...(random.chance(0.05) ? { not_before: new Date(Date.now() + random.whole(100, 900)).toISOString() } : {}),
});

import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { opendir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';

/** A log is for reading: what an attempt says beyond this is counted, marked and dropped. */
const MAX_LOG_BYTES = 8 << 20;
const ENDING = '.log';
const TRUNCATED = '\n[log truncated: the limit of 8 MB an attempt is reached]\n';

export interface LogChunk {
  jobId: string;
  attemptId: string;
  text: string;
}

export interface StoredLog {
  attemptId: string;
  bytes: number;
}

/** One file an attempt in the data directory. Offsets count the bytes the agent sent, so that repeats change nothing. */
export interface LogStore {
  append: (jobId: string, attemptId: string, offset: number, chunk: string) => number;
  read: (attemptId: string) => string;
  /** The end of a log, at most so many bytes, from the beginning of a character. */
  tail: (attemptId: string, bytes: number) => string;
  /** Every log there is, one after the other, in no order. */
  each: () => AsyncIterable<StoredLog>;
  remove: (attemptIds: readonly string[]) => Promise<void>;
  subscribe: (listener: (chunk: LogChunk) => void) => () => void;
}

export function createLogStore(dataDir: string): LogStore {
  const folder = join(dataDir, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const listeners = new Set<(chunk: LogChunk) => void>();
  const pathOf = (attemptId: string) => join(folder, attemptId + ENDING);
  const sizeOf = (attemptId: string) => (existsSync(pathOf(attemptId)) ? statSync(pathOf(attemptId)).size : 0);

  function write(jobId: string, attemptId: string, bytes: Buffer): void {
    const file = openSync(pathOf(attemptId), 'a', 0o600);
    writeSync(file, bytes);
    closeSync(file);
    const chunk = { jobId, attemptId, text: bytes.toString('utf8') };
    for (const listener of listeners) listener(chunk);
  }

  return {
    append(jobId, attemptId, offset, chunk) {
      const bytes = Buffer.from(chunk, 'utf8');
      const size = sizeOf(attemptId);
      if (size >= MAX_LOG_BYTES) return offset + bytes.length;
      if (offset > size) {
        throw new FfrtmpError('log_gap', `the log of this attempt has ${size} bytes, not ${offset}`, {
          expected_offset: size,
        });
      }
      const fresh = bytes.subarray(size - offset);
      if (fresh.length === 0) return size;
      write(jobId, attemptId, fresh);
      if (size + fresh.length >= MAX_LOG_BYTES) write(jobId, attemptId, Buffer.from(TRUNCATED));
      return offset + bytes.length;
    },
    read: (attemptId) => (existsSync(pathOf(attemptId)) ? readFileSync(pathOf(attemptId), 'utf8') : ''),
    tail: (attemptId, bytes) => (existsSync(pathOf(attemptId)) ? endOf(pathOf(attemptId), bytes) : ''),
    async *each() {
      for await (const { name } of await opendir(folder)) {
        const found = await stat(join(folder, name)).catch(() => undefined);
        if (found && name.endsWith(ENDING)) yield { attemptId: name.slice(0, -ENDING.length), bytes: found.size };
      }
    },
    async remove(attemptIds) {
      for (const attemptId of attemptIds) await rm(pathOf(attemptId), { force: true });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function endOf(path: string, bytes: number): string {
  const file = openSync(path, 'r');
  try {
    const size = statSync(path).size;
    const end = Buffer.alloc(Math.min(bytes, size));
    const read = readSync(file, end, 0, end.length, size - end.length);
    // A cut inside a character leaves up to three bytes that continue it.
    const start = size > bytes ? end.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0;
    return start < 0 ? '' : end.subarray(start, read).toString('utf8');
  } finally {
    closeSync(file);
  }
}

export interface LoggedAttempt {
  id: string;
  number: number;
  kind: string;
  node: string | null;
}

/** The log of a job: its attempts in order, each under a heading; the error text where nothing was logged. */
export function jobLog(store: LogStore, attempts: readonly LoggedAttempt[], error: string | null): string {
  const texts = attempts
    .map((attempt) => ({ attempt, text: store.read(attempt.id) }))
    .filter(({ text }) => text !== '')
    .map(
      ({ attempt, text }) =>
        `--- ${attempt.kind}, attempt ${attempt.number} on ${attempt.node ?? 'an unknown node'} ---\n${text}`,
    );
  return texts.length > 0 ? texts.join('\n') : (error ?? '');
}

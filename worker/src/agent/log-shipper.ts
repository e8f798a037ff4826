import { every, within } from '@ffrtmp/runtime/clock';
import { dispatchOperations } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Lease } from '@ffrtmp/shared/job/attempt';
import type { AgentParts } from './parts.ts';

/** Often enough to follow, rarely enough that a chatty encoder costs one call a second. */
const FLUSH_MS = 1000;
const CHUNK_BYTES = 128 * 1024;
/** A call that is not answered by then holds up the end of its attempt, which matters more than its log. */
const SEND_LIMIT_MS = 10_000;
/** What cannot be sent (the master is away) is kept up to this; then the oldest goes, with a mark. */
const MAX_SPOOL_BYTES = 4 << 20;

/** Sends an attempt's log in chunks with byte offsets, so that a repeated chunk changes nothing. */
export interface LogShipper {
  write: (text: Buffer | string) => void;
  /** Sends what is left; gives up quietly when the master is away or refuses. */
  close: () => Promise<void>;
}

type ShipperParts = Pick<AgentParts, 'connection' | 'timers' | 'nodeId'>;

/** `over` ends when the lease is nobody's here any more: the master would refuse what is left. */
export function shipLog(
  parts: ShipperParts,
  lease: Pick<Lease, 'attempt_id' | 'token'>,
  over: AbortSignal,
): LogShipper {
  const { connection, timers, nodeId } = parts;
  let spool = Buffer.alloc(0);
  let offset = 0;
  let dropped = 0;
  let sending: Promise<boolean> = Promise.resolve(true);

  function write(text: Buffer | string): void {
    spool = Buffer.concat([spool, Buffer.from(text)]);
    if (spool.length <= MAX_SPOOL_BYTES) return;
    dropped += spool.length - MAX_SPOOL_BYTES;
    spool = spool.subarray(spool.length - MAX_SPOOL_BYTES);
  }

  /** A chunk ends on a line where it can, and never inside a character. */
  function nextChunk(): Buffer {
    if (dropped > 0) {
      spool = Buffer.concat([
        Buffer.from(`\n[${dropped} bytes of the log were dropped while the master was away]\n`),
        spool,
      ]);
      dropped = 0;
    }
    if (spool.length <= CHUNK_BYTES) return spool;
    const line = spool.lastIndexOf(0x0a, CHUNK_BYTES);
    return spool.subarray(0, line > 0 ? line + 1 : CHUNK_BYTES);
  }

  async function sendOne(): Promise<boolean> {
    const chunk = nextChunk();
    if (chunk.length === 0 || over.aborted) return false;
    const text = chunk.toString('utf8');
    try {
      const body = { node_id: nodeId, token: lease.token, offset, chunk: text };
      const params = { id: lease.attempt_id };
      const { client } = connection;
      await within(timers, SEND_LIMIT_MS, (late) => {
        const signal = AbortSignal.any([late, over]);
        return client.call(dispatchOperations.logs, { params, body, signal });
      });
    } catch (error) {
      return resync(error);
    }
    offset += Buffer.byteLength(text);
    spool = spool.subarray(chunk.length);
    return spool.length > 0;
  }

  /** After a lost reply, or a master that lost the unsynced end of a file, both sides agree on its word. */
  function resync(error: unknown): boolean {
    if (!(error instanceof FfrtmpError) || error.code !== 'log_gap') return false;
    offset = (error.details as { expected_offset?: number } | undefined)?.expected_offset ?? offset;
    return true;
  }

  function flush(): Promise<boolean> {
    sending = sending.then(sendOne);
    return sending;
  }

  const stopTimer = every(timers, FLUSH_MS, () => void flush());
  return {
    write,
    async close() {
      stopTimer();
      while (await flush());
    },
  };
}

import { createHash, type Hash } from 'node:crypto';
import { pipeline, type Readable, Transform } from 'node:stream';
import type { StoredFile } from './library.ts';

/** Uploads whose digest is followed at a time, a kilobyte each; beyond that the oldest are read again at their end. */
const FOLLOWED_MAX = 1000;

/** Digests of uploads, taken as the bytes arrive, so that 50 GB need not be read again before they are acknowledged. */
export interface Arrivals {
  /** Passes on what an upload brings at an offset. */
  follow: (uploadId: string, offset: number, bytes: Readable) => Readable;
  /** The digest of what has arrived and how much that is, or nothing when bytes were missed; forgets the upload. */
  take: (uploadId: string) => StoredFile | undefined;
}

/**
 * A digest goes on only at exactly the offset where it stands. Anything else (a master that has restarted, a request
 * that broke off before the disk had what was counted here) means that it is not the digest of the file, and it is
 * dropped for good: the file is read instead.
 */
export function createArrivals(): Arrivals {
  const open = new Map<string, { hash: Hash; bytes: number }>();

  function at(uploadId: string, offset: number): { hash: Hash; bytes: number } | undefined {
    const known = open.get(uploadId);
    if (known?.bytes === offset) return known;
    open.delete(uploadId);
    if (offset !== 0 || known) return undefined;
    const [oldest] = open.keys();
    if (oldest !== undefined && open.size >= FOLLOWED_MAX) open.delete(oldest);
    const begun = { hash: createHash('sha256'), bytes: 0 };
    open.set(uploadId, begun);
    return begun;
  }

  return {
    follow(uploadId, offset, bytes) {
      const arrival = at(uploadId, offset);
      if (!arrival) return bytes;
      const counted = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          arrival.hash.update(chunk);
          arrival.bytes += chunk.length;
          done(null, chunk);
        },
      });
      // A failure on either side reaches the other, and with it whoever reads or writes there.
      return pipeline(bytes, counted, () => undefined);
    },
    take(uploadId) {
      const arrival = open.get(uploadId);
      open.delete(uploadId);
      return arrival && { sha256: arrival.hash.digest('hex'), bytes: arrival.bytes };
    },
  };
}

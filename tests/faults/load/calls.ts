import { createHash } from 'node:crypto';
import type { Connection } from '@ffrtmp/runtime/connect';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { pace } from './pace.ts';

/** Between two tries of a call: the master is back after half a second, and many tries meet it at every moment. */
const AGAIN_MS = 30;

/** Did the master itself say no? Everything else (a broken connection, a gateway’s page, 503) is worth another try. */
export function refusal(error: unknown): FfrtmpError | undefined {
  if (!(error instanceof FfrtmpError)) return undefined;
  const passing: FfrtmpError['code'][] = ['master_unreachable', 'unavailable', 'internal', 'insufficient_storage'];
  return passing.includes(error.code) ? undefined : error;
}

/** Repeats a call until the master has answered it, as every client of this project is told to. */
export async function insist<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const refused = refusal(error);
      if (refused) throw refused;
      await pace(AGAIN_MS, signal);
      signal.throwIfAborted();
    }
  }
}

export const digestOf = (bytes: string) => createHash('sha256').update(bytes).digest('hex');

/** Uploads bytes in two calls and says nothing of what became of them: the digest is their only name. */
export async function upload(connection: Connection, bytes: string): Promise<{ sha256: string; bytes: number }> {
  const sha256 = digestOf(bytes);
  const headers = { authorization: `Bearer ${connection.key}`, 'tus-resumable': '1.0.0' };
  const send = (path: string, init: RequestInit) => connection.client.settings.fetch(connection.url + path, init);
  const announced = Buffer.from(sha256).toString('base64');
  const begun = await send('/files', {
    method: 'POST',
    headers: { ...headers, 'upload-length': String(bytes.length), 'upload-metadata': `sha256 ${announced}` },
  });
  await begun.arrayBuffer();
  const place = begun.headers.get('location');
  if (begun.status !== 201 || place === null)
    throw new FfrtmpError('unavailable', `an upload began with ${begun.status}`);
  const done = await send(place, {
    method: 'PATCH',
    headers: { ...headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
    body: bytes,
  });
  await done.arrayBuffer();
  if (done.status !== 204) throw new FfrtmpError('unavailable', `an upload ended with ${done.status}`);
  return { sha256, bytes: bytes.length };
}

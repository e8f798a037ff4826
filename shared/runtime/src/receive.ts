import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type IncomingMessage, get as plainGet } from 'node:http';
import { Agent, get as secureGet } from 'node:https';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { errorFrom } from '@ffrtmp/shared/client';
import { type Connection, explain } from './connect.ts';
import { addFile } from './digest.ts';

/** A master that has not begun its answer by then is as good as away. */
const ANSWER_LIMIT_MS = 90_000;
/** What may wait for the disk; several reads from the socket go out in one write. */
const WRITE_BUFFER_BYTES = 4 << 20;

export interface TransferOptions {
  signal?: AbortSignal;
  onProgress?: (bytesDone: number, bytesTotal: number) => void;
}

/** How a transfer proves who it is and knows the master, as `openConnection` does for calls. */
export const trustOf = ({ ca, cert, certKey }: Connection) => ({
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(certKey === undefined ? {} : { key: certKey }),
});

export const authorization = ({ key }: Connection): Record<string, string> =>
  key ? { authorization: `Bearer ${key}` } : {};

/** Node's own HTTP: the body of a fetch passes through a web stream, which halves the speed (42 MB: 310 ms, not 150). */
function get(
  connection: Connection,
  path: string,
  headers: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const secure = connection.url.startsWith('https:');
  const options = { headers, ...(signal ? { signal } : {}) };
  return new Promise((resolve, reject) => {
    const url = connection.url + path;
    const request = secure
      ? secureGet(url, { ...options, agent: new Agent(trustOf(connection)) }, resolve)
      : plainGet(url, options, resolve);
    request.setTimeout(ANSWER_LIMIT_MS, () => request.destroy(new Error('no answer')));
    request.once('response', () => request.setTimeout(0));
    request.on('error', (error) => reject(explain(connection.url, error)));
  });
}

/**
 * Brings the bytes of a file that `part` does not have yet, and returns the digest of all of them: of those that lie
 * there, read again, and of those that come, taken as they come.
 */
export async function receive(
  connection: Connection,
  file: { sha256: string; bytes?: number | null },
  part: string,
  { signal, onProgress }: TransferOptions,
): Promise<string> {
  const have = await stat(part).then(
    (found) => found.size,
    () => 0,
  );
  let hash = createHash('sha256');
  if (have > 0) await addFile(hash, part, signal);
  if (have > 0 && have === file.bytes) return hash.digest('hex');
  const headers = { ...authorization(connection), ...(have > 0 ? { range: `bytes=${have}-` } : {}) };
  const response = await get(connection, `/files/${file.sha256}`, headers, signal);
  const { statusCode = 0 } = response;
  if (statusCode < 200 || statusCode > 299) throw errorFrom(statusCode, await text(response));
  const resumed = statusCode === 206;
  if (!resumed) hash = createHash('sha256');
  let done = resumed ? have : 0;
  const total = done + Number(response.headers['content-length'] ?? 0);
  response.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    done += chunk.length;
    onProgress?.(done, total);
  });
  const disk = createWriteStream(part, { flags: resumed ? 'a' : 'w', highWaterMark: WRITE_BUFFER_BYTES });
  await pipeline(response, disk, { ...(signal ? { signal } : {}) });
  return hash.digest('hex');
}

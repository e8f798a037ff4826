import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { Agent as HttpsAgent } from 'node:https';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { errorFrom } from '@ffrtmp/shared/client';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { DefaultHttpStack, DetailedError, Upload } from 'tus-js-client';
import type { Connection } from './connect.ts';
import { fileDigest } from './digest.ts';

/** A chunk is what a broken connection costs at most; measured: no loss of speed from 16 MB on. */
const CHUNK_BYTES = 16 << 20;
/** A master restart or a broken network during a transfer is waited out for this long in all. */
const RETRY_DELAYS_MS = [200, 500, 1000, 2000, 4000, 8000, 15_000, 30_000, 30_000, 60_000];

export type TransferProgress = (bytesDone: number, bytesTotal: number) => void;

export interface StoredFile {
  sha256: string;
  bytes: number;
}

/** Does the master already hold this file for us? A digest alone never opens a file of somebody else. */
async function alreadyStored(
  connection: Connection,
  sha256: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const init: RequestInit = { method: 'HEAD', headers: authorization(connection) };
  if (signal) init.signal = signal;
  const response = await connection.client.settings.fetch(`${connection.url}/files/${sha256}`, init);
  return response.ok;
}

const authorization = (connection: Connection): Record<string, string> =>
  connection.key ? { authorization: `Bearer ${connection.key}` } : {};

/** Uploads a file resumably (tus) unless the master has it; the master checks the digest and fsyncs before it answers. */
export async function uploadFile(
  connection: Connection,
  path: string,
  options: { name?: string; signal?: AbortSignal; onProgress?: TransferProgress } = {},
): Promise<StoredFile> {
  const { size } = await stat(path);
  const sha256 = await fileDigest(path, options.signal);
  if (await alreadyStored(connection, sha256, options.signal)) {
    options.onProgress?.(size, size);
    return { sha256, bytes: size };
  }
  await tusUpload(connection, path, { ...options, size, sha256 });
  return { sha256, bytes: size };
}

interface TusOptions {
  name?: string;
  signal?: AbortSignal;
  onProgress?: TransferProgress;
  size: number;
  sha256: string;
}

function tusUpload(connection: Connection, path: string, options: TusOptions): Promise<void> {
  const tls = connection.url.startsWith('https:')
    ? { agent: new HttpsAgent({ ca: connection.ca, keepAlive: true }) }
    : {};
  return new Promise((resolve, reject) => {
    const upload = new Upload(createReadStream(path, { highWaterMark: 1 << 20 }), {
      endpoint: `${connection.url}/files`,
      uploadSize: options.size,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_DELAYS_MS,
      headers: authorization(connection),
      metadata: { filename: options.name ?? basename(path), sha256: options.sha256 },
      httpStack: new DefaultHttpStack(tls),
      storeFingerprintForResuming: false,
      onProgress: (done, total) => options.onProgress?.(done, total ?? options.size),
      onShouldRetry: (error) => {
        const status = (error as DetailedError).originalResponse?.getStatus() ?? 0;
        return (
          status === 0 ||
          status === 409 ||
          status === 423 ||
          status === 429 ||
          status === 502 ||
          status === 503 ||
          status === 504
        );
      },
      onSuccess: () => finish(resolve),
      onError: (error) => finish(() => reject(uploadError(connection, error))),
    });
    const abort = () => {
      void upload.abort(true).catch(() => undefined);
      finish(() => reject(options.signal?.reason));
    };
    const finish = (settle: () => void) => {
      options.signal?.removeEventListener('abort', abort);
      settle();
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted) abort();
    else upload.start();
  });
}

function uploadError(connection: Connection, error: Error): Error {
  const response = error instanceof DetailedError ? error.originalResponse : undefined;
  if (response) return errorFrom(response.getStatus(), response.getBody() ?? '');
  return new FfrtmpError('master_unreachable', `the upload to ${connection.url} broke off: ${error.message}`);
}

/**
 * Downloads a file by digest into `path`: resumes a part that is there, checks the digest, and only then gives the file
 * its name. A wrong digest deletes the part and is an error.
 */
export async function downloadFile(
  connection: Connection,
  file: { sha256: string; bytes?: number | null },
  path: string,
  options: { signal?: AbortSignal; onProgress?: TransferProgress } = {},
): Promise<void> {
  const part = `${path}.part`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await downloadOnce(connection, file, part, options);
      break;
    } catch (error) {
      const pauseMs = RETRY_DELAYS_MS[attempt];
      const retryable =
        !(error instanceof FfrtmpError) || error.code === 'master_unreachable' || error.code === 'unavailable';
      if (options.signal?.aborted || pauseMs === undefined || !retryable) throw error;
      // A caller that gives up in the meantime gets its own reason at once.
      await delay(pauseMs, undefined, options.signal && { signal: options.signal }).catch(() =>
        options.signal?.throwIfAborted(),
      );
    }
  }
  const found = await fileDigest(part, options.signal);
  if (found !== file.sha256) {
    await (await open(part, 'w')).close();
    throw new FfrtmpError(
      'checksum_mismatch',
      `${path}: the bytes that arrived have digest ${found}, not ${file.sha256}`,
    );
  }
  await rename(part, path);
}

async function downloadOnce(
  connection: Connection,
  file: { sha256: string; bytes?: number | null },
  part: string,
  options: { signal?: AbortSignal; onProgress?: TransferProgress },
): Promise<void> {
  const have = await stat(part).then(
    (found) => found.size,
    () => 0,
  );
  if (have > 0 && have === file.bytes) return;
  const headers: Record<string, string> = { ...authorization(connection) };
  if (have > 0) headers.range = `bytes=${have}-`;
  const init: RequestInit = { headers };
  if (options.signal) init.signal = options.signal;
  const response = await connection.client.settings.fetch(`${connection.url}/files/${file.sha256}`, init);
  if (!response.ok || !response.body) throw errorFrom(response.status, await response.text());
  const resumed = response.status === 206;
  const total = (resumed ? have : 0) + Number(response.headers.get('content-length') ?? 0);
  let done = resumed ? have : 0;
  const body = Readable.fromWeb(response.body as import('node:stream/web').ReadableStream);
  body.on('data', (chunk: Buffer) => {
    done += chunk.length;
    options.onProgress?.(done, total);
  });
  await pipeline(body, createWriteStream(part, { flags: resumed ? 'a' : 'w' }), { signal: options.signal });
}

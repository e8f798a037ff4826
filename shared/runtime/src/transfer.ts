import { createReadStream } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { Agent as HttpsAgent } from 'node:https';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { errorFrom } from '@ffrtmp/shared/client';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { uploadHeaders } from '@ffrtmp/shared/contract/files';
import { DefaultHttpStack, DetailedError, type HttpRequest, Upload } from 'tus-js-client';
import type { Connection } from './connect.ts';
import { fileDigest } from './digest.ts';
import { authorization, receive, type TransferOptions, trustOf } from './receive.ts';

/** A chunk is what a broken connection costs at most; measured: no loss of speed from 16 MB on. */
const CHUNK_BYTES = 16 << 20;
/** A master restart or a broken network during a transfer is waited out for this long in all. */
const RETRY_DELAYS_MS = [200, 500, 1000, 2000, 4000, 8000, 15_000, 30_000, 30_000, 60_000];

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

export interface UploadOptions extends TransferOptions {
  name?: string;
  /**
   * A judgement of the file that is still under way: the bytes are sent meanwhile, the last of them only when it has
   * come. Its rejection gives the upload up, so that nothing of a worthless file stays at the master.
   */
  judged?: Promise<unknown>;
}

/** Uploads a file resumably (tus) unless the master has it; the master checks the digest and fsyncs before it answers. */
export async function uploadFile(
  connection: Connection,
  path: string,
  options: UploadOptions = {},
): Promise<StoredFile> {
  // It may fail before anything here waits for it.
  options.judged?.catch(() => undefined);
  const { size } = await stat(path);
  const sha256 = await fileDigest(path, options.signal);
  if (await alreadyStored(connection, sha256, options.signal)) {
    await options.judged;
    options.onProgress?.(size, size);
    return { sha256, bytes: size };
  }
  // An empty file is complete once it is created: it has no end to wait with.
  if (size === 0) await options.judged;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const confirmed = await tusUpload(connection, path, { ...options, size, sha256 });
    if (confirmed || (await alreadyStored(connection, sha256, options.signal))) return { sha256, bytes: size };
  }
  throw new FfrtmpError('unavailable', `${connection.url} took the bytes of ${path} and does not hold the file`);
}

/**
 * A master that dies between the last byte and the commit that makes it a file finds all bytes there when it is asked
 * again: for tus the upload is over then, and there is no file. It is sent once more.
 */
const MAX_ROUNDS = 3;

interface TusOptions extends UploadOptions {
  size: number;
  sha256: string;
}

/** A file that waits for its judgement keeps an end to wait with, however small it is. */
const chunkBytesOf = ({ size, judged }: TusOptions) =>
  judged ? Math.max(1, Math.min(CHUNK_BYTES, Math.ceil(size * 0.9))) : CHUNK_BYTES;

/** Resolves with whether the master said that it holds the file. */
function tusUpload(connection: Connection, path: string, options: TusOptions): Promise<boolean> {
  const tls = connection.url.startsWith('https:')
    ? { agent: new HttpsAgent({ ...trustOf(connection), keepAlive: true }) }
    : {};
  const chunkBytes = chunkBytesOf(options);
  const endsFile = (request: HttpRequest) =>
    Number(request.getHeader('Upload-Offset') ?? Number.NaN) + chunkBytes >= options.size;
  return new Promise((resolve, reject) => {
    const upload = new Upload(createReadStream(path, { highWaterMark: 1 << 20 }), {
      endpoint: `${connection.url}/files`,
      uploadSize: options.size,
      chunkSize: chunkBytes,
      retryDelays: RETRY_DELAYS_MS,
      headers: authorization(connection),
      metadata: { filename: options.name ?? basename(path), sha256: options.sha256 },
      httpStack: new DefaultHttpStack(tls),
      storeFingerprintForResuming: false,
      // Not before it has an address: what is begun at the master can then be taken back.
      onUploadUrlAvailable: () => void options.judged?.catch(giveUp),
      onBeforeRequest: async (request) => {
        if (endsFile(request)) await options.judged;
        options.signal?.throwIfAborted();
      },
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
      onSuccess: ({ lastResponse }) =>
        finish(() => resolve(lastResponse.getHeader(uploadHeaders.sha256) === options.sha256)),
      onError: (error) => finish(() => reject(uploadError(connection, error))),
    });
    const giveUp = (reason: unknown) => {
      void upload.abort(true).catch(() => undefined);
      finish(() => reject(reason));
    };
    const abort = () => giveUp(options.signal?.reason);
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
  options: TransferOptions = {},
): Promise<void> {
  const part = `${path}.part`;
  const found = await receivePatiently(connection, file, part, options);
  if (found !== file.sha256) {
    await (await open(part, 'w')).close();
    throw new FfrtmpError(
      'checksum_mismatch',
      `${path}: the bytes that arrived have digest ${found}, not ${file.sha256}`,
    );
  }
  await rename(part, path);
}

/** A broken connection is taken up again where the part on the disk ends. */
async function receivePatiently(
  connection: Connection,
  file: { sha256: string; bytes?: number | null },
  part: string,
  options: TransferOptions,
): Promise<string> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await receive(connection, file, part, options);
    } catch (error) {
      // A caller that gives up gets its own reason, now and while we wait.
      options.signal?.throwIfAborted();
      const pauseMs = RETRY_DELAYS_MS[attempt];
      const retryable =
        !(error instanceof FfrtmpError) || error.code === 'master_unreachable' || error.code === 'unavailable';
      if (pauseMs === undefined || !retryable) throw error;
      await delay(pauseMs, undefined, options.signal && { signal: options.signal }).catch(() =>
        options.signal?.throwIfAborted(),
      );
    }
  }
}

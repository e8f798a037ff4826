import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { uploadHeaders } from '@ffrtmp/shared/contract/files';
import { sha256Schema } from '@ffrtmp/shared/job/job';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { errorBody, toFfrtmpError } from '../http/errors.ts';
import { createArrivals } from './arrivals.ts';
import type { Library, Uploader } from './library.ts';

/** An upload that nobody continues is swept after this. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;

const refusal = (error: FfrtmpError) => ({ status_code: error.httpStatus, body: JSON.stringify(errorBody(error)) });

async function orRefuse<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusal(toFfrtmpError(error));
  }
}

export interface Uploads {
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Removes uploads that nobody continues. */
  sweep: () => Promise<unknown>;
}

/** The tus server: resumable uploads into the data directory, checked and made durable before the last reply. */
export function createUploads(library: Library, uploaderOf: (request: object) => Uploader): Uploads {
  const datastore = new FileStore({
    directory: library.uploadsDir,
    expirationPeriodInMilliseconds: ABANDONED_AFTER_MS,
  });
  // For the header Upload-Expires the server looks for the upload again, and answers 404 when its first request was also
  // its last (no bytes, or all of them in it): it is a file by then. The header is not worth that.
  datastore.extensions = datastore.extensions.filter((name) => name !== 'expiration');
  const arrivals = createArrivals();
  const write = datastore.write.bind(datastore);
  datastore.write = (bytes, id, offset) => write(arrivals.follow(id, offset, bytes), id, offset);
  const server = new Server({
    path: '/files',
    relativeLocation: true,
    respectForwardedHeaders: false,
    datastore,
    namingFunction: () => randomBytes(16).toString('hex'),
    onUploadCreate: (_request, upload) =>
      orRefuse(async () => {
        if (upload.size === undefined) throw new FfrtmpError('invalid_request', 'an upload has to say its size');
        await library.makeRoom(upload.size);
        const sha256 = upload.metadata?.sha256;
        if (sha256 && !sha256Schema.safeParse(sha256).success) {
          throw new FfrtmpError('invalid_request', 'metadata sha256: must be 64 lower-case hexadecimal digits');
        }
        return {};
      }),
    onUploadFinish: (request, upload) =>
      orRefuse(async () => {
        const path = join(library.uploadsDir, upload.id);
        const file = await library
          .adopt(uploaderOf(request), path, upload.metadata?.sha256 ?? undefined, arrivals.take(upload.id))
          .catch(async (error: unknown) => {
            // The bytes may be gone already, and `remove` stops at what it does not find.
            await datastore.remove(upload.id).catch(() => datastore.configstore.delete(upload.id));
            throw error;
          });
        await datastore.configstore.delete(upload.id);
        return { headers: { [uploadHeaders.sha256]: file.sha256, [uploadHeaders.bytes]: String(file.bytes) } };
      }),
  });
  return {
    handle: (request, response) => server.handle(request, response),
    sweep: () => datastore.deleteExpired(),
  };
}

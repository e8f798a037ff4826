import { createHash } from 'node:crypto';
import type { MasterUnderTest } from './master-under-test.ts';

export interface UploadOptions {
  key?: string;
  /** The digest that is announced; by default the right one. */
  sha256?: string | null;
  prefix?: string;
}

const metadata = (sha256: string | null): Record<string, string> =>
  sha256 === null ? {} : { 'upload-metadata': `sha256 ${Buffer.from(sha256).toString('base64')}` };

/** Begins a tus upload and returns the reply that names its place. */
export const beginUpload = (m: MasterUnderTest, bytes: number, options: UploadOptions = {}) =>
  m.request('POST', `${options.prefix ?? ''}/files`, {
    ...(options.key ? { key: options.key } : {}),
    headers: { 'tus-resumable': '1.0.0', 'upload-length': String(bytes), ...metadata(options.sha256 ?? null) },
  });

/** Sends bytes of an upload at an offset. */
export const continueUpload = (m: MasterUnderTest, place: string, offset: number, bytes: Buffer, key?: string) =>
  m.request('PATCH', place, {
    ...(key ? { key } : {}),
    body: bytes.toString('latin1'),
    headers: {
      'tus-resumable': '1.0.0',
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    },
  });

export const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Uploads ASCII bytes in one piece. */
export async function putFile(m: MasterUnderTest, bytes: Buffer, options: UploadOptions = {}) {
  const sha256 = options.sha256 === undefined ? digestOf(bytes) : options.sha256;
  const begun = await beginUpload(m, bytes.length, { ...options, sha256 });
  const place = begun.headers.get('location');
  if (!place) throw new Error(`no upload: ${begun.status} ${begun.text}`);
  const done = await continueUpload(m, place, 0, bytes, options.key);
  if (done.status !== 204) throw new Error(`the upload failed: ${done.status} ${done.text}`);
  return { sha256: digestOf(bytes), bytes: bytes.length };
}

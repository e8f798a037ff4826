import { z } from 'zod';
import { sha256Schema } from '../job/job.ts';
import { operation } from './operation.ts';

/** The answer of a finished upload, as headers of its last PATCH: digest and size of what the master now holds. */
export const uploadHeaders = { sha256: 'x-content-sha256', bytes: 'x-content-length' } as const;

/** An upload lives under a 32-digit id, a file under its 64-digit digest: one path, told apart by shape. */
const uploadId = z.string().regex(/^[0-9a-f]{32}$/);

export const fileOperations = {
  createUpload: operation({
    id: 'createUpload',
    method: 'POST',
    path: '/files',
    access: 'transfer',
    summary: 'Begin a resumable upload (tus 1.0). Metadata: `filename`, `sha256` (optional, checked at the end)',
    replies: { 201: null },
    stream: 'tus',
    errors: ['insufficient_storage'],
  }),
  continueUpload: operation({
    id: 'continueUpload',
    method: 'PATCH',
    path: '/files/{id}',
    access: 'transfer',
    summary: 'Send bytes of an upload at an offset (tus 1.0)',
    params: z.object({ id: uploadId }),
    replies: { 204: null },
    stream: 'tus',
    errors: ['not_found', 'checksum_mismatch', 'insufficient_storage'],
  }),
  abandonUpload: operation({
    id: 'abandonUpload',
    method: 'DELETE',
    path: '/files/{id}',
    access: 'transfer',
    summary: 'Give up an upload (tus 1.0)',
    params: z.object({ id: uploadId }),
    replies: { 204: null },
    stream: 'tus',
    errors: ['not_found'],
  }),
  download: operation({
    id: 'downloadFile',
    method: 'GET',
    path: '/files/{id}',
    access: 'transfer',
    summary: 'A file by its digest; ranges, ETag, If-None-Match and If-Range work',
    params: z.object({ id: sha256Schema }),
    replies: { 200: null, 206: null, 304: null },
    stream: 'bytes',
    errors: ['not_found', 'range_not_satisfiable'],
  }),
};

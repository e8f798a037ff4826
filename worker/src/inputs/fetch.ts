import { join } from 'node:path';
import type { Connection } from '@ffrtmp/runtime/connect';
import { downloadFile } from '@ffrtmp/runtime/transfer';
import type { Artifact } from '@ffrtmp/shared/job/task';

/** Keeps a file's ending, which ffmpeg reads as a hint, and nothing else of a name that somebody else chose. */
const endingOf = (name: string | null | undefined) => /\.[a-z0-9]{1,8}$/i.exec(name ?? '')?.[0].toLowerCase() ?? '';

/** Brings an input into the job directory: resumed where it broke off, checked by its digest. Returns its path. */
export async function fetchInput(
  connection: Connection,
  artifact: Artifact,
  folder: string,
  options: { signal: AbortSignal; onProgress: (percent: number) => void },
): Promise<string> {
  const path = join(folder, `${artifact.role}-${artifact.index}${endingOf(artifact.name)}`);
  const onProgress = (done: number, total: number) => options.onProgress(total > 0 ? (done / total) * 100 : 0);
  await downloadFile(connection, { sha256: artifact.sha256, bytes: artifact.bytes }, path, {
    signal: options.signal,
    onProgress,
  });
  return path;
}

import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../support/process.ts';
import { applied, type Edit } from './bug.ts';

/** What runs; nothing that is built, measured or written down. */
const sources = ['shared', 'advisor', 'master', 'worker', 'cli', 'tests', 'bin', 'package.json'];
const left = new Set(['node_modules', 'dist', 'out']);
const WORKSPACES = '@ffrtmp';

/**
 * A copy of the sources to break. Its packages are links to the ones that are installed; those of the workspaces are the
 * relative links of the original, so that they lead into the copy.
 */
export function copySources(to: string): string {
  mkdirSync(join(to, 'node_modules', WORKSPACES), { recursive: true });
  const filter = (path: string) => !left.has(path.slice(path.lastIndexOf('/') + 1));
  for (const name of sources) cpSync(join(repository, name), join(to, name), { recursive: true, filter });
  const installed = join(repository, 'node_modules');
  for (const name of readdirSync(installed))
    if (name !== WORKSPACES) symlinkSync(join(installed, name), join(to, 'node_modules', name));
  for (const name of readdirSync(join(installed, WORKSPACES)))
    symlinkSync(readlinkSync(join(installed, WORKSPACES, name)), join(to, 'node_modules', WORKSPACES, name));
  // The launchers in bin/ prefer the private Node where there is one.
  if (existsSync(join(repository, 'runtime'))) symlinkSync(join(repository, 'runtime'), join(to, 'runtime'));
  return to;
}

/** Puts the bug in for as long as the work takes. */
export async function withEdits<T>(copy: string, edits: readonly Edit[], work: () => Promise<T>): Promise<T> {
  const before = new Map<string, string>();
  try {
    for (const edit of edits) {
      const path = join(copy, edit.file);
      const text = readFileSync(path, 'utf8');
      if (!before.has(path)) before.set(path, text);
      writeFileSync(path, applied(text, edit));
    }
    return await work();
  } finally {
    for (const [path, text] of before) writeFileSync(path, text);
  }
}

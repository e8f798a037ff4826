import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Tree } from './rule.ts';

export const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const ignoredFolders = new Set(['.git', 'node_modules', 'dist', 'out']);

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ignoredFolders.has(entry.name) ? [] : walk(path);
    return entry.isFile() ? [relative(repository, path)] : [];
  });
}

/** What git tracks or would track; outside a checkout (an unpacked archive) every file that is not a build output. */
function listFiles(): string[] {
  try {
    const found = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: repository,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return found.split('\0').filter((path) => path !== '');
  } catch {
    return walk(repository);
  }
}

const isText = (bytes: Buffer) => !bytes.subarray(0, 8000).includes(0);

export function readTree(): Tree {
  const files = new Map<string, string>();
  const sizes = new Map<string, number>();
  for (const path of listFiles()) {
    const found = statSync(join(repository, path), { throwIfNoEntry: false });
    if (!found?.isFile()) continue;
    const bytes = readFileSync(join(repository, path));
    sizes.set(path, bytes.length);
    files.set(path, isText(bytes) ? bytes.toString('utf8') : '');
  }
  return { files, sizes };
}

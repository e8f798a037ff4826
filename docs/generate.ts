import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { referencePages } from './generate/pages.ts';

/** Writes docs/reference/ from the code (`make reference`); a house rule compares the committed text with it. */
const repository = join(dirname(fileURLToPath(import.meta.url)), '..');
for (const [path, text] of referencePages()) {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), text);
  process.stdout.write(`${path}\n`);
}

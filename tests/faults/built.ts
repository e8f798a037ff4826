import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { repository } from '../support/process.ts';

/** Compiled programs start twice as fast. Nothing to do after `make build`; without it an older program would run. */
export function buildOnce(): void {
  execFileSync(join(repository, 'node_modules', '.bin', 'tsc'), ['-b', 'tsconfig.build.json'], { cwd: repository });
}

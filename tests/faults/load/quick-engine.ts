import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineOptions, engine } from '../../support/engine.ts';
import type { Scope } from '../../support/scope.ts';

/**
 * The real ffmpeg for every encode, and its answers from memory for what an agent asks at each start (version, list,
 * proof): a start of ffmpeg is a tenth of a second of linking, and agents of this campaign start a thousand times.
 */
export function quickEngine(scope: Scope, options: EngineOptions = {}): string {
  const path = join(scope.folder(options.paced ? 'quick-paced' : 'quick'), 'ffmpeg');
  if (existsSync(path)) return path;
  const real = engine(scope, options);
  const [version = ''] = execFileSync(real, ['-version'], { encoding: 'utf8' }).split('\n');
  const answers = [
    `*" -version "*) echo '${version.replaceAll("'", '')}' ;;`,
    `*" -encoders "*) echo ' V....D libx264              from memory' ;;`,
    '*" -frames:v 12 "*) echo frame=12 ;;',
  ];
  writeFileSync(path, `#!/bin/sh\ncase " $* " in\n${answers.join('\n')}\n*) exec ${real} "$@" ;;\nesac\n`);
  chmodSync(path, 0o755);
  return path;
}

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from './scope.ts';

/** Proving all encoders takes seconds an agent; these tests are about something else. */
const LISTED = 'libx264';
/** Encodes of files at the speed of playback: they last as long as the film, on any machine, and cost it little. */
const PACE = `case " $* " in
*" -filter_complex "*) ;;
*" -protocol_whitelist "*)
  for arg do
    shift
    [ "$arg" = -i ] && set -- "$@" -readrate 1
    set -- "$@" "$arg"
  done ;;
esac`;

export interface EngineOptions {
  /** Read files no faster than they play; what is generated or compared is not slowed down. */
  paced?: boolean;
}

const ffmpeg = () => execFileSync('/bin/sh', ['-c', 'command -v ffmpeg'], { encoding: 'utf8' }).trim();

/** A program that becomes the real ffmpeg, but lists x264 alone, so that an agent is ready at once. For `--ffmpeg`. */
export function engine(scope: Scope, { paced = false }: EngineOptions = {}): string {
  const folder = scope.folder(paced ? 'paced' : 'engine');
  // Under its own name, so that it may also stand in PATH.
  const path = join(folder, 'ffmpeg');
  if (existsSync(path)) return path;
  const real = ffmpeg();
  const list = `case " $* " in *" -encoders "*) ${real} "$@" | grep -w ${LISTED}; exit 0 ;; esac`;
  writeFileSync(path, `#!/bin/sh\n${list}\n${paced ? PACE : ''}\nexec ${real} "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

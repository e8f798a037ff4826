import { existsSync, realpathSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';

const SETPRIV = '/usr/bin/setpriv';

/**
 * A command that the kernel signals when its parent dies, even by kill -9. util-linux's setpriv replaces itself by the
 * program, so the pid stays the same; busybox has a setpriv without this option, and a program that is not there is
 * named by its own error and not by setpriv's.
 */
export function tied(signal: 'KILL' | 'TERM', program: string, argv: readonly string[]): [string, string[]] {
  const usable = existsSync(SETPRIV) && basename(realpathSync(SETPRIV)) === 'setpriv';
  const missing = isAbsolute(program) && !existsSync(program);
  return usable && !missing ? [SETPRIV, ['--pdeathsig', signal, '--', program, ...argv]] : [program, [...argv]];
}

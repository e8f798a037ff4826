import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Cli } from '../../cli.ts';
import { programPath } from '../../processes/programs.ts';

export const configRoles = ['cli', 'master', 'agent'] as const;
export type ConfigRole = (typeof configRoles)[number];

/** Master and agent know their own options: they are started with the same verb and speak for themselves. */
export async function forwardConfig(cli: Cli, role: 'master' | 'agent', verb: 'check' | 'print'): Promise<void> {
  const { configFile } = cli.settings();
  const args = ['config', verb, ...(configFile === undefined ? [] : ['--config', configFile])];
  const child = spawn(programPath(role), args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new FfrtmpError('bad_config', `the configuration of the ${role} is not valid`);
}

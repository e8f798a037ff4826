import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { changeCommand } from './change.ts';
import { changeInBulk } from './matching.ts';

export function jobsCancel(jobs: Command, cli: Cli): void {
  changeCommand(jobs, cli, {
    name: 'cancel',
    description: 'cancel jobs; running work ends within a second',
    operation: jobOperations.cancel,
    byFilter: (master, filter) => changeInBulk(master, filter, jobOperations.cancelMany),
  });
}

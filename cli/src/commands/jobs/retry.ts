import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { changeCommand } from './change.ts';
import { changeInBulk } from './matching.ts';

export function jobsRetry(jobs: Command, cli: Cli): void {
  changeCommand(jobs, cli, {
    name: 'retry',
    description: 'run failed or canceled jobs again',
    operation: jobOperations.retry,
    byFilter: (master, filter) => changeInBulk(master, filter, jobOperations.retryMany),
  });
}

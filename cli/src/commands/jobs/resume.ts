import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { changeCommand } from './change.ts';
import { changeMatching } from './matching.ts';

export function jobsResume(jobs: Command, cli: Cli): void {
  changeCommand(jobs, cli, {
    name: 'resume',
    description: 'let paused jobs go on',
    operation: jobOperations.resume,
    byFilter: (master, filter) =>
      changeMatching(master, { status: 'paused', ...filter }, jobOperations.resume, (job) => job.status === 'paused'),
  });
}

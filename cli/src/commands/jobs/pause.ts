import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { changeCommand } from './change.ts';
import { changeMatching } from './matching.ts';

export function jobsPause(jobs: Command, cli: Cli): void {
  changeCommand(jobs, cli, {
    name: 'pause',
    description: 'pause jobs; a running attempt ends and is repeated on resume',
    operation: jobOperations.pause,
    byFilter: (master, filter) =>
      changeMatching(
        master,
        filter,
        jobOperations.pause,
        (job) => !isTerminalJob(job.status) && job.status !== 'paused',
      ),
  });
}

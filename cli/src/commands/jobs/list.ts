import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { MAX_PAGE } from '@ffrtmp/shared/contract/parts';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { jobTable } from '../../output/job.ts';
import { addFilterFlags, type Filter, filterWords } from './filter.ts';

/** What fits on a screen; programs ask for more. */
const DEFAULT_LIMIT = 25;

export function jobsList(jobs: Command, cli: Cli): void {
  const command = addFilterFlags(jobs.command('list').alias('ls').description('list jobs, newest first'))
    .option('--limit <N>', `jobs a page, 1 to ${MAX_PAGE}`, String(DEFAULT_LIMIT))
    .option('--cursor <CURSOR>', 'go on after this page: next_cursor of the page before')
    .action((options: Filter & { limit: string; cursor?: string }) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.list, { query: options });
        cli.print(body, () => (reply.jobs.length === 0 ? 'no jobs' : jobTable(reply.jobs, Date.now())));
        if (reply.next_cursor !== null && cli.settings().output === 'table')
          cli.say(`there are more: ffrtmp jobs list${filterWords(options)} --cursor ${reply.next_cursor}`);
      }),
    );
  examples(command, [
    'ffrtmp jobs list',
    'ffrtmp jobs list --status failed --limit 100',
    'ffrtmp jobs list --label show=news --output json',
  ]);
}

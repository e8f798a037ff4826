import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { MAX_PAGE } from '@ffrtmp/shared/contract/parts';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { deadLettersText } from '../../output/dead-letter.ts';
import { addPlaceFlags, type Filter, filterWords } from './filter.ts';

/** Each of them takes several lines. */
const DEFAULT_LIMIT = 10;

export function jobsDead(jobs: Command, cli: Cli): void {
  const command = addPlaceFlags(
    jobs
      .command('dead')
      .description(
        'jobs that failed for good, newest first, with what their attempts ran, where, and their last words',
      ),
  )
    .option('--limit <N>', `jobs a page, 1 to ${MAX_PAGE}`, String(DEFAULT_LIMIT))
    .option('--cursor <CURSOR>', 'go on after this page: next_cursor of the page before')
    .action((options: Pick<Filter, 'queue' | 'label'> & { limit: string; cursor?: string }) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.deadLetters, { query: options });
        const letters = reply.dead_letters;
        cli.print(body, () => (letters.length === 0 ? 'no dead jobs' : deadLettersText(letters, Date.now())));
        if (cli.settings().output !== 'table' || letters.length === 0) return;
        const words = filterWords(options);
        if (reply.next_cursor !== null)
          cli.say(`there are more: ffrtmp jobs dead${words} --cursor ${reply.next_cursor}`);
        const [first] = letters;
        cli.say(
          `run again: ffrtmp jobs retry ${first?.job.sequence_number}, or all of them: ffrtmp jobs retry --status failed${words}`,
        );
      }),
    );
  examples(command, ['ffrtmp jobs dead', 'ffrtmp jobs dead --queue batch --label show=news', 'ffrtmp jobs retry 7']);
}

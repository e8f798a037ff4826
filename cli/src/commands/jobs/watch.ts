import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { createDisplay } from '../../output/display.ts';
import { jobTitle } from '../../output/job.ts';
import { requireCompleted, watchJob } from '../../output/watch.ts';

export function jobsWatch(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('watch')
    .description('follow jobs until they have ended; exit code 3 when one of them fails')
    .argument('<ID...>', 'UUIDs or sequence numbers')
    .action((ids: string[]) => watchJobs(cli, ids));
  examples(command, ['ffrtmp jobs watch 7', 'ffrtmp jobs watch 7 8 9', 'ffrtmp jobs watch 7 --output json']);
}

/** Bars or lines for people; with `--output json` one line an event, as it came. */
export function watchJobs(cli: Cli, ids: readonly string[]): Promise<void> {
  return cli.withMaster(async (master) => {
    const json = cli.settings().output === 'json';
    const stream = json ? { write: () => true } : cli.stdout;
    const display = createDisplay({ stream, env: cli.env });
    try {
      const jobs = await Promise.all(ids.map((id) => master.call(jobOperations.get, { params: { id } })));
      const ended = await Promise.all(
        jobs.map((job) =>
          watchJob(master.connection, {
            id: job.id,
            name: `${job.sequence_number} ${jobTitle(job)}`,
            signal: cli.signal,
            say: display.say,
            show: (row) => display.update(job.id, row),
            onUpdate: ({ kind, body }) => json && cli.stdout.write(`${JSON.stringify({ event: kind, data: body })}\n`),
          }),
        ),
      );
      display.close();
      for (const job of ended) requireCompleted(job);
    } catch (error) {
      throw cli.signal.aborted ? new FfrtmpError('interrupted', 'no longer watching; the jobs go on') : error;
    } finally {
      display.close();
    }
  });
}

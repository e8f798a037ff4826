import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { renderTable } from '../../output/table.ts';
import { formatSeconds, orDash } from '../../output/text.ts';

export function jobsAttempts(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('attempts')
    .description('every attempt at a job’s tasks: where it ran, how long, how it ended')
    .argument('<ID>', 'UUID or sequence number')
    .action((id: string) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.attempts, { params: { id } });
        const heads = ['TASK', 'ATTEMPT', 'NODE', 'STATE', 'TIME', 'ERROR'];
        const columns = heads.map((head) => ({ head }));
        const none = 'no attempts yet';
        cli.print(body, () => (reply.attempts.length === 0 ? none : renderTable(columns, reply.attempts.map(row))));
      }),
    );
  examples(command, ['ffrtmp jobs attempts 7', 'ffrtmp jobs attempts 7 --output json']);
}

function row(attempt: Attempt): string[] {
  const end = attempt.ended_at === null ? undefined : Date.parse(attempt.ended_at);
  const seconds = end === undefined ? undefined : (end - Date.parse(attempt.leased_at)) / 1000;
  return [
    attempt.task_kind,
    String(attempt.attempt),
    orDash(attempt.node_name),
    attempt.cause === null ? attempt.state : `${attempt.state} (${attempt.cause})`,
    seconds === undefined ? '–' : formatSeconds(seconds),
    orDash(attempt.error),
  ];
}

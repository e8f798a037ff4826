import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { renderTable } from '../../output/table.ts';
import { orDash } from '../../output/text.ts';

export function jobsTasks(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('tasks')
    .description('the tasks a job consists of')
    .argument('<ID>', 'UUID or sequence number')
    .action((id: string) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.tasks, { params: { id } });
        const heads = ['TASK', 'STATE', 'REQUIRED', 'ENCODER', 'ATTEMPTS', 'FAILURES', 'LOSSES', 'ID'];
        const columns = heads.map((head) => ({ head }));
        const rows = reply.tasks.map((task) => [
          ...[task.kind, task.state, task.required ? 'yes' : 'no', orDash(task.requirement.encoder)],
          ...[String(task.attempts), String(task.failures), String(task.losses), task.id],
        ]);
        cli.print(body, () => renderTable(columns, rows));
      }),
    );
  examples(command, ['ffrtmp jobs tasks 7']);
}

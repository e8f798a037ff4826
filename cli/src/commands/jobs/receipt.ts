import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { receiptText } from '../../output/receipt.ts';

export function jobsReceipt(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('receipt')
    .description('what a job used, attempt by attempt, and how each figure was obtained')
    .argument('<ID>', 'UUID or sequence number')
    .action((id: string) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.receipt, { params: { id } });
        cli.print(body, () => receiptText(reply));
      }),
    );
  examples(command, ['ffrtmp jobs receipt 7', 'ffrtmp jobs receipt 7 --output json > receipt.json']);
}

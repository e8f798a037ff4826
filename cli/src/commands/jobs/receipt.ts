import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { receiptPage } from '../../output/html/receipt.ts';
import { writePage } from '../../output/html/write.ts';
import { receiptText } from '../../output/receipt.ts';

export function jobsReceipt(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('receipt')
    .description('what a job used, attempt by attempt, and how each figure was obtained')
    .argument('<ID>', 'UUID or sequence number')
    .option('--html <FILE>', 'write a page of its own with charts, too')
    .action((id: string, { html }: { html?: string }) =>
      cli.withMaster(async (master) => {
        const { reply, body } = await master.exchange(jobOperations.receipt, { params: { id } });
        if (html !== undefined) writePage(cli, html, receiptPage(reply));
        cli.print(body, () => receiptText(reply));
      }),
    );
  examples(command, [
    'ffrtmp jobs receipt 7',
    'ffrtmp jobs receipt 7 --output json > receipt.json',
    'ffrtmp jobs receipt 7 --html receipt.html',
  ]);
}

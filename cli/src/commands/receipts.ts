import { MAX_PAGE } from '@ffrtmp/shared/contract/parts';
import { type ReceiptGroup, receiptGroups, receiptOperations } from '@ffrtmp/shared/contract/receipts';
import { type Command, Option } from 'commander';
import type { Master } from '../api/master.ts';
import type { Cli } from '../cli.ts';
import { examples } from '../examples.ts';
import { periodPage } from '../output/html/period.ts';
import { writePage } from '../output/html/write.ts';
import { type PeriodReceipt, periodCsv, periodText } from '../output/period.ts';

/** Rows of one call; a period by node or label may have more, and then says so. */
const MAX_ROWS = 20 * MAX_PAGE;

interface Options {
  by?: ReceiptGroup;
  label?: string;
  since?: string;
  until?: string;
  html?: string;
}

export function receiptsCommand(program: Command, cli: Cli): void {
  const command = program
    .command('receipts')
    .description('what all work of a period used: energy, cost, carbon and waste, with the label of each figure')
    .addOption(new Option('--by <WHAT>', 'what one row is of').choices(receiptGroups).default('day'))
    .option('--label <NAME>', 'with --by label: only labels of this name')
    .option('--since <DAY>', 'first day (UTC), e.g. 2026-11-01; default 30 days before --until')
    .option('--until <DAY>', 'first day that no longer counts; default tomorrow')
    .option('--html <FILE>', 'write a page of its own with charts, too')
    .action(({ html, ...query }: Options) =>
      cli.withMaster(async (master) => {
        const receipt = await readPeriod(master, query);
        const { more, ...body } = receipt;
        if (html !== undefined) writePage(cli, html, periodPage(receipt));
        cli.print(
          { ...body, next_cursor: null },
          () => periodText(receipt),
          () => periodCsv(receipt),
        );
        if (more) cli.say(`there are more than ${MAX_ROWS} rows: ask for a shorter period`);
      }),
    );
  examples(command, [
    'ffrtmp receipts',
    'ffrtmp receipts --by node --since 2026-11-01 --until 2026-12-01 --output csv > november.csv',
    'ffrtmp receipts --by profile --html profiles.html',
  ]);
}

async function readPeriod(master: Master, options: Omit<Options, 'html'>): Promise<PeriodReceipt> {
  const rows: PeriodReceipt['rows'][number][] = [];
  for (let cursor: string | null | undefined; ; ) {
    const query = { ...options, limit: MAX_PAGE, ...(cursor ? { cursor } : {}) };
    const { reply } = await master.exchange(receiptOperations.period, { query });
    rows.push(...reply.rows);
    cursor = reply.next_cursor;
    const more = cursor !== null && rows.length >= MAX_ROWS;
    if (cursor === null || more) return { ...reply, rows, more };
  }
}

import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { isTerminalJob } from '@ffrtmp/shared/job/state';
import type { Command } from 'commander';
import { followLog } from '../../api/follow.ts';
import type { Master } from '../../api/master.ts';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';

export function jobsLogs(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('logs')
    .description('the log of a job; its error text where there is none')
    .argument('<ID>', 'UUID or sequence number')
    .option('-f, --follow', 'go on until the job has ended')
    .action((id: string, options: { follow?: boolean }) =>
      cli.withMaster(async (master) => {
        if (options.follow) return follow(master, id, cli);
        const { reply, body } = await master.exchange(jobOperations.logs, { params: { id } });
        cli.print(body, () => printable(reply.logs) || 'no log yet');
      }),
    );
  examples(command, ['ffrtmp jobs logs 7', 'ffrtmp jobs logs 7 --follow', 'ffrtmp jobs logs 7 --output json']);
}

async function follow(master: Master, id: string, cli: Cli): Promise<void> {
  const json = cli.settings().output === 'json';
  const hasEnded = async () => isTerminalJob((await master.call(jobOperations.get, { params: { id } })).status);
  const onOutage = (reason: string) => cli.say(`${reason}; trying again`);
  for await (const text of followLog(master.connection, id, { signal: cli.signal, hasEnded, onOutage })) {
    cli.stdout.write(json ? `${JSON.stringify({ text })}\n` : printable(text));
  }
}

/** A log may hold anything that a file's metadata holds; only line breaks and tabs reach the terminal. */
const printable = (text: string) => text.replace(/\r(?!\n)/g, '\n').replace(/[^\P{Cc}\n\t]/gu, '');

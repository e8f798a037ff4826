import { statSync } from 'node:fs';
import { join } from 'node:path';
import { downloadFile } from '@ffrtmp/runtime/transfer';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { formatBytes } from '@ffrtmp/shared/media/units';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';

export function jobsDownload(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('download')
    .description('fetch the result of a completed job')
    .argument('<ID>', 'UUID or sequence number')
    .option('-o, --out <PATH>', 'file or existing folder (default: the result’s own name, here)')
    .option('--overwrite', 'replace a file that exists')
    .action((id: string, options: { out?: string; overwrite?: boolean }) => download(cli, id, options));
  examples(command, ['ffrtmp jobs download 7', 'ffrtmp jobs download 7 -o results/']);
}

function download(cli: Cli, id: string, options: { out?: string; overwrite?: boolean }): Promise<void> {
  return cli.withMaster(async (master) => {
    const { reply: job, body } = await master.exchange(jobOperations.get, { params: { id } });
    const [output] = job.outputs;
    if (!output?.sha256) {
      throw new FfrtmpError('conflict', `job ${job.sequence_number} is ${job.status} and has no result to fetch`);
    }
    const wanted = options.out ?? output.name;
    const isFolder = wanted.endsWith('/') || statSync(wanted, { throwIfNoEntry: false })?.isDirectory() === true;
    const path = isFolder ? join(wanted, output.name) : wanted;
    if (!options.overwrite && statSync(path, { throwIfNoEntry: false })) {
      throw new FfrtmpError('conflict', `${path} exists already: name another file with -o, or add --overwrite`);
    }
    await downloadFile(master.connection, { sha256: output.sha256, bytes: output.bytes }, path, { signal: cli.signal });
    cli.print(body, () => `${path} (${output.bytes === null ? 'size unknown' : formatBytes(output.bytes)})`);
  });
}

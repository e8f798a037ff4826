import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Command } from 'commander';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { withDemoFleet } from './fleet.ts';
import { prepareInput } from './input.ts';
import { type DemoResult, runEncodes } from './run.ts';
import { demoSentence } from './sentence.ts';
import { demoTable } from './table.ts';

interface DemoOptions {
  input?: string;
  out: string;
  full?: boolean;
  keep?: boolean;
}

export function demoCommand(program: Command, cli: Cli): void {
  const command = program
    .command('demo')
    .description('encode a film three ways on a small fleet of this machine and compare the receipts')
    .option('--input <FILE>', 'a film of yours; without it one is generated')
    .option('--full', 'all of a long film instead of 20 s out of its middle')
    .option('--out <DIR>', 'where outputs and receipts.json go', 'out/demo')
    .option('--keep', 'keep the temporary data of master and agents, and say where they are')
    .action((options: DemoOptions) => demo(cli, options));
  examples(command, [
    'ffrtmp demo',
    'ffrtmp demo --input film.mp4',
    'ffrtmp demo --input film.mp4 --full --out results',
  ]);
}

async function demo(cli: Cli, options: DemoOptions): Promise<void> {
  const startedMs = performance.now();
  const outDir = resolve(cli.cwd, options.out);
  const dir = await temporaryDir();
  const remove = () => rmSync(dir, { recursive: true, force: true });
  // Also when a second Ctrl-C ends this program on the spot.
  if (!options.keep) process.once('exit', remove);
  try {
    const say = (text: string) => void cli.stdout.write(`${text}\n`);
    const input = await prepareInput(options.input && resolve(cli.cwd, options.input), {
      full: options.full === true,
      dir,
      signal: cli.signal,
      say,
    });
    await makeOutDir(outDir);
    say('starting a master and two agents ...');
    await withDemoFleet(cli, dir, async (master) => {
      const results = await runEncodes(cli, master, input, outDir);
      await writeFile(join(outDir, 'receipts.json'), `${JSON.stringify(results.map(record), null, 2)}\n`);
      say(`\n${demoTable(results)}\n\n${demoSentence(results)}`);
    });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    say(`\noutputs, verified with ffprobe, and receipts.json: ${options.out} (${seconds} s in all)`);
    if (options.keep) say(`data of master and agents: ${dir}`);
  } finally {
    if (!options.keep) remove();
    process.off('exit', remove);
  }
}

async function temporaryDir(): Promise<string> {
  try {
    return await realpath(await mkdtemp(join(tmpdir(), 'ffrtmp-demo-')));
  } catch (error) {
    throw new FfrtmpError('insufficient_storage', `cannot make a folder in ${tmpdir()}: ${shortReason(error)}`);
  }
}

/** `ENOENT: no such file or directory` without the call and the path, which the sentence names already. */
const shortReason = (error: unknown) => (error as Error).message.replace(/, \w+ '.*$/, '');

async function makeOutDir(dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    throw new FfrtmpError('insufficient_storage', `cannot make the folder ${dir}: ${shortReason(error)}`);
  }
}

/** One entry of receipts.json. */
const record = ({ name, path, bytes, job, receipt, film }: DemoResult) => ({
  name,
  path,
  bytes,
  ffprobe: film,
  receipt,
  job,
});

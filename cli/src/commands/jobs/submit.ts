import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { uploadFile } from '@ffrtmp/runtime/transfer';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations, MAX_BULK_JOBS } from '@ffrtmp/shared/contract/jobs';
import type { Job, JobRequestInput } from '@ffrtmp/shared/job/job';
import type { Command } from 'commander';
import type { Master } from '../../api/master.ts';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { requireReadable } from '../../media/readable.ts';
import { jobTitle } from '../../output/job.ts';
import { plain } from '../../output/text.ts';
import { buildRequest, checkRequest } from '../../request/build.ts';
import { fileName } from '../../request/names.ts';
import { addJobFlags, flagValues } from '../../request/options.ts';
import { watchJobs } from './watch.ts';

interface SubmitOptions extends Record<string, unknown> {
  input?: string;
  file?: string;
  idempotencyKey?: string;
  wait?: boolean;
}

export function jobsSubmit(jobs: Command, cli: Cli): void {
  const command = jobs
    .command('submit')
    .description('submit a job; without an input the worker generates a test film')
    .option('--input <FILE>', 'upload this film and work on it')
    .option('--file <JSON>', 'read one job or an array of jobs from a file, - for standard input; flags win over it')
    .option('--idempotency-key <KEY>', 'the same key again returns the same job instead of a second one')
    .option('--wait', 'follow the job until it has ended; exit code 3 when it fails');
  addJobFlags(command).action((options: SubmitOptions) => submit(cli, options));
  examples(command, [
    'ffrtmp jobs submit --scenario 4K60-h264 --queue live --priority high',
    'ffrtmp jobs submit --scenario 1080p30-h264 --bitrate 5M --duration 60',
    'ffrtmp jobs submit --input film.mkv --codec av1 --preset 8 --crf 30 --quality --wait',
    'ffrtmp jobs submit --scenario 720p30-h265 --label show=news --idempotency-key news-17',
    'ffrtmp jobs submit --file jobs.json',
  ]);
}

async function submit(cli: Cli, options: SubmitOptions): Promise<void> {
  const bases = options.file === undefined ? [{}] : readJobs(options.file);
  const values = flagValues(options);
  const requests = bases.map((base) => buildRequest(values, base));
  requests.forEach((request, index) => {
    // With --input the digest is only known after the upload; the rest is checked before it.
    checkRequest(request, requests.length > 1 ? `job ${index + 1}: ` : '');
  });
  const jobs = await cli.withMaster(async (master) => {
    const input = options.input === undefined ? undefined : await upload(cli, master, options.input);
    const filled = requests.map((request) => (input ? { ...request, input: { ...input, ...request.input } } : request));
    return send(cli, master, filled, options.idempotencyKey);
  });
  if (options.wait) {
    await watchJobs(
      cli,
      jobs.map((job) => job.id),
    );
  }
}

function readJobs(path: string): object[] {
  const text = readText(path);
  try {
    const document = JSON.parse(text) as object | object[];
    return Array.isArray(document) ? document : [document];
  } catch (error) {
    throw new FfrtmpError('invalid_request', `${path} is not JSON: ${(error as Error).message}`);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw new FfrtmpError('input_unreadable', `cannot read ${path}: ${(error as Error).message}`);
  }
}

async function upload(cli: Cli, master: Master, path: string) {
  await requireReadable(path);
  const { sha256 } = await uploadFile(master.connection, path, { signal: cli.signal });
  return { sha256, name: fileName(basename(path)) };
}

async function send(cli: Cli, master: Master, requests: readonly JobRequestInput[], key?: string): Promise<Job[]> {
  if (requests.length > MAX_BULK_JOBS) {
    throw new FfrtmpError('invalid_request', `one call takes at most ${MAX_BULK_JOBS} jobs, not ${requests.length}`);
  }
  const [only] = requests;
  const { reply, body } = await master.exchange(jobOperations.submit, {
    body: requests.length === 1 && only ? only : [...requests],
    headers: key === undefined ? {} : { 'idempotency-key': key },
  });
  const jobs = 'jobs' in reply ? reply.jobs : [reply];
  cli.print(body, () => jobs.map(submitted).join('\n'));
  return jobs;
}

function submitted(job: Job): string {
  const head = `job ${job.sequence_number} ${job.status}: ${jobTitle(job)} (${job.id}), ${job.queue}, ${job.priority}, weight ${job.weight}`;
  return [head, ...job.warnings.map((warning) => `  warning: ${plain(warning)}`)].join('\n');
}

import { join, parse } from 'node:path';
import { downloadFile, uploadFile } from '@ffrtmp/runtime/transfer';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Receipt } from '@ffrtmp/shared/energy/receipt';
import type { Job } from '@ffrtmp/shared/job/job';
import { formatBytes } from '@ffrtmp/shared/media/units';
import type { Master } from '../../api/master.ts';
import type { Cli } from '../../cli.ts';
import { type Film, probeFilm } from '../../media/probe.ts';
import { verifyOutput } from '../../media/verify.ts';
import { createDisplay } from '../../output/display.ts';
import { requireCompleted, watchJob } from '../../output/watch.ts';
import { fileName } from '../../request/names.ts';
import { type DemoEncode, demoEncodes, demoRequest } from './encodes.ts';
import type { PreparedInput } from './input.ts';

/** One finished encode of the demo: what the table and `receipts.json` are made of. */
export interface DemoResult {
  name: string;
  path: string;
  bytes: number;
  job: Job;
  receipt: Receipt;
  /** What ffprobe says of the file that was downloaded. */
  film: Film;
}

/** Uploads the film, runs the encodes on the fleet, fetches and verifies the outputs. */
export async function runEncodes(
  cli: Cli,
  master: Master,
  input: PreparedInput,
  outDir: string,
): Promise<DemoResult[]> {
  const stored = await uploadFile(master.connection, input.path, { signal: cli.signal });
  cli.stdout.write(`uploaded ${formatBytes(stored.bytes)}, sha256 ${stored.sha256.slice(0, 12)}…\n`);
  const { nodes } = await master.call(nodeOperations.list, {});
  const encodes = demoEncodes(nodes);
  const name = fileName(parse(input.path).base);
  const jobs = await submit(master, encodes, (encode) =>
    demoRequest(
      encode,
      { sha256: stored.sha256, name, cut: input.cut },
      fileName(`${parse(name).name}-${encode.slug}.mp4`),
    ),
  );
  const ended = await watchAll(cli, master, jobs);
  for (const job of ended) requireCompleted(job);
  return Promise.all(ended.map((job) => collect(cli, master, job, input, outDir)));
}

async function submit(
  master: Master,
  encodes: DemoEncode[],
  request: (encode: DemoEncode) => ReturnType<typeof demoRequest>,
) {
  const reply = await master.call(jobOperations.submit, { body: encodes.map(request) });
  return 'jobs' in reply ? reply.jobs : [reply];
}

async function watchAll(cli: Cli, master: Master, jobs: readonly Job[]): Promise<Job[]> {
  const display = createDisplay({ stream: cli.stdout, env: cli.env });
  try {
    return await Promise.all(
      jobs.map((job) =>
        watchJob(master.connection, {
          id: job.id,
          name: job.name ?? job.id,
          signal: cli.signal,
          say: display.say,
          show: (row) => display.update(job.id, row),
        }),
      ),
    );
  } finally {
    display.close();
  }
}

async function collect(cli: Cli, master: Master, job: Job, input: PreparedInput, outDir: string): Promise<DemoResult> {
  const [output] = job.outputs;
  if (!output?.sha256) throw new FfrtmpError('job_failed', `job ${job.sequence_number} completed without an output`);
  const path = join(outDir, output.name);
  await downloadFile(master.connection, { sha256: output.sha256, bytes: output.bytes }, path, { signal: cli.signal });
  const film = await probeFilm(path, { signal: cli.signal, count: true });
  const problems = verifyOutput(input.film, film, job.encode);
  if (problems.length > 0)
    throw new FfrtmpError('job_failed', `${path} is not what was asked for: ${problems.join('; ')}`);
  const receipt = await master.call(jobOperations.receipt, { params: { id: job.id } });
  return { name: job.name ?? job.id, path, bytes: output.bytes ?? 0, job, receipt, film };
}

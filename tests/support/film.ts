import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { downloadFile, uploadFile } from '@ffrtmp/runtime/transfer';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import type { Job, JobRequestInput } from '@ffrtmp/shared/job/job';
import type { Task } from '@ffrtmp/shared/job/task';
import { submit } from './events.ts';
import type { RunningMaster } from './fleet.ts';
import type { Scope } from './scope.ts';

const run = promisify(execFile);

/** Uploads a film and submits a job on it. */
export async function submitFilm(
  master: RunningMaster,
  path: string,
  request: Omit<JobRequestInput, 'input'>,
): Promise<Job> {
  const { sha256 } = await uploadFile(master.connection, path);
  return submit(master, { ...request, input: { sha256, name: path.split('/').at(-1) } });
}

/** Downloads the one output of a completed job, checked by its digest, and returns its path. */
export async function fetchOutput(scope: Scope, master: RunningMaster, job: Job): Promise<string> {
  const [output] = job.outputs;
  if (!output?.sha256) throw new Error(`the job is ${job.status} and has no output: ${job.error}`);
  const path = join(scope.folder('downloads'), `${job.sequence_number}-${output.name}`);
  await downloadFile(master.connection, { sha256: output.sha256, bytes: output.bytes }, path);
  return path;
}

interface Stream {
  codec_name: string;
  codec_type: string;
  width?: number;
  height?: number;
  nb_read_frames?: string;
}

/** The streams of a film by ffprobe, frames counted by decoding them. */
export async function probeFilm(path: string): Promise<Stream[]> {
  const entries = 'stream=codec_name,codec_type,width,height,nb_read_frames';
  const args = ['-v', 'error', '-count_frames', '-show_entries', entries, '-of', 'json', path];
  const { stdout } = await run('ffprobe', args);
  return (JSON.parse(stdout) as { streams: Stream[] }).streams;
}

export async function framesOf(path: string): Promise<number> {
  const picture = (await probeFilm(path)).find((stream) => stream.codec_type === 'video');
  return Number(picture?.nb_read_frames);
}

export async function attemptsOf(master: RunningMaster, id: string): Promise<Attempt[]> {
  return (await master.client.call(jobOperations.attempts, { params: { id } })).attempts;
}

export async function tasksOf(master: RunningMaster, id: string): Promise<Task[]> {
  return (await master.client.call(jobOperations.tasks, { params: { id } })).tasks;
}

/** The process of the latest encode that an agent's log names. */
export function enginePid(log: string): number {
  const pids = [...log.matchAll(/"engine_pid":(\d+)/g)].map((match) => Number(match[1]));
  const last = pids.at(-1);
  if (last === undefined) throw new Error('the agent has started no engine yet');
  return last;
}

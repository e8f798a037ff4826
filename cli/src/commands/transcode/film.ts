import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { downloadFile, uploadFile } from '@ffrtmp/runtime/transfer';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Receipt } from '@ffrtmp/shared/energy/receipt';
import type { Job } from '@ffrtmp/shared/job/job';
import type { Master } from '../../api/master.ts';
import { type Film as Probe, probeFilm } from '../../media/probe.ts';
import { requireReadable } from '../../media/readable.ts';
import { verifyOutput } from '../../media/verify.ts';
import type { Display } from '../../output/display.ts';
import { emptyRow } from '../../output/progress.ts';
import { requireCompleted, watchJob } from '../../output/watch.ts';
import { fileName } from '../../request/names.ts';
import type { Film } from './plan.ts';

/** How far a film got. `job` is there as soon as it is submitted. */
export interface FilmResult {
  film: Film;
  state: 'completed' | 'skipped' | 'submitted' | 'detached' | 'failed' | 'not submitted';
  job: Job | undefined;
  receipt: Receipt | undefined;
  inputBytes: number | undefined;
  outputBytes: number | undefined;
  error: FfrtmpError | undefined;
}

export interface FilmWork {
  master: Master;
  display: Display;
  signal: AbortSignal;
  overwrite: boolean;
  wait: boolean;
  /** Lets few uploads run at once: they share one line. */
  uploads: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Takes one film through upload, job, download and check. Failures are part of the result: the other films go on. */
export async function runFilm(film: Film, work: FilmWork): Promise<FilmResult> {
  const result: FilmResult = {
    film,
    state: 'not submitted',
    job: undefined,
    receipt: undefined,
    inputBytes: undefined,
    outputBytes: undefined,
    error: undefined,
  };
  const { name } = film;
  try {
    await takeThrough(film, work, result);
    if (result.state === 'skipped')
      work.display.update(film.input, { ...emptyRow(name, 'skipped'), note: 'exists already' });
  } catch (error) {
    if (work.signal.aborted) result.state = result.job ? 'detached' : 'not submitted';
    else {
      if (!(error instanceof FfrtmpError)) throw error;
      result.state = 'failed';
      result.error = error;
      work.display.update(film.input, { ...emptyRow(name, 'failed'), note: error.message });
    }
  }
  return result;
}

async function takeThrough(film: Film, work: FilmWork, result: FilmResult): Promise<void> {
  const { name } = film;
  const { signal, display, master } = work;
  if (!work.overwrite && (await exists(film.output))) {
    result.state = 'skipped';
    return;
  }
  result.inputBytes = await requireReadable(film.input);
  const source = await probeIfPossible(film.input, signal);
  const stored = await work.uploads(() => upload(film.input, name, work));
  const request = { ...film.request, input: { sha256: stored.sha256, name: fileName(basename(film.input)) } };
  const reply = await master.call(jobOperations.submit, { body: request });
  if ('jobs' in reply) throw new FfrtmpError('internal', 'the master answered one job with a list');
  result.job = reply;
  result.state = 'submitted';
  for (const warning of reply.warnings) display.say(`${name}: ${warning}`);
  if (!work.wait) return;
  const job = await watchJob(master.connection, {
    id: reply.id,
    name,
    signal,
    say: display.say,
    // The film's line is not at its end before the result is here.
    show: (row) => row.phase !== 'completed' && display.update(film.input, row),
  });
  result.job = job;
  requireCompleted(job);
  result.receipt = await master.call(jobOperations.receipt, { params: { id: job.id } });
  result.outputBytes = await fetchOutput(film, job, source, work);
  result.state = 'completed';
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A machine without ffprobe still transcodes: then the worker alone judges the film. */
async function probeIfPossible(path: string, signal: AbortSignal): Promise<Probe | undefined> {
  try {
    return await probeFilm(path, { signal });
  } catch (error) {
    if (error instanceof FfrtmpError && error.code === 'missing_program') return undefined;
    throw error;
  }
}

async function upload(path: string, name: string, { master, display, signal }: FilmWork) {
  const onProgress = (done: number, total: number) =>
    display.update(path, { ...emptyRow(name, 'upload'), percent: total > 0 ? (done / total) * 100 : null });
  return uploadFile(master.connection, path, { signal, onProgress });
}

/** Downloads the result and checks it. What was only partly fetched is removed. */
async function fetchOutput(film: Film, job: Job, source: Probe | undefined, work: FilmWork): Promise<number> {
  const [output] = job.outputs;
  if (!output?.sha256) throw new FfrtmpError('job_failed', `job ${job.sequence_number} completed without an output`);
  const { name } = film;
  await mkdir(dirname(film.output), { recursive: true });
  try {
    // A part of an earlier run may belong to another encode of the same film.
    await rm(`${film.output}.part`, { force: true });
    await downloadFile(work.master.connection, { sha256: output.sha256, bytes: output.bytes }, film.output, {
      signal: work.signal,
      onProgress: (done, total) =>
        work.display.update(film.input, {
          ...emptyRow(name, 'download'),
          percent: total > 0 ? (done / total) * 100 : null,
        }),
    });
  } catch (error) {
    await rm(`${film.output}.part`, { force: true });
    throw error;
  }
  const result = source && (await probeIfPossible(film.output, work.signal));
  const problems = source && result ? verifyOutput(source, result, job.encode) : [];
  if (problems.length > 0) {
    throw new FfrtmpError('job_failed', `${film.output} is not what was asked for: ${problems.join('; ')}`);
  }
  work.display.update(film.input, { ...emptyRow(name, 'completed'), percent: 100, node: job.node_name });
  return (await stat(film.output)).size;
}

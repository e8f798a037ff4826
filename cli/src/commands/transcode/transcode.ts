import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Command } from 'commander';
import { createLimit } from '../../api/limit.ts';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { requireReadable } from '../../media/readable.ts';
import { createDisplay } from '../../output/display.ts';
import { count } from '../../output/text.ts';
import { buildRequest, checkRequest } from '../../request/build.ts';
import { addJobFlags, flagValues } from '../../request/options.ts';
import { type FilmResult, runFilm } from './film.ts';
import { expandInputs, planFilms } from './plan.ts';
import { summaryTable } from './summary.ts';

interface TranscodeOptions extends Record<string, unknown> {
  out: string;
  overwrite?: boolean;
  wait: boolean;
}

/** Flags that this command fills in by itself. */
const OWN_FLAGS = ['name', 'input-sha256', 'input-name', 'output-name'];
/** Films on their way at once: each holds a connection that follows its job. */
const MAX_FILMS = 64;
/** Two uploads fill the line while one of them computes its digest. */
const MAX_UPLOADS = 2;

export function transcodeCommand(program: Command, cli: Cli): void {
  const command = program
    .command('transcode')
    .description('upload films, encode them on the fleet, fetch the results; Ctrl-C leaves the jobs running')
    .argument('<IN...>', 'films; a quoted pattern such as "*.mkv" is expanded too')
    .requiredOption('-o, --out <PATH>', 'the result: a file, or a folder (ending in /) for several films')
    .option('--overwrite', 'encode and replace results that exist instead of skipping them')
    .option('--no-wait', 'submit, and leave the rest to `ffrtmp jobs watch` and `ffrtmp jobs download`');
  addJobFlags(command, OWN_FLAGS).action((words: string[], options: TranscodeOptions) =>
    transcode(cli, words, options),
  );
  examples(command, [
    'ffrtmp transcode film.mkv -o film.mp4',
    'ffrtmp transcode film.mkv -o small.mp4 --scenario 720p-h265-crf26 --quality',
    'ffrtmp transcode a.mkv b.mkv -o encoded/ --codec av1 --preset 8',
    'ffrtmp transcode "season1/*.mkv" -o encoded/ --queue batch --priority low',
  ]);
}

async function transcode(cli: Cli, words: readonly string[], options: TranscodeOptions): Promise<void> {
  const request = buildRequest(flagValues(options));
  checkRequest(request);
  const films = planFilms(expandInputs(words, cli.cwd), options.out, request, cli.cwd);
  // A mistyped name is answered at once, whether a master runs or not.
  if (films.length === 1) await Promise.all(films.map((film) => requireReadable(film.input)));
  const json = cli.settings().output === 'json';
  const display = createDisplay({ stream: json ? cli.stderr : cli.stdout, env: cli.env });
  const uploads = createLimit(MAX_UPLOADS);
  const places = createLimit(MAX_FILMS);
  const results = await cli.withMaster(async (master) => {
    const work = {
      master,
      display,
      signal: cli.signal,
      overwrite: options.overwrite === true,
      wait: options.wait,
      uploads,
    };
    try {
      return await Promise.all(films.map((film) => places(() => runFilm(film, work))));
    } finally {
      display.close();
    }
  });
  cli.print(results.map(record), () => report(results));
  if (cli.signal.aborted) throw detached(results);
  throwFailures(results);
}

const record = ({ film, state, job, receipt, error }: FilmResult) => ({
  input: film.input,
  output: film.output,
  state,
  job: job ?? null,
  receipt: receipt ?? null,
  error: error ? { code: error.code, message: error.message } : null,
});

function report(results: readonly FilmResult[]): string {
  const submitted = results.filter((result) => result.state === 'submitted');
  const next = submitted.map(
    ({ job, film }) => `later: ffrtmp jobs download ${job?.sequence_number} -o ${film.output}`,
  );
  return ['', summaryTable(results), ...next].join('\n');
}

/** What Ctrl-C leaves behind, and how to get hold of it again. */
function detached(results: readonly FilmResult[]): FfrtmpError {
  const ids = results.filter((result) => result.state === 'detached').map((result) => result.job?.sequence_number);
  const unsent = results.filter((result) => result.state === 'not submitted').length;
  const rest = unsent === 0 ? '' : `; ${count(unsent, 'film was', 'films were')} not submitted`;
  if (ids.length === 0) return new FfrtmpError('interrupted', `interrupted${rest}`);
  const list = ids.join(' ');
  return new FfrtmpError(
    'interrupted',
    `interrupted; ${count(ids.length, 'job goes', 'jobs go')} on${rest}. Watch: ffrtmp jobs watch ${list} · fetch: ffrtmp jobs download ID · stop: ffrtmp jobs cancel ${list}`,
  );
}

function throwFailures(results: readonly FilmResult[]): void {
  const failed = results.filter((result) => result.error !== undefined);
  const [only] = failed;
  if (!only?.error) return;
  // The reason of a single film is the reason of the call; of several films each has had its line already.
  if (results.length === 1) throw only.error;
  const lines = failed.map(({ film, error }) => `  ${film.input}: ${error?.message}`);
  throw new FfrtmpError(
    'job_failed',
    `${failed.length} of ${count(results.length, 'film')} failed:\n${lines.join('\n')}`,
  );
}

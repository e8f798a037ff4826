import { runProgram } from '@ffrtmp/runtime/program';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { CommanderError } from 'commander';
import { createCli } from './cli.ts';
import { buildProgram } from './program.ts';

/** What a shell reports for a program that Ctrl-C ended. */
const INTERRUPTED_EXIT = 130;
/** Wrong usage, as for any other invalid request. */
const USAGE_EXIT = 2;

await runProgram(async () => {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // The second signal does not wait for a clean end; exit handlers still stop what this program has started.
      if (controller.signal.aborted) process.exit(INTERRUPTED_EXIT);
      controller.abort(new FfrtmpError('interrupted', 'interrupted'));
    });
  }
  // `ffrtmp jobs list | head` closes the pipe early: that is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const cli = createCli({
    env: process.env,
    cwd: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
    signal: controller.signal,
    flags: () => program.opts(),
  });
  const program = buildProgram(cli);
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    // Whatever breaks off because of an interruption is that interruption, and no fault of its own.
    const interrupted = error instanceof FfrtmpError && error.code === 'interrupted';
    if (controller.signal.aborted && !interrupted) throw controller.signal.reason;
    if (!(error instanceof CommanderError)) throw error;
    // commander has printed its sentence or the help already.
    process.exitCode = error.exitCode === 0 ? 0 : USAGE_EXIT;
  }
});

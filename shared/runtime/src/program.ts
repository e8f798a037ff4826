import { FfrtmpError } from '@ffrtmp/shared/contract/errors';

/**
 * The outermost border of every program: an error of the table becomes its sentence on stderr and its exit code,
 * anything else is a fault of ours and shows its stack.
 */
export async function runProgram(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (error instanceof FfrtmpError) {
      process.stderr.write(`error: ${error.message}\n`);
      process.exitCode = error.exitCode;
    } else {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exitCode = 1;
    }
  }
}

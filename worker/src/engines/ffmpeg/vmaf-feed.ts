import { type ChildProcess, spawn } from 'node:child_process';
import { tied } from '@ffrtmp/runtime/tie';
import type { VmafFeed } from './vmaf-program.ts';

/** A program of its own: `vmaf` and the two ffmpeg that feed it. Ends when all have, or at once when one has failed. */
const feed = JSON.parse(process.argv[2] ?? '{}') as VmafFeed;

function start([program = '', ...words]: string[], stdout: 'inherit' | 'ignore'): ChildProcess {
  const [command, argv] = tied('KILL', program, words);
  return spawn(command, argv, { stdio: ['ignore', stdout, 'inherit'] });
}

const ended = (child: ChildProcess) =>
  new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${child.spawnfile} ended with ${code}`))));
  });

// The progress of one side is that of the comparison: the program takes both in step.
const children = [start(feed.distorted, 'inherit'), start(feed.reference, 'ignore'), start(feed.vmaf, 'ignore')];
try {
  await Promise.all(children.map(ended));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  for (const child of children) child.kill('SIGKILL');
  process.exitCode = 1;
}

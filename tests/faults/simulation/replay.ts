import { simulate } from './simulate.ts';

/** `SEED=7 node tests/faults/simulation/replay.ts` prints the trace of one seed, and what it breaks. */
const seed = Number(process.env.SEED);
const print = (line: string) => void process.stdout.write(line);
const { violations, hash } = await simulate({ seed, print });
for (const violation of violations) print(`VIOLATION ${violation}\n`);
print(`seed ${seed}: ${violations.length} violations, trace ${hash}\n`);
process.exitCode = violations.length === 0 ? 0 : 1;

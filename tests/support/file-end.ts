import { writeSync } from 'node:fs';
import { after } from 'node:test';

/**
 * Loaded before every test file (`--import`), because a file that does not end holds up the whole run for ever: node's
 * own --test-timeout fails the test but leaves the process waiting, and --test-force-exit loses results without a word
 * (seen with Node 24.21 and two files at once).
 */
const inTestFile = process.env.NODE_TEST_CONTEXT !== undefined;
/** Sockets and children that are about to close are gone by then. */
const GRACE_MS = 5000;

function giveUp(why: string): void {
  const open = process.getActiveResourcesInfo().filter((kind) => kind !== 'TTYWrap');
  writeSync(2, `${process.argv[1]}: ${why}; still open: ${open.join(', ')}\n`);
  process.exit(1);
}

// The timer is unreferenced: it only ever fires in a process that something else keeps alive, which is a leak.
if (inTestFile) {
  after(() => {
    setTimeout(() => giveUp(`all tests have ended, but the process has not after ${GRACE_MS} ms`), GRACE_MS).unref();
  });
}

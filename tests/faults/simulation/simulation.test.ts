import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './campaign.ts';
import { simulate } from './simulate.ts';
import { storePoints } from './store.ts';

/** RELIABILITY's size for every change. */
const SEEDS = 500;
/** Half a minute on two free cores; nothing in it waits for a real clock, so that a busy machine only makes it slower. */
const SEEDS_LIMIT_MS = 6 * 60_000;
/** What a fair share of any five hundred seeds has to meet, or the simulation has become harmless. */
const faults = [
  ...storePoints.map((point) => `master dies ${point}`),
  'master dies before the reply',
  'master dies after the reply',
  'master stands still',
  'agent dies',
  'agent stops',
  'agent stands still',
  'network cut',
  'disk full',
  'clock jump',
];

test('Whatever fails and whenever, every accepted job comes to its one end', { timeout: SEEDS_LIMIT_MS }, async () => {
  const { ran, violations, points } = await run({ seeds: SEEDS, from: 1 });
  const some = violations.slice(0, 10).join('\n');
  assert.deepEqual(violations, [], `replay one with SEED=n node tests/faults/simulation/replay.ts\n${some}`);
  assert.equal(ran, SEEDS);
  const rare = faults.filter((fault) => (points[fault] ?? 0) < 10);
  assert.deepEqual(rare, [], 'faults that hardly happened');
});

/** Seeds that found a fault of the product: each fails again when its mending is undone. */
const regressions = [
  [3, 'A result that was lost on a half-open connection lets go of its slot'],
  [22, 'A full disk of the master costs no finished output and no retry'],
] as const;

for (const [seed, sentence] of regressions) {
  test(sentence, async () => {
    assert.deepEqual((await simulate({ seed })).violations, []);
  });
}

test('A seed replays bit for bit, to the last id', async () => {
  for (const seed of [2, 37, 58]) {
    const lines: string[][] = [[], []];
    const hashes: string[] = [];
    for (const own of lines) {
      const { hash } = await simulate({ seed, print: (line) => own.push(line) });
      hashes.push(hash);
    }
    const differing = lines[0]?.findIndex((line, index) => line !== lines[1]?.[index]) ?? 0;
    assert.equal(hashes[0], hashes[1], `line ${differing}: ${lines[0]?.[differing]}${lines[1]?.[differing]}`);
  }
  const other = await simulate({ seed: 3 });
  assert.notEqual(other.hash, (await simulate({ seed: 4 })).hash);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openScope } from '../support/scope.ts';
import { applied, type Bug, edit, type Look } from './mutants/bug.ts';
import { bugs } from './mutants/campaign.ts';
import { copySources, withEdits } from './mutants/copy.ts';
import { falseAlarms, type Ground, hunt } from './mutants/hunt.ts';

/** One copy for all: copying costs as much as looking. */
let ground: Ground;
const ends: (() => Promise<void>)[] = [];
before(() => {
  const keep = (end: () => Promise<void>) => void ends.push(end);
  const context = { name: 'bugs', after: keep, diagnostic: () => undefined };
  const scope = openScope(context, { leavesTemporaries: 'a broken product may leave anything' });
  ground = { scope, copy: copySources(scope.folder('copy')) };
});
after(async () => {
  for (const end of ends) await end();
});

const made: Look[] = [];

for (const bug of bugs.filter(({ everyChange }) => everyChange)) {
  test(`A seeded bug is noticed by ${bug.look.layer}: ${bug.name}`, async () => {
    const verdict = await hunt(ground, bug);
    assert.ok(verdict.caught !== undefined, verdict.story);
    made.push(verdict.made);
  });
}

test('The sources without a bug pass the very same trials', async () => {
  assert.deepEqual(await falseAlarms(ground, made), []);
  assert.ok(made.length >= 10, `${made.length} bugs were noticed`);
});

test('A patch that breaks nothing, and one that does not even parse, are noticed by nobody', async () => {
  const rank = 'master/src/scheduling/rank.ts';
  const look: Look = { layer: 'model over arrays', seed: 1, steps: 100, atMost: 20 };
  for (const replace of ['/* as it was */ export function rankNow(', 'export function (']) {
    const bug: Bug = { name: 'none', edits: [edit(rank, 'export function rankNow(', replace)], look, says: '.' };
    assert.equal((await hunt(ground, bug)).caught, undefined);
  }
});

test('A patch that fits nowhere or in two places is out of date', () => {
  const one = edit('a.ts', 'x += 1;', 'x += 2;');
  assert.equal(applied('let x = 0; x += 1;', one), 'let x = 0; x += 2;');
  for (const text of ['let x = 0;', 'x += 1; x += 1;'])
    assert.throws(() => applied(text, one), /the patch is out of date: a.ts has [02] times/);
});

test('Every bug has a name of its own and fits the sources as they are', async () => {
  assert.equal(new Set(bugs.map(({ name }) => name)).size, bugs.length);
  for (const { edits } of bugs) await withEdits(ground.copy, edits, async () => undefined);
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { expandInputs, planFilms } from './plan.ts';

function folder(t: TestContext, names: readonly string[]): string {
  const dir = mkdtempSync(join(tmpdir(), 'ffrtmp-plan-'));
  t.after(() => rmSync(dir, { recursive: true }));
  for (const name of names) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), 'x');
  }
  return dir;
}

test('quoted patterns are expanded, names that exist are taken as they are', (t) => {
  const dir = folder(t, ['b.mkv', 'a.mkv', 'odd[1].mkv', 's/c.mkv']);
  assert.deepEqual(expandInputs(['*.mkv'], dir), ['a.mkv', 'b.mkv', 'odd[1].mkv']);
  assert.deepEqual(expandInputs(['odd[1].mkv', 's/*', 'a.mkv', 'a.mkv'], dir), ['odd[1].mkv', 's/c.mkv', 'a.mkv']);
  assert.throws(() => expandInputs(['*.avi'], dir), { code: 'input_unreadable' });
});

test('a file takes its container from its ending', (t) => {
  const dir = folder(t, ['a.mov']);
  const [film] = planFilms(['a.mov'], 'out.mkv', {}, dir);
  assert.equal(film?.output, join(dir, 'out.mkv'));
  assert.deepEqual(film?.request, { parameters: { container: 'mkv' }, outputs: [{ name: 'out.mkv' }] });
  assert.throws(() => planFilms(['a.mov'], 'out.avi', {}, dir), /has to end in \.mp4, \.mkv, \.webm/);
  assert.throws(() => planFilms(['a.mov'], 'o.mp4', { parameters: { container: 'mkv' } }, dir), /does not end in .mkv/);
});

test('a folder gives every film its name with the ending of its container, and no two the same', (t) => {
  const dir = folder(t, ['a.mov', 's/a.mov', 'b.mov']);
  const plan = planFilms(['a.mov', 's/a.mov', 'b.mov'], 'out/', { scenario: 'vp9' }, dir);
  assert.deepEqual(
    plan.map((film) => film.output),
    ['a.webm', 'a-2.webm', 'b.webm'].map((name) => join(dir, 'out', name)),
  );
});

test('several films into one file, and a result over its own source, are refused', (t) => {
  const dir = folder(t, ['a.mp4', 'b.mp4']);
  assert.throws(() => planFilms(['a.mp4', 'b.mp4'], 'out.mp4', {}, dir), /need a folder: write -o out.mp4\//);
  assert.throws(() => planFilms(['a.mp4'], './', {}, dir), /is an input/);
  assert.throws(() => planFilms(['a.mp4'], 'a.mp4', {}, dir), /is an input/);
});

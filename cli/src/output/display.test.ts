import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDisplay } from './display.ts';
import { barLine, emptyRow, type ProgressRow, plainLine } from './progress.ts';

const row: ProgressRow = {
  name: 'x264 medium',
  phase: 'encode',
  percent: 61.9,
  fps: 48.2,
  speed: 1.604,
  etaS: 3,
  node: 'demo-1',
  note: null,
};

test('a bar line shows name, bar, percent, phase, pace, rest and node', () => {
  assert.equal(
    barLine(row, { nameCells: 12, columns: 120, unicode: true }),
    'x264 medium   ████████████░░░░░░░░   61%  encode     48 fps  1.60x  3 s left  on demo-1',
  );
  assert.equal(
    barLine(
      { ...emptyRow('a very long name of a film', 'waiting'), note: 'no node is connected' },
      { nameCells: 12, columns: 60, unicode: false },
    ),
    'a very long…  --------------------        waiting    no no…',
  );
});

test('a plain line says the same in words', () => {
  assert.equal(plainLine(row), 'x264 medium: encode 61 %, 48 fps, 1.60x, 3 s left, on demo-1');
  assert.equal(plainLine(emptyRow('a', 'upload')), 'a: upload');
});

function plainDisplay() {
  const lines: string[] = [];
  let now = 0;
  const stream = { write: (text: string) => lines.push(text.trimEnd()) > 0 };
  const display = createDisplay({ stream, env: {}, nowMs: () => now });
  return { lines, display, pass: (ms: number) => (now += ms) };
}

test('without a terminal a job writes at most one line a tenth or five seconds', () => {
  const { lines, display, pass } = plainDisplay();
  for (let percent = 0; percent <= 40; percent += 1) {
    display.update('1', { ...row, percent });
    pass(10);
  }
  assert.equal(lines.length, 5);
  pass(5000);
  display.update('1', { ...row, percent: 41 });
  assert.equal(lines.length, 6);
  display.update('1', { ...row, percent: 41, phase: 'upload' });
  assert.equal(lines.length, 7);
});

test('a job that stands still is not repeated', () => {
  const { lines, display, pass } = plainDisplay();
  for (let i = 0; i < 5; i += 1) {
    display.update('1', { ...emptyRow('a', 'waiting'), note: 'no node is connected' });
    pass(6000);
  }
  assert.deepEqual(lines, ['a: waiting, no node is connected']);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRange } from './download.ts';

const size = fc.integer({ min: 1, max: 1000 });
const place = fc.integer({ min: 0, max: 1200 });

test('A range lies within the file, whatever was asked for', () => {
  fc.assert(
    fc.property(size, fc.option(place, { nil: '' }), fc.option(place, { nil: '' }), (bytes, from, to) => {
      const range = parseRange(`bytes=${from}-${to}`, bytes);
      if (range === 'none' || range === undefined) return;
      assert.ok(range.start >= 0 && range.start <= range.end && range.end < bytes, JSON.stringify(range));
    }),
  );
});

test('A range gives the bytes that a plain cut of the file gives', () => {
  fc.assert(
    fc.property(size, place, place, (bytes, a, b) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      const wanted = Array.from({ length: bytes }, (_, index) => index).slice(start, end + 1);
      const range = parseRange(`bytes=${start}-${end}`, bytes);
      if (wanted.length === 0) return assert.equal(range, 'none');
      assert.deepEqual(range, { start: wanted[0], end: wanted.at(-1) });
    }),
  );
});

test('The last bytes of a file are asked for by a negative length', () => {
  fc.assert(
    fc.property(size, fc.integer({ min: 1, max: 1200 }), (bytes, length) => {
      assert.deepEqual(parseRange(`bytes=-${length}`, bytes), { start: Math.max(0, bytes - length), end: bytes - 1 });
    }),
  );
  assert.equal(parseRange('bytes=-0', 10), 'none');
});

test('What is not one range of bytes is ignored, as the standard allows', () => {
  for (const text of [
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=1-2,4-5',
    'items=0-1',
    'bytes=1.5-2',
    'bytes= 1-2',
    'Bytes=1-2',
  ])
    assert.equal(parseRange(text, 10), undefined, String(text));
});

test('An empty file has no range at all', () => {
  for (const text of ['bytes=0-', 'bytes=0-0', 'bytes=-5']) assert.equal(parseRange(text, 0), 'none', text);
});

test('Numbers beyond all files are numbers still', () => {
  assert.deepEqual(parseRange(`bytes=0-${'9'.repeat(40)}`, 10), { start: 0, end: 9 });
  assert.equal(parseRange(`bytes=${'9'.repeat(40)}-`, 10), 'none');
});

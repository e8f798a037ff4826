import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codecs, hardwareKinds } from '../media/encoding.ts';
import { parseScenario } from './scenario.ts';

const sizes = ['8K', '4K', '2160p', '1440p', '1080p', '720p', '480p', '360p'];
const presets = ['ultrafast', 'veryfast', 'medium', 'veryslow', 'p1', 'p7', 'preset0', 'preset13'];

const anyScenario = fc.record(
  {
    size: fc.constantFrom(...sizes),
    fps: fc.integer({ min: 1, max: 240 }),
    codec: fc.constantFrom(...codecs),
    hardware: fc.constantFrom(...hardwareKinds),
    crf: fc.integer({ min: 0, max: 63 }),
    preset: fc.constantFrom(...presets),
  },
  { requiredKeys: ['size'] },
);
type Wanted = typeof anyScenario extends fc.Arbitrary<infer T> ? T : never;

const partsOf = (wanted: Wanted) =>
  [
    wanted.size + (wanted.fps ?? ''),
    wanted.codec,
    wanted.hardware,
    wanted.crf === undefined ? undefined : `crf${wanted.crf}`,
    wanted.preset,
  ].filter((part) => part !== undefined);

function assertSays(name: string, wanted: Wanted): void {
  const read = parseScenario(name);
  assert.deepEqual(read.unknown, [], name);
  assert.equal(read.fps, wanted.fps, name);
  assert.equal(read.codec, wanted.codec, name);
  assert.equal(read.hardware, wanted.hardware, name);
  assert.equal(read.crf, wanted.crf, name);
  assert.equal(read.preset, wanted.preset?.replace('preset', ''), name);
  assert.ok(read.size && read.size.width > read.size.height, name);
}

test('A scenario’s parts are read in any order and in upper or lower case', () => {
  fc.assert(
    fc.property(anyScenario, fc.boolean(), fc.func(fc.nat()), (wanted, upper, weight) => {
      const parts = partsOf(wanted).sort((a, b) => weight(a) - weight(b));
      const name = parts.join('-');
      assertSays(upper ? name.toUpperCase() : name, wanted);
    }),
  );
});

test('A prefix changes nothing, and is one only in front', () => {
  for (const prefix of ['live', 'batch', 'test'])
    assert.deepEqual(parseScenario(`${prefix}-1080p60-h264`), parseScenario('1080p60-h264'));
  assert.deepEqual(parseScenario('1080p-live').unknown, ['live']);
});

test('Of two parts of a kind the first counts', () => {
  const read = parseScenario('720p25-1080p50-h264-av1-crf20-crf30');
  assert.deepEqual([read.size?.height, read.fps, read.codec, read.crf], [720, 25, 'h264', 20]);
});

test('The sizes are the ones their names promise', () => {
  const heights = sizes.map((size) => parseScenario(size).size?.height);
  assert.deepEqual(heights, [4320, 2160, 2160, 1440, 1080, 720, 480, 360]);
});

test('A name that says nothing leaves every choice open', () => {
  assert.deepEqual(parseScenario(''), { unknown: [] });
  assert.deepEqual(parseScenario('--'), { unknown: [] });
});

test('What means nothing is listed as it was written, also words that every object knows', () => {
  const words = [
    'HDR',
    '1080i',
    'crf64',
    'preset14',
    '1080p0',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
  ];
  for (const word of words) assert.deepEqual(parseScenario(`x-${word}`).unknown, ['x', word], word);
});

test('Any text is read without a failure, and every part is either understood or listed', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), (name) => {
      const read = parseScenario(name);
      assert.ok(read.codec === undefined || codecs.includes(read.codec));
      assert.ok(read.fps === undefined || read.fps > 0);
      assert.ok(read.unknown.every((part) => name.includes(part)));
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatBytes,
  parseBitrateKbps,
  parseBytes,
  parseClockS,
  parseDurationMs,
  parseFrameSize,
  parseRate,
} from './units.ts';

test('Bit rates are bits per second, with k, M and G in thousands', () => {
  const read = ['15000k', '15M', '2500000', '4Mbps', '0.5 M', '1g', 128_000].map(parseBitrateKbps);
  assert.deepEqual(read, [15_000, 15_000, 2500, 4000, 500, 1_000_000, 128]);
  for (const text of ['', 'fast', '0', '-1k', '1e6', '5 apples', 'k'])
    assert.equal(parseBitrateKbps(text), undefined, text);
});

test('Durations take a unit, and a bare number counts seconds', () => {
  const read = ['500ms', '5s', '2m', '1h', '7d', '1.5s', 3].map(parseDurationMs);
  assert.deepEqual(read, [500, 5000, 120_000, 3_600_000, 604_800_000, 1500, 3000]);
  for (const text of ['', '5 years', '-1s', 'm']) assert.equal(parseDurationMs(text), undefined, text);
});

test('Sizes are decimal as disks are sold, binary with an i, and a bare number counts bytes', () => {
  const read = ['500MB', '10 GB', '2TiB', '1.5k', '0', 7, '3b'].map(parseBytes);
  assert.deepEqual(read, [500e6, 10e9, 2 * 2 ** 40, 1500, 0, 7, 3]);
  for (const text of ['', 'much', '-1', '5 EB', 'GB', '1 i']) assert.equal(parseBytes(text), undefined, text);
});

test('Clock times are read as ffmpeg writes them', () => {
  assert.deepEqual(['00:01:02.5', '1:02', '90', 0.04, '100:00:00'].map(parseClockS), [62.5, 62, 90, 0.04, 360_000]);
  for (const text of ['', '1:2:3:4', '-5', 'noon', '1:']) assert.equal(parseClockS(text), undefined, text);
  fc.assert(
    fc.property(fc.nat(99), fc.nat(59), fc.nat(59), (h, m, s) => {
      assert.equal(
        parseClockS(`${h}:${String(m).padStart(2, '0')}:${String(s).padStart(2, '0')}`),
        h * 3600 + m * 60 + s,
      );
    }),
  );
});

test('Frame sizes have even sides between 16 and 16384', () => {
  assert.deepEqual(parseFrameSize('1080P'), { width: 1920, height: 1080 });
  assert.deepEqual(parseFrameSize('1280×720'), { width: 1280, height: 720 });
  for (const text of ['1281x720', '14x16', '16386x720', '0x0', 'constructor', '__proto__', 'big', ''])
    assert.equal(parseFrameSize(text), undefined, text);
});

test('A named size is a copy: changing it changes no later answer', () => {
  const size = parseFrameSize('720p');
  if (size) size.width = 1;
  assert.equal(parseFrameSize('720p')?.width, 1280);
});

test('Rates are read as ffprobe prints them', () => {
  assert.deepEqual(['25', '30000/1001', '0/0', '25/0', '0', 'x'].map(parseRate), [
    25,
    30_000 / 1001,
    ...Array(4).fill(undefined),
  ]);
});

test('Bytes are shown with at most four digits and never rounded up to a thousand', () => {
  assert.deepEqual([0, 999, 1536, 999_949, 999_950, 12_345_678, 5e15].map(formatBytes), [
    '0 B',
    '999 B',
    '1.54 kB',
    '999.9 kB',
    '1.00 MB',
    '12.3 MB',
    '5000.0 TB',
  ]);
  fc.assert(
    fc.property(fc.nat(), (bytes) => {
      const number = Number(formatBytes(bytes).split(' ')[0]);
      assert.ok(number < 1000, formatBytes(bytes));
    }),
  );
});

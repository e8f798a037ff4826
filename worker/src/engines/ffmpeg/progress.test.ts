import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createProgressParser, toProgress } from './progress.ts';

const text = [
  'frame=0\nfps=0.00\nstream_0_0_q=0.0\nbitrate=N/A\ntotal_size=44\nout_time_us=N/A\nspeed=N/A\nprogress=continue\n',
  'frame=120\nfps=59.9\nbitrate=1.5kbits/s\ntotal_size=N/A\nout_time_us=4800000\nspeed=2.4x\nprogress=continue\n',
  'frame=250\nfps=60.1\ntotal_size=12345\nout_time_us=9960000\nspeed=   2x\nprogress=end\n',
].join('');
const snapshots = [
  { frame: 0, fps: 0, out_time_us: null, speed: null, total_size: 44, done: false },
  { frame: 120, fps: 59.9, out_time_us: 4_800_000, speed: 2.4, total_size: null, done: false },
  { frame: 250, fps: 60.1, out_time_us: 9_960_000, speed: 2, total_size: 12345, done: true },
];

test('the report is read alike however it is cut into chunks', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const parse = createProgressParser();
      const ends = [...cuts.toSorted((a, b) => a - b), text.length];
      const read = ends.flatMap((end, index) => parse(text.slice(index === 0 ? 0 : ends[index - 1], end)));
      assert.deepEqual(read, snapshots);
    }),
  );
});

test('what is no report is ignored, and a line without end does not pile up', () => {
  const parse = createProgressParser();
  assert.deepEqual(parse('x'.repeat(100_000)), []);
  assert.deepEqual(parse(`\n${text}`), snapshots);
});

const halfway = { frame: 125, fps: 50, out_time_us: 5_000_000, speed: 2, total_size: null, done: false };

test('percent goes by frames, else by time, else is unknown', () => {
  const both = toProgress(halfway, { duration_s: 20, frames: 250 }, 0, 3000);
  assert.deepEqual(both, { percent: 50, fps: 50, speed: 2, eta_s: 3, frames: 125 });
  assert.equal(toProgress(halfway, { duration_s: 20, frames: null }, 0, 3000).percent, 25);
  const unknown = toProgress(halfway, { duration_s: null, frames: null }, 0, 3000);
  assert.deepEqual([unknown.percent, unknown.eta_s], [null, null]);
});

test('only the end is 100 percent, and a wrong frame count never gives more', () => {
  assert.equal(toProgress(halfway, { duration_s: null, frames: 100 }, 0, 1000).percent, 99.9);
  const end = toProgress({ ...halfway, done: true }, { duration_s: null, frames: 300 }, 0, 1000);
  assert.deepEqual([end.percent, end.eta_s], [100, 0]);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { noIdle, type QuietInterval, watchIdle } from './idle.ts';
import { createIdleStore } from './idle-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-idle-'));
after(() => rmSync(folder, { recursive: true }));

const quiet = (watts: number, seconds = 1): QuietInterval => ({
  ...{ seconds, energyUj: watts * seconds * 1e6, busy: 0.01, attempts: 0 },
});
const learn = (intervals: QuietInterval[]) => {
  let watch = noIdle;
  const learnt: number[] = [];
  for (const interval of intervals) {
    const next = watchIdle(watch, interval);
    watch = next.watch;
    if (next.watts !== null) learnt.push(next.watts);
  }
  return learnt;
};
const times = (count: number, interval: QuietInterval) => Array.from({ length: count }, () => interval);

test('the idle draw is the median of thirty quiet seconds, after ten to come to rest', () => {
  assert.deepEqual(learn(times(39, quiet(20))), []);
  assert.deepEqual(learn([...times(10, quiet(90)), ...times(28, quiet(20)), quiet(80), quiet(70)]), [20]);
});

test('at ten looks a second the powers are still of whole seconds', () => {
  assert.deepEqual(learn(times(420, quiet(20, 0.1))).map(Math.round), [20]);
});

test('work, a gap, an unknown load or a long silence in between starts the measurement over', () => {
  for (const break_ of [
    { ...quiet(20), busy: 0.2 },
    { ...quiet(20), attempts: 1 },
    { ...quiet(20), energyUj: null },
    { ...quiet(20), busy: null },
    quiet(20, 600),
  ])
    assert.deepEqual(learn([...times(39, quiet(20)), break_, ...times(30, quiet(20))]), []);
});

test('a draw that fell once for a moment is no idle draw: nothing follows a running minimum', () => {
  assert.deepEqual(learn([...times(20, quiet(40)), quiet(1), ...times(30, quiet(40))]), [40]);
});

const storeAt = (now: () => number) =>
  createIdleStore({ dataDir: folder, maxAgeMs: 86_400_000, now, temperature: () => 41.5 });
const T0 = Date.parse('2026-11-20T12:00:00Z');

test('what was measured survives a restart, with its age, and expires', () => {
  storeAt(() => T0).learnt('rapl', 'RAPL package-0', 12.34);
  const later = (hours: number) => storeAt(() => T0 + hours * 3_600_000).get('rapl', 'RAPL package-0');
  assert.deepEqual(later(3), { watts: 12.34, remark: 'idle 12.3 W, measured 3 h ago' });
  assert.deepEqual(later(30), { watts: null, remark: 'idle 12.3 W was measured 30 h ago: stale' });
});

test('a clock that was set back makes the age unknown, not young', () => {
  assert.match(storeAt(() => T0 - 1000).get('rapl', 'RAPL package-0').remark, /in the future: stale/);
});

test('other zones need another measurement, and a damaged file is as good as none', () => {
  const none = { watts: null, remark: 'no measured idle draw of this node' };
  assert.deepEqual(storeAt(() => T0).get('rapl', 'RAPL package-0 + package-1'), none);
  writeFileSync(join(folder, 'idle.json'), '{"rapl":');
  assert.deepEqual(storeAt(() => T0).get('rapl', 'RAPL package-0'), none);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { figuresOfAttempt } from './figures.ts';

const at = (time: string) => Date.parse(`2026-11-20T${time}Z`);
const figure: Figure = {
  ...{ name: 'energy_full', value: 12, unit: 'J', scope: ['cpu'], method: 'rapl', quality: 'measured' },
  ...{ coverage: 0.5, low: 10, high: 14, source: 'a sensor' },
};
const none: Figure = { ...figure, value: null, low: null, high: null, quality: 'none', coverage: 0 };
const lost = {
  ...{ state: 'lost' as const, leased_at: at('12:00:00'), started_at: at('12:00:10'), ended_at: at('12:01:50') },
  ...{ figures: null, prices: null, power: { at: at('12:01:00'), figures: [figure, none] } },
};

test('figures of an attempt without a result say until when, and cover as much less of it', () => {
  const [known, unknown] = figuresOfAttempt(lost);
  assert.deepEqual(known, { ...figure, coverage: 0.25, source: 'until 12:01:00 UTC, then lost; a sensor' });
  assert.deepEqual([unknown?.value, unknown?.quality, unknown?.coverage], [null, 'none', 0]);
});

test('an attempt that never began counts from its lease, and one that was heard of at its very end is covered', () => {
  const leased = { ...lost, state: 'canceled' as const, started_at: null };
  assert.equal(figuresOfAttempt(leased)[0]?.coverage, 0.5 * (60 / 110));
  const whole = { ...lost, power: { at: lost.ended_at, figures: [figure] } };
  assert.equal(figuresOfAttempt(whole)[0]?.coverage, 0.5);
  const instant = { ...whole, started_at: lost.ended_at };
  assert.equal(figuresOfAttempt(instant)[0]?.coverage, 0.5);
});

test('a result says it better, and an attempt that runs has said nothing final', () => {
  const own = { ...figure, value: 99 };
  assert.deepEqual(figuresOfAttempt({ ...lost, figures: [own] }), [own]);
  assert.deepEqual(figuresOfAttempt({ ...lost, figures: [] }), []);
  assert.deepEqual(figuresOfAttempt({ ...lost, state: 'running', ended_at: null }), []);
  assert.deepEqual(figuresOfAttempt({ ...lost, power: null }), []);
});

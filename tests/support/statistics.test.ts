import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, medianInterval, quantile } from '../../bench/measure/statistics.ts';

const upTo = (n: number) => Array.from({ length: n }, (_value, index) => n - index);

test('Quantiles are values that were seen, the median may lie between two', () => {
  assert.equal(quantile(upTo(100), 0.99), 99);
  assert.equal(quantile(upTo(100), 0.5), 50);
  assert.equal(quantile([7], 0.99), 7);
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('The interval of the median follows the binomial tables', () => {
  assert.deepEqual(medianInterval(upTo(6)), { low: 1, high: 6, confidence: 0.96875 });
  const nine = medianInterval(upTo(9));
  assert.deepEqual([nine.low, nine.high, nine.confidence.toFixed(4)], [2, 8, '0.9609']);
  const twelve = medianInterval(upTo(12));
  assert.deepEqual([twelve.low, twelve.high, twelve.confidence.toFixed(4)], [3, 10, '0.9614']);
  assert.equal(medianInterval(upTo(5)).confidence, 0.9375);
});

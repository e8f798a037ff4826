import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classify } from './classification.ts';

const anyFacts = { cpu_threads: fc.integer({ min: 1, max: 4096 }), ram_bytes: fc.nat(), battery: fc.boolean() };

test('A battery makes a laptop, however large the machine', () => {
  fc.assert(fc.property(fc.record(anyFacts), (facts) => (classify(facts) === 'laptop') === facts.battery));
});

test('A server has more than 16 threads and more than 32 GB; one of the two is not enough', () => {
  const typeOf = (cpu_threads: number, ram_bytes: number) => classify({ cpu_threads, ram_bytes, battery: false });
  assert.equal(typeOf(17, 32e9 + 1), 'server');
  assert.deepEqual([typeOf(16, 64e9), typeOf(64, 32e9), typeOf(4, 8e9)], ['desktop', 'desktop', 'desktop']);
});

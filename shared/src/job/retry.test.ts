import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { failureClasses } from './outcome.ts';
import { backoffMs, decideRetry, MAX_LOSSES, MAX_LOST_NODES } from './retry.ts';

const anyFacts = fc.record({
  failureClass: fc.constantFrom(...failureClasses),
  retryCount: fc.nat(30),
  maxRetries: fc.nat(20),
  losses: fc.integer({ min: 1, max: 10 }),
  lostNodes: fc.integer({ min: 1, max: 10 }),
});
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('A failure at fault with its input is never repeated', () => {
  fc.assert(
    fc.property(anyFacts, chance, (facts, value) => {
      const decision = decideRetry({ ...facts, failureClass: 'input' }, () => value);
      assert.deepEqual(decision, { retry: false, quarantined: false });
    }),
  );
});

test('However a job fails, it is repeated at most its own number of times and given up by losses at the latest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...failureClasses), { minLength: 60, maxLength: 60 }),
      fc.nat(20),
      (fates, maxRetries) => {
        let retryCount = 0;
        let losses = 0;
        for (const failureClass of fates) {
          if (failureClass === 'lost') losses += 1;
          const decision = decideRetry({ failureClass, retryCount, maxRetries, losses, lostNodes: 1 }, () => 0.5);
          if (!decision.retry) return;
          if (decision.counts) retryCount += 1;
          assert.ok(retryCount <= maxRetries);
          assert.ok(losses < MAX_LOSSES);
        }
        assert.fail('60 failures in a row were not enough');
      },
    ),
  );
});

test('A lost lease does not count against the job until three nodes or five losses end it', () => {
  const lost = { failureClass: 'lost', retryCount: 3, maxRetries: 3 } as const;
  assert.deepEqual(decideRetry({ ...lost, losses: 1, lostNodes: 1 }, Math.random), {
    retry: true,
    delayMs: 0,
    counts: false,
  });
  const gone = { retry: false, quarantined: true };
  assert.deepEqual(decideRetry({ ...lost, losses: 3, lostNodes: MAX_LOST_NODES }, Math.random), gone);
  assert.deepEqual(decideRetry({ ...lost, losses: MAX_LOSSES, lostNodes: 1 }, Math.random), gone);
});

test('The pause is drawn below a bound that doubles from 5 s and stops at 15 min', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), chance, (failure, value) => {
      const pause = backoffMs(failure, () => value);
      assert.ok(pause >= 0 && pause <= Math.min(15 * 60_000, 5000 * 2 ** (failure - 1)));
    }),
  );
  assert.deepEqual(
    [1, 2, 3, 20].map((failure) => backoffMs(failure, () => 0.999_999)),
    [4999, 9999, 19_999, 899_999],
  );
});

test('Trouble of the fleet itself is repeated at once, elsewhere', () => {
  const facts = { failureClass: 'infrastructure', retryCount: 0, maxRetries: 3, losses: 0, lostNodes: 0 } as const;
  assert.deepEqual(
    decideRetry(facts, () => 0.9),
    { retry: true, delayMs: 0, counts: true },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Transaction } from '../database/commit.ts';
import { createLanes } from './lanes.ts';

const strict = { mode: 'strict', agingStepMs: 1000 } as const;

/** Lanes of one class for tenants `a` and `b`, and a transaction whose effects the test lets happen. */
function lanesInCommit() {
  const lanes = createLanes(() => undefined);
  lanes.defineClass(1, { queue: 'default', priority: 'low', requirement: { engine: 'ffmpeg', encoder: null } });
  const effects: (() => void)[] = [];
  const tx: Transaction = {
    run: () => Promise.reject(new Error('no statement is needed')),
    beforeCommit: () => undefined,
    afterCommit: (effect) => effects.push(effect),
  };
  const change = (tenantId: string, ord: number, delta: 1 | -1) =>
    lanes.apply({ classId: 1, tenantId, ord, since: ord, delta });
  const commit = () => {
    for (const effect of effects.splice(0)) effect();
  };
  return { lanes, tx, change, commit, later: tx.afterCommit };
}

test('Claims of one transaction see what the others took; memory sees it after the commit', () => {
  const { lanes, tx, change, commit, later } = lanesInCommit();
  change('a', 1, 1);
  const draft = lanes.draft(tx);
  assert.equal(lanes.draft(tx), draft, 'one draft a transaction');
  const [lane] = draft.open();
  assert.ok(lane);
  later(() => change('a', 1, -1));
  draft.seen(lane, undefined);
  assert.deepEqual(draft.open(), []);
  assert.equal([...lanes.all()][0]?.ready, 1);
  commit();
  assert.deepEqual([[...lanes.all()][0]?.ready, [...lanes.all()][0]?.exact], [0, true]);
});

test('What becomes ready in the very commit in which its lane was seen empty is still counted', () => {
  const { lanes, tx, change, commit, later } = lanesInCommit();
  change('a', 1, 1);
  const draft = lanes.draft(tx);
  const [lane] = draft.open();
  assert.ok(lane);
  later(() => change('a', 1, -1));
  draft.seen(lane, undefined);
  later(() => change('a', 2, 1));
  commit();
  const [after] = lanes.all();
  assert.deepEqual([after?.ready, after?.headOrd], [1, 2]);
});

test('Turns move on within the transaction, and nothing is left of one that was rolled back', () => {
  const { lanes, tx, change } = lanesInCommit();
  change('a', 1, 1);
  change('b', 2, 1);
  const draft = lanes.draft(tx);
  const first = draft.next(draft.open(), strict, 0);
  assert.equal(first?.tenantId, 'a');
  if (first) draft.served(first, 4, 1);
  assert.equal(draft.next(draft.open(), strict, 0)?.tenantId, 'b');
  const again = lanes.draft({ ...tx });
  assert.equal(again.next(again.open(), strict, 0)?.tenantId, 'a');
});

test('Tasks announced for a queue are counted for that tenant, queue and transaction alone', () => {
  const { lanes, tx } = lanesInCommit();
  lanes.draft(tx).announce('a', 'live', 3);
  lanes.draft(tx).announce('a', 'live', 2);
  assert.deepEqual([lanes.draft(tx).announced('a', 'live'), lanes.draft(tx).announced('b', 'live')], [5, 0]);
  assert.equal(lanes.draft({ ...tx }).announced('a', 'live'), 0);
});

/** What happens to one lane within a group: tasks come, are canceled, or are claimed from the head of the index. */
const anyGroup = fc.array(fc.constantFrom('come', 'cancel first', 'cancel last', 'claim', 'draft'), { maxLength: 12 });

test('After each commit, whatever shared it, the lane says how many wait and who is first', () => {
  fc.assert(
    fc.property(fc.array(anyGroup, { maxLength: 8 }), (groups) => {
      const { lanes, change, commit, later } = lanesInCommit();
      let index: number[] = [];
      let ord = 0;
      for (const group of groups) {
        const tx = {
          run: () => Promise.reject(new Error('none')),
          beforeCommit: () => undefined,
          afterCommit: later,
        } as Transaction;
        for (const step of group) {
          if (step === 'draft') lanes.draft(tx);
          if (step === 'come') {
            const mine = ++ord;
            index.push(mine);
            later(() => change('a', mine, 1));
          }
          const gone = step === 'cancel first' ? index.at(0) : step === 'cancel last' ? index.at(-1) : undefined;
          if (gone !== undefined) {
            index = index.filter((one) => one !== gone);
            later(() => change('a', gone, -1));
          }
          if (step === 'claim') claimFirst(lanes.draft(tx));
        }
        commit();
        const [lane] = lanes.all();
        assert.equal(lane?.ready ?? 0, index.length, JSON.stringify(groups));
        if (lane && index.length > 0 && lane.exact) assert.equal(lane.headOrd, index[0], JSON.stringify(groups));
      }

      function claimFirst(draft: ReturnType<typeof lanes.draft>): void {
        const lane = draft.next(draft.open(), strict, 0);
        if (!lane) return;
        const [head, next] = index;
        draft.seen(lane, next === undefined ? undefined : { ord: next, since: next });
        if (head === undefined) return;
        index = index.slice(1);
        later(() => change('a', head, -1));
      }
    }),
    { numRuns: 2000 },
  );
});

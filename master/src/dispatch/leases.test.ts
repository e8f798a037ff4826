import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createLeases } from './leases.ts';

const LEASE_MS = 100;

function underClock() {
  let nowMs = 0;
  const leases = createLeases({ now: () => 0, monotonicMs: () => nowMs }, LEASE_MS);
  const rest = { taskId: 't', jobSeq: 1, jobId: 'j', claimId: null, taskKind: 'transcode', classId: 7 };
  const grant = (attemptId: string, nodeId = 'n') => leases.grant({ attemptId, nodeId, ...rest });
  return { leases, grant, advance: (ms: number) => (nowMs += ms) };
}

const ids = (leases: readonly { attemptId: string }[]) => leases.map(({ attemptId }) => attemptId).sort();

test('A lease lives its time from the grant or the last renewal, to the millisecond', () => {
  const { leases, grant, advance } = underClock();
  grant('a');
  advance(60);
  grant('b');
  leases.renew('b');
  advance(39);
  assert.deepEqual([ids(leases.expired()), leases.nextExpiryMs()], [[], 100]);
  advance(1);
  assert.deepEqual([ids(leases.expired()), leases.nextExpiryMs()], [['a'], 100]);
  leases.renew('a');
  assert.deepEqual([ids(leases.expired()), leases.nextExpiryMs()], [[], 160]);
});

test('What has ended is nobody’s, and renewing it brings nothing back', () => {
  const { leases, grant } = underClock();
  grant('a');
  leases.end('a');
  leases.renew('a');
  leases.end('a');
  assert.deepEqual([leases.get('a'), leases.ofNode('n'), leases.runningOn('n'), leases.count()], [undefined, [], 0, 0]);
  assert.equal(leases.nextExpiryMs(), undefined);
});

test('An attempt stalls when nothing new is heard of it, however often it is renewed', () => {
  const { leases, grant, advance } = underClock();
  grant('stuck');
  grant('busy');
  for (let round = 0; round < 5; round += 1) {
    advance(20);
    leases.renew('stuck');
    leases.moved('busy');
  }
  assert.deepEqual(
    [ids(leases.stalled(100)), ids(leases.stalled(101)), ids(leases.expired())],
    [['stuck'], [], ['busy']],
  );
  leases.moved('stuck');
  leases.moved('never granted');
  assert.deepEqual(ids(leases.stalled(1)), []);
});

test('Whoever waits for the end of leases is told of each once, with what it booked', () => {
  const { leases, grant } = underClock();
  const told: [string, number, number][] = [];
  leases.onEnded(({ attemptId, classId, nodeId }) => told.push([attemptId, classId, leases.runningOn(nodeId)]));
  grant('a');
  grant('b');
  leases.end('a');
  leases.end('a');
  assert.deepEqual(told, [['a', 7, 1]]);
});

test('Whatever is granted, renewed, ended and waited for, each node holds what a plain list says', () => {
  const attempt = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('grant' as const, 'renew' as const, 'end' as const), attempt }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(60) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { leases, grant, advance } = underClock();
      const plain = new Map<string, number>();
      const nodeOf = (id: string) => (id < 'c' ? 'n1' : 'n2');
      let nowMs = 0;
      for (const one of steps) {
        if (one.do === 'wait') {
          nowMs += one.ms;
          advance(one.ms);
          continue;
        }
        if (one.do === 'end') plain.delete(one.attempt);
        else if (one.do === 'grant' || plain.has(one.attempt)) plain.set(one.attempt, nowMs + LEASE_MS);
        if (one.do === 'grant') grant(one.attempt, nodeOf(one.attempt));
        else leases[one.do](one.attempt);
      }
      for (const node of ['n1', 'n2']) {
        const held = [...plain.keys()].filter((id) => nodeOf(id) === node).sort();
        assert.deepEqual([ids(leases.ofNode(node)), leases.runningOn(node)], [held, held.length]);
      }
      const due = [...plain].filter(([, at]) => at <= nowMs).map(([id]) => id);
      assert.deepEqual(ids(leases.expired()), due.sort());
      assert.equal(leases.nextExpiryMs(), plain.size === 0 ? undefined : Math.min(...plain.values()));
    }),
  );
});

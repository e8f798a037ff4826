import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemTimers } from '@ffrtmp/runtime/clock';
import { createClient } from '@ffrtmp/shared/client';
import { timingFor } from '@ffrtmp/shared/node/timing';
import { beat } from './heartbeat.ts';
import type { Held } from './held.ts';
import { watchLease } from './lease.ts';
import type { AgentParts } from './parts.ts';

const attemptId = '01890000-0000-7000-8000-000000000002';
const nodeId = '01890000-0000-7000-8000-000000000001';
const nothing = { cpu_percent: null, ram_free_bytes: null, disk_free_bytes: null };

test('A renewal counts from the start of its call, however late the reply comes', async () => {
  const timing = timingFor(9000);
  let nowMs = 0;
  const reply = { renewed: [attemptId], orders: [], timing, drain: false, protocol: 1 };
  async function fetch(): Promise<Response> {
    nowMs += 6000;
    return new Response(JSON.stringify(reply));
  }
  const lease = watchLease(timing, () => nowMs, nowMs);
  const held = { claimed: { lease: { attempt_id: attemptId, token: 't' } }, state: 'running', progress: null, lease };
  const parts = {
    connection: { client: createClient({ baseUrl: 'http://master', key: 'key', fetch }) },
    clock: { monotonicMs: () => nowMs },
    timers: systemTimers,
    held: new Map([[attemptId, held as unknown as Held]]),
    ...{ timing, nodeId },
  };
  nowMs = 1000;
  await beat(parts as unknown as AgentParts, nothing);
  assert.deepEqual([nowMs, lease.silentMs(), lease.fenced()], [7000, 6000, false]);
  nowMs += 1000;
  assert.equal(lease.fenced(), true, 'the margin of two ninths before 10 s');
});

test('Energy that the master could not store is not forgotten, and that of an older master’s reply is', async () => {
  const timing = timingFor(9000);
  const reply = { renewed: [], orders: [], timing, drain: false, protocol: 1 };
  const acknowledged: unknown[] = [];
  for (const kept of [{ power_kept: false }, { power_kept: true }, {}]) {
    const fetch = async () => new Response(JSON.stringify({ ...reply, ...kept }));
    const parts = {
      connection: { client: createClient({ baseUrl: 'http://master', key: 'key', fetch }) },
      clock: { monotonicMs: () => 0 },
      timers: systemTimers,
      held: new Map(),
      power: { power: () => [], acknowledge: () => acknowledged.push(kept) },
      ...{ timing, nodeId },
    };
    await beat(parts as unknown as AgentParts, nothing);
  }
  assert.deepEqual(acknowledged, [{ power_kept: true }, {}]);
});

import { startLoop } from '@ffrtmp/runtime/loop';
import type { Claimed } from '@ffrtmp/shared/contract/dispatch';
import type { CancelCause } from '@ffrtmp/shared/job/outcome';
import { runAttempt } from './agent/attempt.ts';
import { startClaims } from './agent/claims.ts';
import { beat, sayGoodbye } from './agent/heartbeat.ts';
import type { Held } from './agent/held.ts';
import { watchLease } from './agent/lease.ts';
import type { AgentParts } from './agent/parts.ts';

/** Leases of a fleet must not be renewed in step. */
const HEARTBEAT_JITTER = 0.2;

export interface Worker {
  /** Ends what runs and gives it back to the master, then stops. */
  stop: () => Promise<void>;
}

/** Puts a joined agent to work: claims, heartbeats, and one attempt for each slot. */
export function startWorker(parts: AgentParts, onHeartbeat: () => void): Worker {
  let draining = false;
  let stopping = false;

  function accept(claimed: Claimed, startedMs: number): void {
    const id = claimed.lease.attempt_id;
    if (parts.held.has(id)) return;
    const controller = new AbortController();
    const timing = { ...parts.timing, lease_ms: claimed.lease.lease_ms };
    const held: Held = {
      claimed,
      state: 'leased',
      progress: null,
      lease: watchLease(timing, parts.clock.monotonicMs, startedMs),
      end: (cause: CancelCause) => controller.abort(cause),
      signal: controller.signal,
      done: Promise.resolve(),
    };
    parts.held.set(id, held);
    held.done = run(held, id);
    if (stopping) held.end('shutdown');
  }

  async function run(held: Held, id: string): Promise<void> {
    try {
      await runAttempt(parts, held);
    } catch (error) {
      parts.log.error({ err: error, attempt: id }, 'an attempt broke off; its lease will run out');
    } finally {
      parts.held.delete(id);
      claims.changed();
    }
  }

  const claims = startClaims(parts, {
    accept,
    freeSlots: () => (draining || stopping ? 0 : Math.max(0, parts.slots - parts.held.size)),
  });
  const heart = startLoop({
    name: 'the heartbeat',
    intervalMs: parts.heartbeatMs,
    jitter: HEARTBEAT_JITTER,
    timers: parts.timers,
    random: parts.random,
    log: {
      error: ((fields: object) => parts.log.warn(fields, 'a heartbeat was not answered')) as typeof parts.log.error,
    },
    async runOnce() {
      const { drain } = await beat(parts, parts.load());
      onHeartbeat();
      if (draining && !drain) queueMicrotask(claims.changed);
      draining = drain;
    },
  });
  return {
    async stop() {
      stopping = true;
      await claims.stop();
      const open = [...parts.held.values()];
      for (const held of open) held.end('shutdown');
      await Promise.allSettled(open.map((held) => held.done));
      await heart.stop();
      await sayGoodbye(parts);
    },
  };
}

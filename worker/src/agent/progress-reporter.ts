import { every } from '@ffrtmp/runtime/clock';
import { dispatchOperations } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { attemptId, type Held, obey, progressOf } from './held.ts';
import type { AgentParts } from './parts.ts';

/** Bars that move, at one small call a second for each attempt. Each call renews the lease, too. */
const REPORT_MS = 1000;
/** The first one lets the engine start before it: a call costs a millisecond that the job would wait. */
const FIRST_REPORT_MS = 20;

/** Tells the master at once that the attempt runs, and then how far it is, until stopped. */
export function reportProgress(parts: AgentParts, held: Held): { stop: () => void } {
  let busy = false;
  async function send(): Promise<void> {
    if (busy || held.state === 'leased') return;
    busy = true;
    const startedMs = parts.clock.monotonicMs();
    const body = {
      node_id: parts.nodeId,
      token: held.claimed.lease.token,
      state: held.state,
      progress: progressOf(held),
    };
    try {
      const reply = await parts.connection.client.call(dispatchOperations.progress, {
        params: { id: attemptId(held) },
        body,
        signal: held.signal,
      });
      held.lease.renewed(startedMs);
      for (const order of reply.orders) obey(order, parts.held);
    } catch (error) {
      if (error instanceof FfrtmpError && error.code === 'stale_attempt') held.end('stale');
      // Anything else is the network's: the heartbeat decides whether the lease holds.
    } finally {
      busy = false;
    }
  }
  const callOff = [
    parts.timers.after(FIRST_REPORT_MS, () => void send()),
    every(parts.timers, REPORT_MS, () => void send()),
  ];
  return {
    stop() {
      for (const end of callOff) end();
    },
  };
}

import { delay, within } from '@ffrtmp/runtime/clock';
import { dispatchOperations, type ResultInput } from '@ffrtmp/shared/contract/dispatch';
import { errorTable, FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Held } from './held.ts';
import type { AgentParts } from './parts.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** A reply that was lost on a half-open connection must not hold the slot until the connection is given up. */
const CALL_LIMIT_MS = 10_000;

/**
 * Reports the end of an attempt until the master has it: a master that is away costs no finished work. The same result
 * may arrive twice; the master knows it by its digest. A refusal is final: the attempt is somebody else's by now.
 */
export async function deliver(parts: AgentParts, held: Held, result: ResultInput): Promise<void> {
  const leaveAtMs = parts.clock.monotonicMs() + parts.orphanGraceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      await within(parts.timers, CALL_LIMIT_MS, (signal) =>
        parts.connection.client.call(dispatchOperations.result, { body: result, signal }),
      );
      return;
    } catch (error) {
      const known = error instanceof FfrtmpError ? error : undefined;
      if (known && !errorTable[known.code].retryable)
        return parts.log.warn(
          { attempt: result.attempt_id, code: known.code },
          `the master refused the result: ${known.message}`,
        );
      if (parts.clock.monotonicMs() > leaveAtMs)
        return parts.log.error({ attempt: result.attempt_id }, 'the master stayed away: the result is given up');
      // An agent that stops waits for nobody; a lease that is somebody else's by now leaves nothing to say.
      if (held.signal.reason === 'shutdown' || held.signal.reason === 'stale') return;
      await delay(parts.timers, pauseMs * (0.5 + parts.random()));
    }
  }
}

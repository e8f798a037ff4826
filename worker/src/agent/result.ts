import { setTimeout as delay } from 'node:timers/promises';
import { dispatchOperations, type ResultInput } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Held } from './held.ts';
import type { AgentParts } from './parts.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Reports the end of an attempt until the master has it: a master that is away costs no finished work. The same result
 * may arrive twice; the master knows it by its digest. A refusal is final: the attempt is somebody else's by now.
 */
export async function deliver(parts: AgentParts, held: Held, result: ResultInput): Promise<void> {
  const leaveAtMs = performance.now() + parts.orphanGraceMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)) {
    try {
      await parts.connection.client.call(dispatchOperations.result, { body: result });
      return;
    } catch (error) {
      const known = error instanceof FfrtmpError ? error : undefined;
      const final =
        known && known.code !== 'master_unreachable' && known.code !== 'unavailable' && known.code !== 'internal';
      if (known && final)
        return parts.log.warn(
          { attempt: result.attempt_id, code: known.code },
          `the master refused the result: ${known.message}`,
        );
      if (performance.now() > leaveAtMs)
        return parts.log.error({ attempt: result.attempt_id }, 'the master stayed away: the result is given up');
      if (held.signal.aborted && held.signal.reason === 'shutdown') return;
      await delay(pauseMs * (0.5 + Math.random()));
    }
  }
}

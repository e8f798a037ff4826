import { delay, within } from '@ffrtmp/runtime/clock';
import { type Claimed, dispatchOperations, MAX_CLAIM_SLOTS } from '@ffrtmp/shared/contract/dispatch';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { obey } from './held.ts';
import type { AgentParts } from './parts.ts';

/** Below the idle limits of proxies, with room for jitter. */
const WAIT_S = 25;
const FIRST_PAUSE_MS = 200;
/** Ids of one millisecond end in chance: one of so many is greater than the last, unless the clock went back. */
const MAX_ID_TRIES = 64;
/** A parked claim that is not answered so long after its time was lost with its connection. */
const LATE_MS = 10_000;
/** A master that does not answer the last call by then finds out from the lease. */
const GOODBYE_MS = 2000;

type ClaimParts = Pick<
  AgentParts,
  'connection' | 'clock' | 'timers' | 'random' | 'newId' | 'nodeId' | 'held' | 'pollMs' | 'log' | 'onRevoked'
>;

export interface ClaimLoop {
  /** A slot became free, or the agent began to drain: look at the world again. */
  changed: () => void;
  stop: () => Promise<void>;
}

export interface ClaimTarget {
  accept: (claimed: Claimed, startedMs: number) => void;
  /** Slots that may be filled now; 0 while draining. */
  freeSlots: () => number;
}

/**
 * Keeps one claim parked at the master, always: with free slots for work, without any for orders alone, so that a cancel
 * arrives within milliseconds. A claim whose reply was lost is repeated under its id and yields the same leases.
 */
export function startClaims(parts: ClaimParts, target: ClaimTarget): ClaimLoop {
  const stopped = new AbortController();
  let parked: { controller: AbortController; slots: number } | undefined;
  let pauseMs = FIRST_PAUSE_MS;

  const identify = (claimId: string) => ({
    node_id: parts.nodeId,
    claim_id: claimId,
    held: [...parts.held.keys()].join(','),
  });

  async function once(claimId: string): Promise<void> {
    const slots = Math.min(MAX_CLAIM_SLOTS, target.freeSlots());
    const controller = new AbortController();
    parked = { controller, slots };
    const startedMs = parts.clock.monotonicMs();
    const wait = WAIT_S * (0.8 + 0.2 * parts.random());
    const query = { ...identify(claimId), wait, slots };
    const signal = AbortSignal.any([controller.signal, stopped.signal]);
    const reply = await within(parts.timers, wait * 1000 + LATE_MS, (late) => {
      const either = AbortSignal.any([signal, late]);
      return parts.connection.client.call(dispatchOperations.claim, { query, signal: either });
    });
    for (const claimed of reply.jobs) target.accept(claimed, startedMs);
    // Its engine starts first: the next claim costs a millisecond that this job would wait.
    if (reply.jobs.length > 0) await new Promise<void>((resolve) => parts.timers.nextTurn(resolve));
    for (const order of reply.orders) obey(order, parts.held);
    // An order is repeated until its attempt is gone; wait for that instead of asking in a circle.
    if (reply.jobs.length === 0 && reply.orders.length > 0) await settled(parts, reply.orders, signal);
  }

  /** Ids of one millisecond have no order of their own; the master goes by which claim is the later one. */
  function idAfter(before: string): string {
    let id = parts.newId();
    // A clock that was set back gives smaller ids for a while: then this claim counts as an earlier one, and no more.
    for (let tries = 0; id <= before && tries < MAX_ID_TRIES; tries += 1) id = parts.newId();
    return id;
  }

  async function run(): Promise<void> {
    let claimId = parts.newId();
    while (!stopped.signal.aborted) {
      try {
        await once(claimId);
        claimId = idAfter(claimId);
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        if (stopped.signal.aborted) return;
        if (parked?.controller.signal.aborted) continue;
        await failed(error);
      }
    }
  }

  async function failed(error: unknown): Promise<void> {
    const code = error instanceof FfrtmpError ? error.code : undefined;
    if (code === 'unauthorized' || code === 'not_found') parts.onRevoked(error);
    parts.log.warn({ code }, `no claim: ${error instanceof Error ? error.message : String(error)}`);
    await delay(parts.timers, pauseMs * (0.5 + parts.random()), stopped.signal).catch(() => undefined);
    pauseMs = Math.min(parts.pollMs, pauseMs * 2);
  }

  /** The claim that was cut off may have been answered with work: a call that names what is held gives it back at once. */
  async function sayGoodbye(): Promise<void> {
    const query = { ...identify(parts.newId()), wait: 0, slots: 0 };
    const { client } = parts.connection;
    const call = (signal: AbortSignal) => client.call(dispatchOperations.claim, { query, signal });
    await within(parts.timers, GOODBYE_MS, call).catch(() => undefined);
  }

  const running = run();
  return {
    changed() {
      // Only a claim that cannot bring work may be dropped: dropping any other would throw its leases away.
      if (parked && parked.slots === 0 && target.freeSlots() > 0) parked.controller.abort();
    },
    async stop() {
      stopped.abort();
      await running;
      await sayGoodbye();
    },
  };
}

async function settled(
  parts: Pick<AgentParts, 'held'>,
  orders: readonly { attempt_id: string }[],
  signal: AbortSignal,
): Promise<void> {
  const open = orders.flatMap((order) => parts.held.get(order.attempt_id)?.done ?? []);
  if (open.length === 0) return;
  await Promise.race([
    Promise.allSettled(open),
    new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
  ]);
}

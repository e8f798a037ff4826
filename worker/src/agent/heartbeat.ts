import { within } from '@ffrtmp/runtime/clock';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Load } from '@ffrtmp/shared/node/node';
import { obey, report } from './held.ts';
import type { AgentParts } from './parts.ts';

/** Nobody waits long for an agent that goes. */
const GOODBYE_MS = 2000;

export interface Beat {
  drain: boolean;
}

/**
 * One heartbeat: renews every lease in one call, carries the load, and obeys the orders of the reply. It never waits
 * behind output parsing: what it sends lies in memory. A failed beat renews nothing, and the leases fence themselves.
 */
export async function beat(parts: AgentParts, load: Load): Promise<Beat> {
  const startedMs = parts.clock.monotonicMs();
  const attempts = [...parts.held.values()].map(report);
  try {
    const power = parts.power?.power() ?? [];
    const call = { params: { id: parts.nodeId }, body: { load, attempts, power } };
    const reply = await within(parts.timers, parts.timing.lease_ms, (signal) =>
      parts.connection.client.call(nodeOperations.heartbeat, { ...call, signal }),
    );
    if (reply.power_kept) parts.power?.acknowledge(power);
    for (const id of reply.renewed) parts.held.get(id)?.lease.renewed(startedMs);
    for (const order of reply.orders) obey(order, parts.held);
    return { drain: reply.drain };
  } catch (error) {
    endOrphans(parts);
    const code = error instanceof FfrtmpError ? error.code : undefined;
    if (code === 'unauthorized' || code === 'not_found') parts.onRevoked(error);
    throw error;
  }
}

/** The last word of an agent that stops, so that nobody counts on it. A master that is away notices by the silence. */
export async function sayGoodbye(parts: AgentParts): Promise<void> {
  const call = { params: { id: parts.nodeId }, body: { leaving: true, power: parts.power?.power() ?? [] } };
  await within(parts.timers, GOODBYE_MS, (signal) =>
    parts.connection.client.call(nodeOperations.heartbeat, { ...call, signal }),
  ).catch(() => undefined);
}

/** File encodes outlive their master for the grace period, not for ever. */
function endOrphans(parts: AgentParts): void {
  for (const held of parts.held.values()) {
    if (held.lease.silentMs() > parts.orphanGraceMs) held.end('stale');
  }
}

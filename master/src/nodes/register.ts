import { hash } from 'node:crypto';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { type Capabilities, capabilitiesSchema } from '@ffrtmp/shared/node/capabilities';
import type { Registration } from '@ffrtmp/shared/node/node';
import type { Transaction } from '../database/commit.ts';
import type { Caller } from '../http/caller.ts';
import type { NodeParts } from './parts.ts';
import type { LiveNode } from './registry.ts';
import { insertNode, insertProfile, type NodeRow, nodeByAddress, updateNode } from './store.ts';

export interface Registered {
  node: LiveNode;
  /** A new credential, or null when the node proved itself with the one it has. */
  credential: string | null;
}

const factsOf = (registration: Registration): Capabilities => {
  const labels =
    registration.type === undefined ? registration.labels : { node_type: registration.type, ...registration.labels };
  return capabilitiesSchema.parse({ ...registration, labels });
};

/**
 * The address is the key. Free: a new node and a credential. Held by an agent whose last reply was lost: the same node
 * and a new credential. Held by the caller itself: its facts are brought up to
 * date. Held by anybody else: 409 with the holder's id, whatever key the newcomer brings.
 */
export async function register(parts: NodeParts, registration: Registration, caller: Caller): Promise<Registered> {
  refuseMasterAsWorker(parts, registration);
  const holder = parts.registry.byAddress(registration.address);
  refuseForeignCredential(parts, registration, caller, holder);
  if (holder && caller.nodeId === holder.row.id)
    return { node: await refresh(parts, holder, registration), credential: null };
  if (holder && isRepeated(registration, holder)) return reissue(parts, holder, registration);
  if (holder) throw taken(registration.address, holder.row.id);
  const made = await parts.db.write(async (tx) => {
    // Two newcomers may have looked at the same moment: the store decides.
    const [other] = await tx.run(nodeByAddress, { address: registration.address });
    if (other) throw taken(registration.address, other.id);
    const row = await store(parts, tx, registration, caller.tenantId);
    const credential = await parts.newCredential(tx, row.id, registration.address);
    await parts.events.append(tx, {
      tenantId: caller.tenantId,
      kind: 'node',
      to: 'registered',
      reason: `${row.id} ${row.address}`,
    });
    return { row, credential };
  });
  return { node: parts.registry.put(made.row), credential: made.credential };
}

const hashOf = (proof: string | undefined) => (proof === undefined ? null : hash('sha256', proof, 'hex'));

/** The very agent that registered and never got, or lost, the reply: it alone knows the secret it sent then. */
const isRepeated = (registration: Registration, holder: LiveNode) =>
  registration.proof !== undefined && hashOf(registration.proof) === holder.row.proof_hash;

async function reissue(parts: NodeParts, holder: LiveNode, registration: Registration): Promise<Registered> {
  const node = await refresh(parts, holder, registration);
  const credential = await parts.db.write(async (tx) => {
    await parts.endCredentials(tx, holder.row.id);
    return parts.newCredential(tx, holder.row.id, registration.address);
  });
  return { node, credential };
}

const taken = (address: string, nodeId: string) =>
  new FfrtmpError(
    'address_taken',
    `the address ${address} is registered to node ${nodeId}: use another --address, or remove that node first`,
    { node_id: nodeId },
  );

/** A credential proves one node under its address; it is no ticket for more of them. */
function refuseForeignCredential(
  parts: NodeParts,
  registration: Registration,
  caller: Caller,
  holder: LiveNode | undefined,
): void {
  if (caller.nodeId === null || holder?.row.id === caller.nodeId) return;
  const own = parts.registry.get(caller.nodeId)?.row.address ?? 'a removed node';
  throw new FfrtmpError(
    'forbidden',
    `this credential belongs to ${own}, not to ${registration.address}: start the agent with --address ${own}`,
  );
}

function refuseMasterAsWorker(parts: NodeParts, registration: Registration): void {
  const same = registration.machine_id !== undefined && registration.machine_id === parts.machineId;
  if (same && !registration.allow_master_as_worker) {
    throw new FfrtmpError(
      'master_as_worker',
      'this worker runs on the master’s own machine, where the two compete for the CPU: start it with --allow-master-as-worker if that is meant',
    );
  }
}

const columnsOf = (registration: Registration, facts: Capabilities, now: number) => ({
  name: registration.name ?? registration.address,
  facts: JSON.stringify(facts),
  slots: registration.slots,
  version: registration.version,
  protocol: registration.protocol,
  machine: registration.machine_id ?? null,
  masterAsWorker: Number(registration.allow_master_as_worker),
  now,
});

async function store(parts: NodeParts, tx: Transaction, registration: Registration, tenant: string): Promise<NodeRow> {
  const columns = columnsOf(registration, factsOf(registration), parts.clock.now());
  const identity = { id: parts.newId(), tenant, address: registration.address, proofHash: hashOf(registration.proof) };
  const [row] = await tx.run(insertNode, { ...identity, ...columns });
  if (!row) throw new Error('the node was not stored');
  await tx.run(insertProfile, { node: row.id, now: columns.now, facts: columns.facts });
  return row;
}

async function refresh(parts: NodeParts, holder: LiveNode, registration: Registration): Promise<LiveNode> {
  const columns = columnsOf(registration, factsOf(registration), parts.clock.now());
  const row = await parts.db.write(async (tx) => {
    const [updated] = await tx.run(updateNode, { id: holder.row.id, ...columns });
    if (columns.facts !== holder.row.facts)
      await tx.run(insertProfile, { node: holder.row.id, now: columns.now, facts: columns.facts });
    return updated;
  });
  return parts.registry.put(row ?? holder.row);
}

/** New facts in a heartbeat: stored with their time, so that old receipts can still be read against the machine they ran on. */
export async function updateFacts(parts: NodeParts, node: LiveNode, facts: Capabilities, slots: number): Promise<void> {
  const text = JSON.stringify(facts);
  if (text === node.row.facts && slots === node.row.slots) return;
  const now = parts.clock.now();
  const { row } = node;
  const updated = await parts.db.write(async (tx) => {
    if (text !== row.facts) await tx.run(insertProfile, { node: row.id, now, facts: text });
    const [changed] = await tx.run(updateNode, {
      id: row.id,
      name: row.name,
      facts: text,
      slots,
      version: row.version,
      protocol: row.protocol,
      machine: row.machine_id,
      masterAsWorker: row.master_as_worker,
      now,
    });
    return changed;
  });
  if (updated) parts.registry.put(updated);
  parts.onNodeReady(row.id);
}

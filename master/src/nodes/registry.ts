import type { Capabilities } from '@ffrtmp/shared/node/capabilities';
import { classify } from '@ffrtmp/shared/node/classification';
import { type Load, NODE_OFFLINE_MS, type Node, type NodeStatus } from '@ffrtmp/shared/node/node';
import { type Clock, iso, isoOrNull } from '../clock.ts';
import type { Run } from '../database/statement.ts';
import type { KnownNode } from '../scheduling/explain.ts';
import type { NodeFacts } from '../scheduling/fits.ts';
import { allNodes, type NodeRow } from './store.ts';

/** A node as memory knows it: its row, its parsed facts and what its last heartbeat said. */
export interface LiveNode {
  row: NodeRow;
  facts: Capabilities;
  placement: NodeFacts;
  load: Load | null;
  /** Wall clock of the last sign of life, newer than the row's. */
  seenAt: number | null;
  /** It said goodbye since. */
  left: boolean;
}

/** All nodes in memory: a claim or a heartbeat asks no query about its node. */
export interface Registry {
  get: (id: string) => LiveNode | undefined;
  byAddress: (address: string) => LiveNode | undefined;
  all: () => LiveNode[];
  put: (row: NodeRow) => LiveNode;
  remove: (id: string) => void;
  seen: (id: string, load?: Load | null) => void;
  /** The agent said that it stops: it is offline from now on, not after the silence. */
  left: (id: string) => void;
  isOnline: (node: LiveNode) => boolean;
  status: (node: LiveNode) => NodeStatus;
  view: (node: LiveNode) => Node;
  known: () => KnownNode[];
  name: (id: string) => string | null;
}

const placementOf = (id: string, facts: Capabilities): NodeFacts => ({
  id,
  workingEncoders: new Set(facts.encoders.filter((encoder) => encoder.works).map((encoder) => encoder.name)),
});

export async function loadRegistry(read: Run, clock: Clock, runningOn: (nodeId: string) => number): Promise<Registry> {
  const nodes = new Map<string, LiveNode>();
  const put = (row: NodeRow): LiveNode => {
    const facts = JSON.parse(row.facts) as Capabilities;
    const before = nodes.get(row.id);
    const node = {
      row,
      facts,
      placement: placementOf(row.id, facts),
      load: before?.load ?? null,
      seenAt: row.last_heartbeat,
      left: false,
    };
    nodes.set(row.id, node);
    return node;
  };
  for (const row of await read(allNodes)) put(row);

  const isOnline = (node: LiveNode) =>
    !node.left && node.seenAt !== null && clock.now() - node.seenAt < NODE_OFFLINE_MS;
  const freeSlots = (node: LiveNode) => node.row.slots - runningOn(node.row.id);
  const status = (node: LiveNode): NodeStatus => {
    if (!isOnline(node)) return 'offline';
    if (node.row.draining === 1) return 'draining';
    return freeSlots(node) > 0 ? 'available' : 'busy';
  };
  return {
    get: (id) => nodes.get(id),
    byAddress: (address) => [...nodes.values()].find((node) => node.row.address === address),
    all: () => [...nodes.values()],
    put,
    remove: (id) => nodes.delete(id),
    seen(id, load) {
      const node = nodes.get(id);
      if (!node) return;
      node.seenAt = clock.now();
      node.left = false;
      if (load) node.load = load;
    },
    left(id) {
      const node = nodes.get(id);
      if (node) node.left = true;
    },
    isOnline,
    status,
    view: (node) => viewNode(node, status(node), runningOn(node.row.id)),
    known: () =>
      [...nodes.values()].map((node) => ({
        ...node.placement,
        name: node.row.name,
        connected: isOnline(node),
        draining: node.row.draining === 1,
        freeSlots: freeSlots(node),
        brokenEncoders: new Map(
          node.facts.encoders.filter((one) => !one.works).map((one) => [one.name, one.reason ?? 'unknown reason']),
        ),
      })),
    name: (id) => nodes.get(id)?.row.name ?? null,
  };
}

function viewNode({ row, facts, load, seenAt }: LiveNode, status: NodeStatus, running: number): Node {
  return {
    id: row.id,
    address: row.address,
    name: row.name,
    type: classify(facts),
    cpu_threads: facts.cpu_threads,
    cpu_model: facts.cpu_model,
    has_gpu: facts.has_gpu,
    gpu_type: facts.gpu_type ?? null,
    gpu_capabilities: facts.gpu_capabilities,
    ram_bytes: facts.ram_bytes,
    battery: facts.battery,
    labels: facts.labels,
    encoders: facts.encoders,
    power_sources: facts.power_sources,
    ffmpeg_version: facts.ffmpeg_version ?? null,
    status,
    slots: row.slots,
    running,
    load,
    version: row.version,
    protocol: row.protocol,
    master_as_worker: row.master_as_worker === 1,
    last_heartbeat: isoOrNull(seenAt),
    registered_at: iso(row.registered_at),
  };
}

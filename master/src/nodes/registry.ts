import type { Clock } from '@ffrtmp/runtime/clock';
import { DEFAULT_POOL } from '@ffrtmp/shared/job/resources';
import { type Capabilities, capabilitiesSchema } from '@ffrtmp/shared/node/capabilities';
import { classify } from '@ffrtmp/shared/node/classification';
import { type Load, NODE_OFFLINE_MS, type Node, type NodeStatus } from '@ffrtmp/shared/node/node';
import { iso, isoOrNull } from '../clock.ts';
import type { Run } from '../database/statement.ts';
import type { KnownNode } from '../scheduling/explain.ts';
import { type NodeFacts, type Resources, shownResources } from '../scheduling/fits.ts';
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
  /** Addresses of the other nodes on its machine. */
  sameMachine: (node: LiveNode) => string[];
  known: () => KnownNode[];
  name: (id: string) => string | null;
  /** Dispatch stands above the registry and tells it, once, how to ask. */
  placedBy: (placed: Placed) => void;
}

const MIB = 1 << 20;

/** What its last heartbeat said of its disk, or null where it did not. */
export const diskFreeMb = ({ load }: Pick<LiveNode, 'load'>) =>
  load?.disk_free_bytes === null || load?.disk_free_bytes === undefined ? null : load.disk_free_bytes / MIB;

/** What is read from the facts of a node. */
interface Make {
  text: string;
  facts: Capabilities;
  placement: Omit<NodeFacts, 'id'>;
}

/** Facts that are remembered; a fleet has a handful of machines that differ. */
const MAX_MAKES = 1000;

/** Nodes with equal facts share what was read from them: of 10,000 alike that is one copy, and 4 KB less for each. */
function createMakes(): (row: NodeRow) => Make {
  const makes = new Map<string, Make>();
  return ({ facts: text, slots }) => {
    const key = `${slots} ${text}`;
    const known = makes.get(key);
    if (known) return known;
    if (makes.size >= MAX_MAKES) makes.clear();
    const make = { text, facts: JSON.parse(text) as Capabilities, placement: placementOf(text, slots) };
    makes.set(key, make);
    return make;
  };
}

/** What placement looks at, out of a node's facts. Facts stored by an older master lack the newer fields. */
function placementOf(text: string, slots: number): Omit<NodeFacts, 'id'> {
  const facts = capabilitiesSchema.parse(JSON.parse(text));
  const working = facts.encoders.filter((encoder) => encoder.works).map((encoder) => encoder.name);
  const total = {
    slots,
    threads: facts.cpu_threads,
    ramMb: Math.floor(facts.ram_bytes / MIB),
    gpuSessions: facts.gpu_sessions,
  };
  const { pool, labels } = facts;
  const noVmaf = facts.vmaf?.works ? null : (facts.vmaf?.reason ?? 'its agent does not say');
  const kind = JSON.stringify([
    ...[working.toSorted(), pool, Object.entries(labels).toSorted(), Object.values(total)],
    noVmaf === null,
  ]);
  return { workingEncoders: new Set(working), pool, labels, noVmaf, total, kind };
}

type OnMachine = Pick<NodeRow, 'id' | 'machine_id'>;

/** Which nodes share a machine. Agents that do not say where they run share it with nobody. */
function createMachines() {
  const machines = new Map<string, Set<string>>();
  return {
    moved(from: OnMachine | undefined, to: OnMachine | undefined): void {
      if (from?.machine_id) machines.get(from.machine_id)?.delete(from.id);
      if (to?.machine_id) machines.set(to.machine_id, (machines.get(to.machine_id) ?? new Set()).add(to.id));
    },
    beside: ({ id, machine_id: machine }: OnMachine): string[] =>
      machine === null ? [] : [...(machines.get(machine) ?? [])].filter((other) => other !== id),
  };
}

/** What dispatch knows of a node and the registry shows. */
export interface Placed {
  freeOf: (node: NodeFacts) => Resources;
  /** The lane it is kept free for, or null. */
  reservedFor: (nodeId: string) => string | null;
}

export async function loadRegistry(read: Run, clock: Clock, runningOn: (nodeId: string) => number): Promise<Registry> {
  const nodes = new Map<string, LiveNode>();
  const makeOf = createMakes();
  const machines = createMachines();
  let placed: Placed = { freeOf: (node) => node.total, reservedFor: () => null };
  const put = (row: NodeRow): LiveNode => {
    const { text, facts, placement } = makeOf(row);
    const before = nodes.get(row.id);
    const node = {
      row: { ...row, facts: text },
      facts,
      placement: { ...placement, id: row.id },
      load: before?.load ?? null,
      seenAt: row.last_heartbeat,
      left: false,
    };
    nodes.set(row.id, node);
    machines.moved(before?.row, row);
    return node;
  };
  for (const row of await read(allNodes)) put(row);

  const sameMachine = ({ row }: LiveNode) => machines.beside(row).flatMap((id) => nodes.get(id)?.row.address ?? []);
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
    remove(id) {
      machines.moved(nodes.get(id)?.row, undefined);
      nodes.delete(id);
    },
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
    view: (node) => ({
      ...viewNode(node, status(node), runningOn(node.row.id)),
      free: shownResources(placed.freeOf(node.placement)),
      reserved: placed.reservedFor(node.row.id) !== null,
      same_machine: sameMachine(node),
    }),
    sameMachine,
    placedBy(by) {
      placed = by;
    },
    known: () =>
      [...nodes.values()].map((node) => ({
        ...node.placement,
        name: node.row.name,
        connected: isOnline(node),
        draining: node.row.draining === 1,
        free: placed.freeOf(node.placement),
        diskFreeMb: diskFreeMb(node),
        reservedFor: placed.reservedFor(node.row.id),
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
    gpu_sessions: facts.gpu_sessions ?? 0,
    ram_bytes: facts.ram_bytes,
    battery: facts.battery,
    pool: facts.pool ?? DEFAULT_POOL,
    labels: facts.labels,
    encoders: facts.encoders,
    vmaf: facts.vmaf ?? null,
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

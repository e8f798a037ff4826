import type { Priority, Queue } from '@ffrtmp/shared/job/job';
import { DEFAULT_POOL } from '@ffrtmp/shared/job/resources';
import type { Requirement } from '@ffrtmp/shared/job/task';

/** A requirement class: tasks that the same nodes can run at the same rank are matched once, not one by one. */
export interface RequirementClass {
  queue: Queue;
  priority: Priority;
  requirement: Requirement;
}

/** Amounts a node has, or has left. Memory in MiB. */
export interface Resources {
  slots: number;
  threads: number;
  ramMb: number;
  gpuSessions: number;
}

/** The amounts under the names of the API. */
export const shownResources = ({ slots, threads, ramMb, gpuSessions }: Resources) => ({
  slots,
  threads,
  ram_mb: ramMb,
  gpu_sessions: gpuSessions,
});

/** What placement knows of a node; nothing of it changes while it works. */
export interface NodeFacts {
  id: string;
  workingEncoders: ReadonlySet<string>;
  pool: string;
  labels: Readonly<Record<string, string>>;
  /** Why it cannot measure VMAF, or null where it can. */
  noVmaf: string | null;
  total: Resources;
  /** Equal for nodes that can run the same classes: eligibility is worked out once for all of them. */
  kind: string;
}

const sorted = (selector: Readonly<Record<string, string>>) =>
  Object.entries(selector).sort(([a], [b]) => (a < b ? -1 : 1));

/** The one text of a class, whatever order its fields came in: the key under which it is interned. */
export const canonical = ({ queue, priority, requirement: need }: RequirementClass) =>
  JSON.stringify([
    ...[queue, priority, need.engine, need.encoder, need.cpu_threads ?? null, need.ram_mb ?? 0],
    ...[need.gpu_sessions ?? 0, need.disk_mb ?? 0, need.pool ?? DEFAULT_POOL, sorted(need.node_selector ?? {})],
    // At the end and only where it is wished for: the texts of classes that are stored must not change.
    ...(need.vmaf ? [true] : []),
  ]);

/** Reads a class back from the text under which it was interned; texts of older masters end early. */
export function fromCanonical(text: string): RequirementClass {
  const [
    queue,
    priority,
    engine,
    encoder,
    threads = null,
    ram = 0,
    gpu = 0,
    disk = 0,
    pool = DEFAULT_POOL,
    labels = [],
    vmaf = false,
  ] = JSON.parse(text) as [
    ...[Queue, Priority, Requirement['engine'], string | null],
    ...[(number | null)?, number?, number?, number?, string?, [string, string][]?, boolean?],
  ];
  const amounts = { cpu_threads: threads, ram_mb: ram, gpu_sessions: gpu, disk_mb: disk };
  const requirement = {
    engine,
    encoder,
    ...amounts,
    pool,
    node_selector: Object.fromEntries(labels),
    ...(vmaf ? { vmaf } : {}),
  };
  return { queue, priority, requirement };
}

/**
 * What one attempt of the class books on a node. Without a wish for threads it gets an equal share by slots; where
 * somebody gave a node more slots than threads, the slots alone are counted.
 */
export function booked(need: Requirement, total: Resources): Resources {
  const share = Math.floor(total.threads / Math.max(1, total.slots));
  return {
    slots: 1,
    threads: need.cpu_threads ?? share,
    ramMb: need.ram_mb ?? 0,
    gpuSessions: need.gpu_sessions ?? 0,
  };
}

export const within = (wanted: Resources, free: Resources) =>
  wanted.slots <= free.slots &&
  wanted.threads <= free.threads &&
  wanted.ramMb <= free.ramMb &&
  wanted.gpuSessions <= free.gpuSessions;

export const minus = (a: Resources, b: Resources): Resources => ({
  slots: a.slots - b.slots,
  threads: a.threads - b.threads,
  ramMb: a.ramMb - b.ramMb,
  gpuSessions: a.gpuSessions - b.gpuSessions,
});

export const plus = (a: Resources, b: Resources): Resources => ({
  slots: a.slots + b.slots,
  threads: a.threads + b.threads,
  ramMb: a.ramMb + b.ramMb,
  gpuSessions: a.gpuSessions + b.gpuSessions,
});

/** Why a node could never run a class, in the order people look for it, or null when it could. */
export function misfit(need: Requirement, node: NodeFacts): string | null {
  const pool = need.pool ?? DEFAULT_POOL;
  if (node.pool !== pool) return `is in the pool ${node.pool}, not ${pool}`;
  const label = sorted(need.node_selector ?? {}).find(([name, value]) => node.labels[name] !== value);
  if (label) return `does not carry the label ${label[0]}=${label[1]}`;
  if (need.encoder !== null && !node.workingEncoders.has(need.encoder)) return `has no working ${need.encoder}`;
  if (need.vmaf && node.noVmaf !== null) return `does not measure VMAF: ${node.noVmaf}`;
  const wanted = booked(need, node.total);
  if (wanted.threads > node.total.threads) return `has ${node.total.threads} of ${wanted.threads} threads`;
  if (wanted.ramMb > node.total.ramMb) return `has ${node.total.ramMb} of ${wanted.ramMb} MiB memory`;
  if (wanted.gpuSessions > node.total.gpuSessions)
    return `has ${node.total.gpuSessions} of ${wanted.gpuSessions} GPU sessions`;
  return null;
}

/** Disk is not booked: what the node last reported decides, and a node that did not say is believed. */
export const hasDisk = (need: Requirement, freeMb: number | null) => freeMb === null || (need.disk_mb ?? 0) <= freeMb;

/** Could this node ever run it, were it idle? */
export const fits = (need: Requirement, node: NodeFacts) => misfit(need, node) === null;

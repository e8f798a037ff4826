import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Collected, type Exporter, type Sample, sample } from '@ffrtmp/runtime/exporters';
import { workerMetrics } from '@ffrtmp/shared/metrics';
import { findGroups, type Group, type GroupKind, type GroupUse, readGroup } from './groups.ts';

/** Rows of a kind. What is beyond them shares the row `other`: a host that starts a thousand containers a day stays small. */
const ROWS_MAX = 50;
const OTHER = 'other';

const counters = ['cpuS', 'readBytes', 'writtenBytes'] as const;
type Counts = Record<(typeof counters)[number], number>;

const nothing = (): Counts => ({ cpuS: 0, readBytes: 0, writtenBytes: 0 });

/** One kind of groups over time: who has a row, and what those without one have used while they were seen. */
interface Rows {
  listed: Set<string>;
  unlisted: Map<string, GroupUse>;
  other: Counts;
}

const newRows = (): Rows => ({ listed: new Set(), unlisted: new Map(), other: nothing() });

interface Used extends Group {
  use: GroupUse;
}

function rowSamples(kind: GroupKind, name: string, use: GroupUse): Sample[] {
  const labels = { kind, name };
  return [
    ...sample(workerMetrics.groupCpu, use.cpuS, labels),
    ...sample(workerMetrics.groupMemory, use.memoryBytes, labels),
    ...sample(workerMetrics.groupRead, use.readBytes, labels),
    ...sample(workerMetrics.groupWritten, use.writtenBytes, labels),
  ];
}

/**
 * A row is kept until its group is gone, and the counters of `other` add what its groups advanced between two looks: a
 * group that comes or goes never makes a counter fall.
 */
function samplesOfKind(rows: Rows, kind: GroupKind, groups: readonly Used[]): Sample[] {
  const names = new Set(groups.map(({ name }) => name));
  for (const name of rows.listed) if (!names.has(name)) rows.listed.delete(name);
  const unlisted = new Map<string, GroupUse>();
  const samples: Sample[] = [];
  let otherBytes: number | null = null;
  for (const { name, use } of groups) {
    // Who shared the row `other` stays there: its past is in those counters.
    if (!rows.listed.has(name) && !rows.unlisted.has(name) && rows.listed.size < ROWS_MAX) rows.listed.add(name);
    if (rows.listed.has(name)) {
      samples.push(...rowSamples(kind, name, use));
      continue;
    }
    const before = rows.unlisted.get(name);
    unlisted.set(name, use);
    for (const counter of counters) rows.other[counter] += Math.max(0, (use[counter] ?? 0) - (before?.[counter] ?? 0));
    otherBytes = (otherBytes ?? 0) + (use.memoryBytes ?? 0);
  }
  rows.unlisted = unlisted;
  const hasOther = counters.some((counter) => rows.other[counter] > 0) || unlisted.size > 0;
  return hasOther ? [...samples, ...rowSamples(kind, OTHER, { ...rows.other, memoryBytes: otherBytes })] : samples;
}

/** The v2 tree: at the root of the mount, or beside the controllers of v1. */
const v2Root = (root: string) =>
  [root, join(root, 'unified')].find((path) => existsSync(join(path, 'cgroup.controllers')));

async function usedGroups(root: string): Promise<Used[]> {
  const groups = await findGroups(root);
  const uses = await Promise.all(groups.map(({ path }) => readGroup(path)));
  return groups.flatMap((group, index) => {
    const use = uses[index];
    return use ? [{ ...group, use }] : [];
  });
}

/** Slices, services and containers of this machine, by its control groups (v2): whatever engine runs them, none is asked. */
export function containersExporter(cgroupRoot: string): Exporter {
  const kinds = new Map<GroupKind, Rows>();
  async function collect(): Promise<Collected> {
    const root = v2Root(cgroupRoot);
    if (root === undefined) return { samples: [], reason: 'absent' };
    const byKind = Map.groupBy(await usedGroups(root), ({ kind }) => kind);
    for (const kind of byKind.keys()) if (!kinds.has(kind)) kinds.set(kind, newRows());
    const samples = [...kinds].flatMap(([kind, rows]) => {
      const groups = byKind.get(kind) ?? [];
      return [...samplesOfKind(rows, kind, groups), ...sample(workerMetrics.groups, groups.length, { kind })];
    });
    return { samples, reason: samples.length === 0 ? 'unreadable' : 'ok' };
  }
  return {
    name: 'containers',
    metrics: [
      ...[workerMetrics.groupCpu, workerMetrics.groupMemory, workerMetrics.groupRead],
      ...[workerMetrics.groupWritten, workerMetrics.groups],
    ],
    collect,
  };
}

import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { JobRequestInput } from '@ffrtmp/shared/job/job';
import type { Scope } from '../../tests/support/scope.ts';
import { type Backlog, databaseOf, fillBacklog } from './backlog.ts';
import { type MeasuredMaster, startMeasured } from './rig.ts';
import { jobOfEachClass } from './work.ts';

export interface BenchNode {
  id: string;
  key: string;
}

/** Registers nodes with room for `slots` tasks each; they run nothing, the load generator speaks for them. */
export async function registerNodes(master: MeasuredMaster, count: number, slots: number): Promise<BenchNode[]> {
  const nodes: BenchNode[] = [];
  const encoders = [{ name: 'libx264', works: true, fps: 100, reason: null }];
  const facts = { cpu_threads: 64, cpu_model: 'a CPU', ram_bytes: 64e9, encoders, slots };
  for (let at = 0; at < count; at += 1) {
    const made = await master.client.call(nodeOperations.register, { body: { address: `bench-${at}`, ...facts } });
    nodes.push({ id: made.id, key: made.credential ?? '' });
  }
  return nodes;
}

/** A master that was stopped, filled and started again: the way to a million jobs in seconds. */
export async function masterWithBacklog(scope: Scope, backlog: Backlog, nodes: { count: number; slots: number }) {
  const dataDir = scope.folder(`backlog-${backlog.jobs}`);
  const first = await startMeasured(scope, dataDir);
  const fleet = await registerNodes(first, nodes.count, nodes.slots);
  await first.client.call(jobOperations.submit, { body: jobOfEachClass as JobRequestInput[] });
  await first.connection.close();
  await first.program.stop();
  fillBacklog(databaseOf(dataDir), backlog);
  return { dataDir, fleet, start: () => startMeasured(scope, dataDir) };
}

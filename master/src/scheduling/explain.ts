import type { Why } from '@ffrtmp/shared/job/job';
import type { JobState, TaskState } from '@ffrtmp/shared/job/state';
import type { Requirement } from '@ffrtmp/shared/job/task';
import { fits, type NodeFacts } from './fits.ts';
import type { Hold } from './holds.ts';

export interface KnownNode extends NodeFacts {
  name: string;
  connected: boolean;
  draining: boolean;
  freeSlots: number;
  /** Encoders that do not work there, with ffmpeg's own words. */
  brokenEncoders: ReadonlyMap<string, string>;
}

export interface Question {
  jobState: JobState;
  tasks: readonly { kind: string; state: TaskState; requirement: Requirement; nodeName: string | null }[];
  hold: Hold | null;
  nodes: readonly KnownNode[];
}

const why = (reason: Why['reason'], message: string, details: Record<string, unknown> = {}): Why => ({
  reason,
  message,
  details,
});

/** Why a job is not running, from what the master holds in memory: no scan over other jobs. Pure. */
export function explain(question: Question): Why {
  const { jobState, tasks, hold } = question;
  if (jobState === 'completed' || jobState === 'failed' || jobState === 'canceled')
    return why('ended', `the job is ${jobState}`);
  const active = tasks.find((task) => task.state === 'active');
  if (active)
    return why('running', `its ${active.kind} task runs on ${active.nodeName ?? 'a node'}`, { task: active.kind });
  if (hold) return why(hold.reason, hold.message);
  const ready = tasks.find((task) => task.state === 'ready');
  if (!ready) return why('needs', 'its next task waits for another task of the job');
  return explainPlacement(ready.requirement, question.nodes);
}

function explainPlacement(requirement: Requirement, nodes: readonly KnownNode[]): Why {
  const connected = nodes.filter((node) => node.connected);
  if (connected.length === 0) {
    const known = nodes.length === 0 ? 'none is registered' : `${nodes.length} registered, all offline`;
    return why('no_node', `no node is connected (${known}): start an agent`, { registered: nodes.length });
  }
  const able = connected.filter((node) => fits(requirement, node));
  if (able.length === 0) {
    const reasons = connected.map((node) => [
      node.name,
      node.brokenEncoders.get(requirement.encoder ?? '') ?? 'not offered by its ffmpeg',
    ]);
    const message = `no connected node has the encoder ${requirement.encoder} (${connected.length} looked at)`;
    return why('no_encoder', message, { encoder: requirement.encoder, nodes: Object.fromEntries(reasons) });
  }
  const free = able.filter((node) => !node.draining && node.freeSlots > 0);
  if (free.length > 0)
    return why('ready', 'a node is free and will take it at once', { nodes: free.map((node) => node.name) });
  const draining = able.filter((node) => node.draining).length;
  const who =
    able.length === 1
      ? `the only node that could run it (${able[0]?.name}) is`
      : `all ${able.length} nodes that could run it are`;
  const message = `${who} busy${draining > 0 ? ` or draining (${draining})` : ''}`;
  return why('no_free_slot', message, { nodes: able.map((node) => node.name) });
}

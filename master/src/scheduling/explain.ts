import type { Why } from '@ffrtmp/shared/job/job';
import type { JobState, TaskState } from '@ffrtmp/shared/job/state';
import type { Requirement } from '@ffrtmp/shared/job/task';
import { booked, hasDisk, misfit, type NodeFacts, type Resources, shownResources, within } from './fits.ts';
import type { Hold } from './holds.ts';

export interface KnownNode extends NodeFacts {
  name: string;
  connected: boolean;
  draining: boolean;
  free: Resources;
  diskFreeMb: number | null;
  /** The lane it is kept free for, if it is. */
  reservedFor: string | null;
  /** Encoders that do not work there, with ffmpeg's own words. */
  brokenEncoders: ReadonlyMap<string, string>;
}

export interface Question {
  jobState: JobState;
  tasks: readonly { kind: string; state: TaskState; requirement: Requirement; nodeName: string | null }[];
  hold: Hold | null;
  /** The lane its ready task waits in. */
  laneKey: string | null;
  /** The node that failed or lost it last: it goes elsewhere as long as there is another. */
  avoidNodeId: string | null;
  nodes: readonly KnownNode[];
  /** Ready tasks whose turn comes before; `atLeast` where the count was ended early. */
  ahead: { count: number; atLeast: boolean };
}

const why = (reason: Why['reason'], message: string, details: Record<string, unknown> = {}): Why => ({
  reason,
  message,
  details,
});

/** Why a job is not running, from what the master holds in memory: no scan over other jobs. Pure. */
export function explain(question: Question): Why {
  const now = explainNow(question);
  const later = explainLater(question);
  return later === null || now.reason === 'ended' ? now : { ...now, message: `${now.message}; ${later}` };
}

/** A task that waits for another and that nobody could run then: known before the work for it is done. */
function explainLater({ tasks, nodes }: Question): string | null {
  const connected = nodes.filter((node) => node.connected);
  const stuck = tasks.find(
    ({ state, requirement }) => state === 'blocked' && connected.every((node) => misfit(requirement, node) !== null),
  );
  if (!stuck || connected.length === 0) return null;
  return `its ${stuck.kind} task would wait then: ${explainMisfit(stuck.requirement, connected).message}`;
}

function explainNow(question: Question): Why {
  const { jobState, tasks, hold } = question;
  if (jobState === 'completed' || jobState === 'failed' || jobState === 'canceled')
    return why('ended', `the job is ${jobState}`);
  const active = tasks.find((task) => task.state === 'active');
  if (active)
    return why('running', `its ${active.kind} task runs on ${active.nodeName ?? 'a node'}`, { task: active.kind });
  if (hold) return why(hold.reason, hold.message);
  const ready = tasks.find((task) => task.state === 'ready');
  if (!ready) return why('needs', 'its next task waits for another task of the job');
  return explainPlacement(ready.requirement, question);
}

function explainPlacement(requirement: Requirement, { laneKey, avoidNodeId, nodes, ahead }: Question): Why {
  const connected = nodes.filter((node) => node.connected);
  if (connected.length === 0) {
    const known = nodes.length === 0 ? 'none is registered' : `${nodes.length} registered, all offline`;
    return why('no_node', `no node is connected (${known}): start an agent`, { registered: nodes.length });
  }
  const able = connected.filter((node) => misfit(requirement, node) === null);
  if (able.length === 0) return explainMisfit(requirement, connected);
  const elsewhere = able.some((node) => node.id !== avoidNodeId && !node.draining);
  const open = able.filter(
    (node) =>
      !node.draining &&
      within(booked(requirement, node.total), node.free) &&
      hasDisk(requirement, node.diskFreeMb) &&
      !(elsewhere && node.id === avoidNodeId),
  );
  const free = open.filter((node) => node.reservedFor === null || node.reservedFor === laneKey);
  if (free.length > 0) return explainTurn(free, ahead);
  if (open.length > 0) {
    const names = open.slice(0, MAX_DETAILED).map((node) => node.name);
    return why('reserved', `${namesOf(open)} could take it and is kept free for a bigger task that has waited longer`, {
      nodes: names,
    });
  }
  return explainBusy(requirement, able, ahead);
}

/** So many nodes are named in a sentence, and so many described for programs; a fleet may have 10,000. */
const MAX_NAMED = 5;
const MAX_DETAILED = 50;

/** The first few, and how many there are beside them. */
function listed(texts: readonly string[], separator: string): string {
  const more = texts.length - MAX_NAMED;
  return texts.slice(0, MAX_NAMED).join(separator) + (more > 0 ? ` and ${more} more` : '');
}

const namesOf = (nodes: readonly KnownNode[]) =>
  listed(
    nodes.map((node) => node.name),
    ', ',
  );

/** No connected node could ever run it: what each of them lacks. */
function explainMisfit(requirement: Requirement, connected: readonly KnownNode[]): Why {
  const encoder = requirement.encoder ?? '';
  const lacks = connected.map((node) => {
    const broken = node.brokenEncoders.get(encoder);
    const reason = misfit(requirement, node) ?? '';
    return [node.name, reason.endsWith(encoder) && broken ? `${reason}: ${broken}` : reason] as const;
  });
  const details = { ...requirement, nodes: Object.fromEntries(lacks.slice(0, MAX_DETAILED)) };
  const looked = `(${connected.length} looked at)`;
  if (requirement.encoder !== null && connected.every((node) => !node.workingEncoders.has(encoder)))
    return why('no_encoder', `no connected node has the encoder ${encoder} ${looked}`, details);
  const told = listed(
    lacks.map(([name, reason]) => `${name} ${reason}`),
    '; ',
  );
  return why('no_capable_node', `no connected node could run it ${looked}: ${told}`, details);
}

const before = ({ count, atLeast }: Question['ahead']) =>
  count === 0
    ? 'it is next'
    : `${count}${atLeast ? ' or more' : ''} ready ${count === 1 ? 'task stands' : 'tasks stand'} before it`;

function explainTurn(free: readonly KnownNode[], ahead: Question['ahead']): Why {
  const names = free.slice(0, MAX_DETAILED).map((node) => node.name);
  if (ahead.count === 0) return why('ready', 'a node is free and will take it at once', { nodes: names, ahead: 0 });
  return why('turn', `${before(ahead)}; ${namesOf(free)} can run it`, { nodes: names, ahead: ahead.count });
}

/** Nodes that could run it lack room now: which, and how much of what is free. */
function explainBusy(requirement: Requirement, able: readonly KnownNode[], ahead: Question['ahead']): Why {
  const draining = able.filter((node) => node.draining).length;
  const full = able.filter((node) => !hasDisk(requirement, node.diskFreeMb)).length;
  const who =
    able.length === 1
      ? `the only node that could run it (${able[0]?.name}) is`
      : `all ${able.length} nodes that could run it are`;
  const room = Object.fromEntries(
    able.slice(0, MAX_DETAILED).map((node) => [
      node.name,
      {
        free: shownResources(node.free),
        needed: shownResources(booked(requirement, node.total)),
        ...(node.draining ? { draining: true } : {}),
        ...(requirement.disk_mb ? { disk_free_mb: node.diskFreeMb, disk_needed_mb: requirement.disk_mb } : {}),
      },
    ]),
  );
  const states = ['busy', draining > 0 ? `draining (${draining})` : '', full > 0 ? `short of disk (${full})` : ''];
  const message = `${who} ${states.filter((state) => state !== '').join(' or ')}; ${before(ahead)}`;
  return why('no_free_resources', message, { nodes: room, ahead: ahead.count });
}

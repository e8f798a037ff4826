import type { ResultInput } from '@ffrtmp/shared/contract/dispatch';
import type { LaneCount } from '../check/evidence.ts';
import { type JournalEntry, outputDigest } from '../check/journal.ts';
import type { AgentHost } from './agent-host.ts';
import type { Exchange } from './network.ts';
import type { Plan } from './plan.ts';
import { EPOCH_MS, type World } from './world.ts';

/** Notes outside the system what its parts were told, and what the master did. */
export interface Observed {
  /** What clients were told. */
  journal: JournalEntry[];
  /** What agents were told, and when the master said it: replies overtake each other. */
  told: { performedAtMs: number; entry: JournalEntry }[];
  /** Signs of life as the master took them, whether or not its reply arrived: what leases run from. */
  signs: JournalEntry[];
  /** Found while it happened. */
  violations: string[];
  /** Calls of nodes as they reached the master; `left` is a goodbye. */
  visits: Visit[];
  claims: ClaimSeen[];
  readyAt: number[];
  /** What the last master counted in memory, when all was at rest. */
  lanes: LaneCount[] | undefined;
  stills: { from: number; until: number }[];
  arrived: (request: Pick<Exchange, 'path' | 'body'>) => void;
  performed: (exchange: Exchange) => void;
  answered: (exchange: Exchange) => void;
  publishing: (attemptId: string) => void;
  masterReady: () => void;
  stoodStill: (forMs: number) => void;
  watch: (agents: readonly AgentHost[]) => void;
  count: (point: string) => void;
}

export interface Visit {
  at: number;
  nodeId: string;
  left: boolean;
}

/** A claim that the master answered: what its agent said it holds, and what it was given. */
export interface ClaimSeen {
  at: number;
  sentAt: number;
  nodeId: string;
  known: string[];
}

interface Lease {
  attempt_id: string;
  attempt: number;
}
interface ClaimReply {
  jobs: { job: { id: string }; task: { id: string }; lease: Lease }[];
  orders: { attempt_id: string }[];
}

/** SIGTERM, the trailer, and the turn of an agent: after this an engine that was ordered to end is gone. */
const END_MS = 2000;

const at = (world: World) => Math.floor(EPOCH_MS + world.nowMs());

/** Attempts whose agent was heard by a master that could store nothing. */
function heardOf(world: World, { path, body }: Exchange): JournalEntry[] {
  const heard = (attemptId: string): JournalEntry => ({ kind: 'heard', at: at(world), attemptId });
  const progress = /^\/attempts\/([^/]+)\/progress$/.exec(path)?.[1];
  if (progress !== undefined) return [heard(progress)];
  if (!/^\/nodes\/[^/]+\/heartbeat$/.test(path)) return [];
  const { attempts = [] } = JSON.parse(body ?? '{}') as { attempts?: { attempt_id: string }[] };
  return attempts.map((one) => heard(one.attempt_id));
}

/** The renewals and leases in a reply. */
function signsOf(world: World, exchange: Exchange): JournalEntry[] {
  const { method, path, body, sentAtMs, answer } = exchange;
  if (answer.status === 507) return heardOf(world, exchange);
  if (answer.status !== 200) return [];
  const times = { at: at(world), sentAt: Math.floor(EPOCH_MS + sentAtMs) };
  const renewed = (attemptId: string): JournalEntry => ({ kind: 'renewed', ...times, attemptId });
  const progress = /^\/attempts\/([^/]+)\/progress$/.exec(path)?.[1];
  if (progress !== undefined) return [renewed(progress)];
  if (/^\/nodes\/[^/]+\/heartbeat$/.test(path))
    return (JSON.parse(answer.text) as { renewed: string[] }).renewed.map(renewed);
  if (method !== 'GET' || !path.startsWith('/jobs/next') || body !== undefined) return [];
  const nodeId = new URL(path, 'http://master').searchParams.get('node_id') ?? '';
  return (JSON.parse(answer.text) as ClaimReply).jobs.map(({ job, task, lease }) => {
    const ids = { jobId: job.id, taskId: task.id, attemptId: lease.attempt_id, number: lease.attempt, nodeId };
    return { kind: 'claimed', ...times, ...ids };
  });
}

/** What an agent was told of its result, its log, or its staleness. */
function endsOf(world: World, { path, body, answer }: Exchange): JournalEntry[] {
  const now = at(world);
  if (path === '/results') {
    const result = JSON.parse(body ?? '{}') as ResultInput;
    const ids = { at: now, jobId: result.job_id, attemptId: result.attempt_id };
    if (answer.status === 409 && answer.text.includes('stale_attempt'))
      return [{ kind: 'stale', at: now, attemptId: result.attempt_id }];
    if (answer.status !== 200) return [];
    if (result.status !== 'completed') return [{ kind: 'ended', ...ids, status: result.status }];
    const digest = outputDigest((result.artifacts ?? []).map((one) => ({ ...one, index: one.index ?? 0 })));
    const repeated = (JSON.parse(answer.text) as { status: string }).status === 'repeated';
    return [{ kind: 'completed', ...ids, digest, repeated }];
  }
  const [, attemptId, verb] = /^\/attempts\/([^/]+)\/(logs|progress)$/.exec(path) ?? [];
  if (attemptId === undefined) return [];
  if (answer.status === 409 && answer.text.includes('stale_attempt')) return [{ kind: 'stale', at: now, attemptId }];
  if (answer.status !== 200 || verb !== 'logs') return [];
  const { offset, chunk } = JSON.parse(body ?? '{}') as { offset: number; chunk: string };
  return [{ kind: 'logged', at: now, attemptId, offset, text: chunk }];
}

/** Attempts that a reply tells an agent to end. */
function endedBy({ path, answer }: Exchange): string[] {
  const progress = /^\/attempts\/([^/]+)\/progress$/.exec(path)?.[1];
  if (progress !== undefined && answer.status === 409 && answer.text.includes('stale_attempt')) return [progress];
  if (answer.status !== 200 || !answer.text.includes('"orders":[{')) return [];
  return (JSON.parse(answer.text) as ClaimReply).orders.map((order) => order.attempt_id);
}

/** The node whose call this was. */
function visitOf(world: World, { path, body }: Pick<Exchange, 'path' | 'body'>): Visit[] {
  const beating = /^\/nodes\/([^/]+)\/heartbeat$/.exec(path)?.[1];
  const claiming = path.startsWith('/jobs/next') ? new URL(path, 'http://master').searchParams.get('node_id') : null;
  const nodeId = beating ?? claiming;
  if (nodeId === null) return [];
  return [{ at: at(world), nodeId, left: beating !== undefined && body?.includes('"leaving":true') === true }];
}

function claimOf(world: World, { path, sentAtMs, awaited, answer }: Exchange): ClaimSeen[] {
  // A claim whose agent is gone by the time it arrives does nothing at all.
  if (!awaited || !path.startsWith('/jobs/next') || answer.status !== 200) return [];
  const query = new URL(path, 'http://master').searchParams;
  const given = (JSON.parse(answer.text) as ClaimReply).jobs.map((job) => job.lease.attempt_id);
  const known = [...given, ...(query.get('held') ?? '').split(',')];
  return [{ at: at(world), sentAt: EPOCH_MS + sentAtMs, nodeId: query.get('node_id') ?? '', known }];
}

export function observe(world: World, plan: Plan, points: Record<string, number>): Observed {
  const journal: JournalEntry[] = [];
  const told: Observed['told'] = [];
  const signs: JournalEntry[] = [];
  const violations: string[] = [];
  const visits: Visit[] = [];
  const claims: ClaimSeen[] = [];
  const readyAt: number[] = [];
  const stills: Observed['stills'] = [];
  const trustedFromMs = new Map<string, number>();
  const witness = world.life('witness');
  let agents: readonly AgentHost[] = [];

  /** P4: an agent that was told ends the engine, wherever it stands. */
  function demandEnd(name: string, attemptId: string): void {
    const agent = agents.find((one) => one.name === name);
    const before = agent?.incarnation();
    world.schedule(END_MS, witness, () => {
      if (agent?.incarnation() !== before || agent?.standing()) return;
      if (agent?.engines().includes(attemptId))
        violations.push(`P4: ${name} was told to end attempt ${attemptId} and its engine still runs`);
    });
  }

  return {
    ...{ journal, told, signs, violations, visits, claims, readyAt, stills, lanes: undefined },
    arrived: (request) => void visits.push(...visitOf(world, request)),
    performed(exchange) {
      signs.push(...signsOf(world, exchange));
      claims.push(...claimOf(world, exchange));
      // A full disk and a restart have codes of their own; this one is a fault of the master.
      if (exchange.answer.status === 500)
        violations.push(`internal: ${exchange.method} ${exchange.path} ${exchange.answer.text}`);
    },
    answered(exchange) {
      const fresh = signsOf(world, exchange);
      for (const sign of fresh) {
        if (sign.kind !== 'renewed' && sign.kind !== 'claimed') continue;
        const known = trustedFromMs.get(sign.attemptId) ?? 0;
        trustedFromMs.set(sign.attemptId, Math.max(known, exchange.sentAtMs));
      }
      const { performedAtMs } = exchange;
      for (const entry of [...fresh, ...endsOf(world, exchange)]) told.push({ performedAtMs, entry });
      for (const attemptId of endedBy(exchange)) demandEnd(exchange.caller, attemptId);
    },
    publishing(attemptId) {
      const until = (trustedFromMs.get(attemptId) ?? 0) + plan.leaseMs * (1 - 2 / 9);
      if (world.nowMs() > until + 1)
        violations.push(`fence: attempt ${attemptId} publishes ${Math.round(world.nowMs() - until)} ms too late`);
    },
    masterReady: () => void readyAt.push(at(world)),
    stoodStill(forMs) {
      const until = Math.ceil(at(world) + forMs);
      const last = stills.at(-1);
      if (last && last.until >= at(world)) last.until = Math.max(last.until, until);
      else stills.push({ from: at(world), until });
    },
    watch(all) {
      agents = all;
    },
    count(point) {
      points[point] = (points[point] ?? 0) + 1;
      world.note(`fault: ${point}`);
    },
  };
}

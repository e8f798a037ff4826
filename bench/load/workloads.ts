import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '@ffrtmp/runtime/id';
import { type Burst, closedLoop, type Measured, type Step } from './closed-loop.ts';
import { expectReply, openWire, requestBytes, type Wire } from './wire.ts';

/** The same request again and again: submits, pages, and the bare server beside them. */
export interface Repeat extends Burst {
  kind: 'repeat';
  request: { method: string; path: string; key?: string; body?: string };
  status: number;
  /** What one answer counts for, e.g. the jobs of a bulk call. */
  worth: number;
}

/** A fleet that claims, and reports each attempt as done. Connection `n` is node `n`. */
export interface ClaimAll extends Burst {
  kind: 'claim';
  nodes: readonly { id: string; key: string }[];
  /** Tasks a call. */
  slots: number;
  /** The result without the fields that name its attempt. */
  result: Record<string, unknown>;
}

/** Requests that stay open. Between `settleMs` and `settleMs + watchMs` nothing is sent at all. */
export interface Park {
  kind: 'park';
  port: number;
  paths: readonly string[];
  key: string;
  settleMs: number;
  watchMs: number;
}

export type Workload = Repeat | ClaimAll;

function repeat(workload: Repeat): Promise<Measured> {
  const { method, path, key, body } = workload.request;
  const request = requestBytes(method, path, key, body);
  const step: Step = async (wire, timed) => {
    await timed('request', () => expectReply(wire, request, workload.status));
    return workload.worth;
  };
  return closedLoop(workload, () => step);
}

interface Lease {
  job: { id: string };
  lease: { attempt_id: string; token: string };
}

/** An agent sends what it holds with each claim; here that is nothing, because it has reported everything. */
function claimer({ nodes, slots, result }: ClaimAll, index: number): Step {
  const node = nodes[index];
  if (!node) throw new Error(`there is no node for connection ${index}`);
  const resultOf = ({ job, lease }: Lease) => ({
    ...{ job_id: job.id, node_id: node.id, attempt_id: lease.attempt_id, token: lease.token },
    ...result,
  });
  return async (wire, timed) => {
    const path = `/jobs/next?node_id=${node.id}&wait=0&slots=${slots}&claim_id=${newId()}&held=`;
    const claimed = await timed('claim', () => expectReply(wire, requestBytes('GET', path, node.key), 200));
    const { jobs } = JSON.parse(claimed.body.toString()) as { jobs: Lease[] };
    if (jobs.length === 0) throw new Error('a claim came back empty');
    for (const one of jobs) {
      const request = requestBytes('POST', '/results', node.key, JSON.stringify(resultOf(one)));
      await timed('result', () => expectReply(wire, request, 200));
    }
    return jobs.length;
  };
}

export function perform(workload: Workload): Promise<Measured> {
  return workload.kind === 'repeat' ? repeat(workload) : closedLoop(workload, (index) => claimer(workload, index));
}

/** Opened a few at a time: a listening socket takes some hundred connections before it refuses. */
const OPENED_AT_ONCE = 100;

/** Opens every request and leaves it open; `onParked` is told when all of them have been for a while. */
export async function park(workload: Park, onParked: () => void): Promise<void> {
  const wires: Wire[] = [];
  let answered: Error | undefined;
  for (let at = 0; at < workload.paths.length; at += OPENED_AT_ONCE) {
    const paths = workload.paths.slice(at, at + OPENED_AT_ONCE);
    const opened = await Promise.all(paths.map(() => openWire(workload.port)));
    for (const [index, wire] of opened.entries()) {
      wires.push(wire);
      wire.ask(requestBytes('GET', paths[index] ?? '', workload.key)).then(
        ({ status, body }) => {
          answered ??= new Error(`a parked request was answered ${status}: ${body.toString().slice(0, 200)}`);
        },
        () => undefined,
      );
    }
  }
  await delay(workload.settleMs);
  onParked();
  await delay(workload.watchMs);
  for (const wire of wires) wire.close();
  if (answered) throw answered;
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { mayCall, type Operation } from '@ffrtmp/shared/contract/operation';
import type { MasterCore } from '../../../master/src/core.ts';
import type { Committer } from '../../../master/src/database/commit.ts';
import { insertFile, insertOwner } from '../../../master/src/files/store.ts';
import type { Caller } from '../../../master/src/http/caller.ts';
import { errorBody, toFfrtmpError } from '../../../master/src/http/errors.ts';
import { type Handler, parseParts } from '../../../master/src/http/serve.ts';

/** A request as it arrives. */
export interface Arrival {
  method: string;
  /** With its query. */
  path: string;
  key: string | undefined;
  headers: Record<string, string>;
  body: string | undefined;
  signal: AbortSignal;
}

export interface Answer {
  status: number;
  text: string;
}

/** What a running master answers with. */
export interface Answering {
  core: MasterCore;
  db: Pick<Committer, 'write'>;
  nowMs: () => number;
}

/** The bytes of an output, in one request: it stands for the tus upload, which is transport. */
const FILE = /^\/files\/([0-9a-f]{64})$/;

const patterns = new Map<Operation, RegExp>();
function patternOf(operation: Operation): RegExp {
  const known = patterns.get(operation);
  if (known) return known;
  const made = new RegExp(`^${operation.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
  patterns.set(operation, made);
  return made;
}

function find(handlers: readonly Handler[], method: string, path: string) {
  const own = handlers.filter((handler) => handler.operation.method === method);
  const exact = own.find((handler) => handler.operation.path === path);
  if (exact) return { handler: exact, params: {} };
  for (const handler of own) {
    const match = patternOf(handler.operation).exec(path);
    if (match) return { handler, params: { ...match.groups } };
  }
  throw new FfrtmpError('not_found', `there is no ${method} ${path}`);
}

function callerOf(core: MasterCore, access: Operation['access'], key: string | undefined): Caller {
  const caller = core.keyring.identify(key ?? '');
  if (!caller) throw new FfrtmpError('unauthorized', 'this key is not known here');
  if (access !== 'open' && !mayCall(caller.role, access))
    throw new FfrtmpError('forbidden', `a ${caller.role} key may not do this`);
  return caller;
}

/** Keeps the bytes under their digest, and then the rows that say whose they are: the order of library.ts. */
async function keepFile({ core, db, nowMs }: Answering, arrival: Arrival, sha256: string): Promise<Answer> {
  const caller = callerOf(core, 'transfer', arrival.key);
  const body = Buffer.from(arrival.body ?? '', 'utf8');
  const path = core.library.path(sha256);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, body);
  await db.write(async (tx) => {
    await tx.run(insertFile, { sha256, bytes: body.length, now: nowMs() });
    await tx.run(insertOwner, { tenant: caller.tenantId, sha256, now: nowMs() });
  });
  return { status: 201, text: JSON.stringify({ sha256, bytes: body.length }) };
}

async function perform(answering: Answering, arrival: Arrival): Promise<Answer> {
  const url = new URL(arrival.path, 'http://master');
  const sha256 = arrival.method === 'PUT' ? FILE.exec(url.pathname)?.[1] : undefined;
  if (sha256 !== undefined) return keepFile(answering, arrival, sha256);
  const { handler, params } = find(answering.core.handlers, arrival.method, url.pathname);
  const { operation } = handler;
  const caller = callerOf(answering.core, operation.access, arrival.key);
  const body = arrival.body === undefined ? undefined : (JSON.parse(arrival.body) as unknown);
  const parts = { params, query: Object.fromEntries(url.searchParams), headers: arrival.headers, body };
  let status = Number(Object.keys(operation.replies)[0] ?? 200);
  const reply = {
    code(chosen: number) {
      status = chosen;
    },
  };
  const request = { ...parseParts(operation, parts), caller, reply, raw: { headers: {} }, signal: arrival.signal };
  const result = await handler.run(request as unknown as Parameters<Handler['run']>[0]);
  return { status, text: JSON.stringify(result) };
}

/** Routing, keys, validation and errors as the HTTP server does them, without its sockets. */
export async function answer(answering: Answering, arrival: Arrival): Promise<Answer> {
  try {
    return await perform(answering, arrival);
  } catch (error) {
    const known = toFfrtmpError(error);
    // What the master would log as a fault of its own: its stack is the way to the bug.
    const detail = known.code === 'internal' && error instanceof Error ? { stack: error.stack } : {};
    return { status: known.httpStatus, text: JSON.stringify({ ...errorBody(known), ...detail }) };
  }
}

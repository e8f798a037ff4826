import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Operation } from '@ffrtmp/shared/contract/operation';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Caller } from './caller.ts';
import { invalidRequest } from './errors.ts';

type Parsed<O, K extends keyof Operation> = O extends { [P in K]: z.ZodType } ? z.output<O[K]> : undefined;

/** A validated request: every part as its schema made it, and who asks. */
export interface Request<O extends Operation> {
  params: Parsed<O, 'params'>;
  query: Parsed<O, 'query'>;
  body: Parsed<O, 'body'>;
  headers: Parsed<O, 'headers'>;
  caller: Caller;
  raw: FastifyRequest;
  reply: FastifyReply;
  /** Ends when the client goes away. */
  signal: AbortSignal;
}

type ReplyBody<O extends Operation> = {
  [S in keyof O['replies']]: O['replies'][S] extends z.ZodType ? z.input<O['replies'][S]> : never;
}[keyof O['replies']];

export interface Handler {
  operation: Operation;
  run: (request: Request<Operation>) => Promise<unknown>;
}

/** Ties an operation of the contract to the function that performs it. */
export function handle<const O extends Operation>(
  operation: O,
  run: (request: Request<O>) => Promise<ReplyBody<O> | typeof streamed>,
): Handler {
  return { operation, run: run as unknown as Handler['run'] };
}

/** What a handler returns when it has written the reply itself (events, bytes). */
export const streamed = Symbol('streamed');

function parse(where: string, schema: z.ZodType | undefined, data: unknown): unknown {
  if (!schema) return undefined;
  const parsed = schema.safeParse(data);
  if (!parsed.success) throw invalidRequest(where, parsed.error, schema);
  return parsed.data;
}

/** A request's parts as they came. */
export interface RawParts {
  params: unknown;
  query: unknown;
  headers: unknown;
  body: unknown;
}

/** Validates every part of a request against its operation. */
export const parseParts = (operation: Operation, raw: RawParts) => ({
  params: parse('path', operation.params, raw.params),
  query: parse('query', operation.query, raw.query),
  headers: parse('headers', operation.headers, raw.headers),
  body: parse('body', operation.body && chosenBody(operation, raw.body), raw.body ?? missingBody(operation)),
});

/** One request under way. Its signal is made when somebody asks for it, which most verbs do not. */
function requestOf({ params, query, headers, body }: RawParts, raw: FastifyRequest, reply: FastifyReply) {
  let signal: AbortSignal | undefined;
  return {
    params,
    query,
    headers,
    body,
    caller: raw.caller,
    raw,
    reply,
    get signal(): AbortSignal {
      signal ??= goneSignal(reply);
      return signal;
    },
  };
}

/** Aborts when the client goes away before it was answered. */
function goneSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  const look = () => {
    if (!raw.writableFinished) controller.abort();
  };
  if (raw.closed) look();
  else raw.once('close', look);
  return controller.signal;
}

/** Serves every operation under its path and under `/api`, as the seeds have both. */
export function serve(app: FastifyInstance, handlers: readonly Handler[]): void {
  for (const handler of handlers) {
    const { operation } = handler;
    if (operation.stream === 'tus') continue;
    const url = operation.path.replace(/\{(\w+)\}/g, ':$1');
    const [status] = Object.keys(operation.replies).map(Number);
    for (const prefix of ['', '/api']) {
      app.route({
        method: operation.method,
        url: prefix + url,
        // Probes ask with HEAD; anywhere else it would run the verb, hand out work or open a stream without end.
        exposeHeadRoute: operation.method === 'GET' && operation.access === 'open',
        config: { operation },
        handler: async (raw, reply) => {
          const request = requestOf(parseParts(operation, raw), raw, reply);
          const result = await handler.run(request as unknown as Request<Operation>);
          if (result === streamed) return reply;
          if (!reply.statusCode || reply.statusCode === 200) reply.code(status ?? 200);
          return result;
        },
      });
    }
  }
}

/** A body of "one or many" is validated by its own shape, so that messages name the field and not the union. */
function chosenBody(operation: Operation, body: unknown): z.ZodType | undefined {
  const options = (operation.body as { options?: readonly z.ZodType[] } | undefined)?.options;
  return options ? options[Array.isArray(body) ? 1 : 0] : operation.body;
}

function missingBody(operation: Operation): unknown {
  if (operation.body) throw new FfrtmpError('invalid_request', 'body: a JSON body is needed');
  return undefined;
}

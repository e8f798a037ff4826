import { createServer, type RequestListener, type Server } from 'node:http';
import type { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import { guard } from './auth.ts';
import type { Caller } from './caller.ts';
import { errorBody, toFfrtmpError } from './errors.ts';
import { createDualServer, type TlsIdentity } from './listen.ts';

/** A body of 1,000 jobs with generous parameters stays far below this. */
const MAX_BODY_BYTES = 8 << 20;
/** Longer than any proxy or client keeps an idle connection, so that we never close one that is being used. */
const KEEP_ALIVE_MS = 75_000;

declare module 'fastify' {
  interface FastifyInstance {
    /** Ends when the server stops: streams that would last for ever end with it. */
    closing: AbortSignal;
  }
}

export interface AppParts {
  identify: (secret: string) => Caller | undefined;
  tls: TlsIdentity | null;
  log: Pick<Logger, 'error'>;
}

/** When a call that was turned away for lack of room may come again: a queue or a master moves within seconds. */
const RETRY_AFTER_S = 2;

function answer(error: FfrtmpError, reply: FastifyReply): void {
  const { httpStatus } = error;
  if (httpStatus === 429 || httpStatus === 503) reply.header('retry-after', RETRY_AFTER_S);
  void reply.code(httpStatus).send(errorBody(error));
}

/** The HTTP server without its routes: keys, limits, and the one place where errors become replies. */
export function createApp({ identify, tls, log }: AppParts): FastifyInstance {
  const serverFactory = (listener: RequestListener): Server =>
    tls ? createDualServer(listener, tls) : createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener);
  const app = fastify<Server>({
    serverFactory,
    // What the framework refuses before any route is found, e.g. a broken percent sign in the address.
    frameworkErrors: (error, _request, reply) => answer(toFfrtmpError(error), reply as FastifyReply),
    bodyLimit: MAX_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
  });
  const closing = new AbortController();
  app.decorate('closing', closing.signal);
  app.addHook('preClose', async () => closing.abort());
  guard(app, identify);
  app.setErrorHandler((error, request, reply) => {
    const known = toFfrtmpError(error);
    if (known.code === 'internal')
      log.error({ err: error, method: request.method, url: request.url }, 'a request failed');
    answer(known, reply);
  });
  app.setNotFoundHandler((request, reply) => {
    const message = `there is no ${request.method} ${request.url.split('?')[0]}; GET /openapi.json lists what there is`;
    void reply.code(404).send({ error: { code: 'not_found', message } });
  });
  return app;
}

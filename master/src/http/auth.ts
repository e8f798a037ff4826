import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { mayCall, type Operation } from '@ffrtmp/shared/contract/operation';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DEFAULT_TENANT } from '../database/tables.ts';
import type { Caller } from './caller.ts';
import { errorBody } from './errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyContextConfig {
    operation?: Operation;
  }
}

const nobody: Caller = { keyId: 'nobody', role: 'viewer', tenantId: DEFAULT_TENANT, nodeId: null };

/** Checks the key before anything of the request is read. A callback hook: an async one costs a promise a request. */
export function guard(app: FastifyInstance, identify: (secret: string) => Caller | undefined): void {
  app.decorateRequest('caller', null as never);
  app.addHook('onRequest', (request, reply, done) => {
    const access = request.routeOptions.config.operation?.access;
    request.caller = nobody;
    if (access === undefined || access === 'open') return done();
    const secret = bearer(request);
    const caller = secret === undefined ? undefined : identify(secret);
    if (!caller) return refuse(reply, secret === undefined ? missing : unknown);
    if (!mayCall(caller.role, access)) return refuse(reply, notAllowed(caller.role));
    request.caller = caller;
    done();
  });
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

const missing = new FfrtmpError('unauthorized', 'a key is needed: send it as "Authorization: Bearer KEY"');
const unknown = new FfrtmpError('unauthorized', 'this key is not known here, or it has expired or was revoked');
const notAllowed = (role: string) => new FfrtmpError('forbidden', `a ${role} key may not do this`);

function refuse(reply: FastifyReply, error: FfrtmpError): void {
  if (error.code === 'unauthorized') void reply.header('www-authenticate', 'Bearer');
  void reply.code(error.httpStatus).send(errorBody(error));
}

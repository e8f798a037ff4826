import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { fileOperations } from '@ffrtmp/shared/contract/files';
import { sha256Schema } from '@ffrtmp/shared/job/job';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { iso } from '../clock.ts';
import { DEFAULT_TENANT } from '../database/tables.ts';
import { type DownloadHeaders, sendFile } from './download.ts';
import type { Library, Uploader } from './library.ts';
import { createUploads } from './upload.ts';

/**
 * `/files` speaks two languages: tus under a 32-digit upload id, plain HTTP under a 64-digit digest. The path tells them
 * apart. It lives in its own scope, because tus reads the body itself. `sweep` removes uploads nobody continues.
 */
export function fileRoutes(app: FastifyInstance, library: Library): { sweep: () => Promise<unknown> } {
  const uploaders = new WeakMap<object, Uploader>();
  const nobody = { tenantId: DEFAULT_TENANT, isNode: false };
  const uploads = createUploads(library, (request) => uploaders.get(nodeRequest(request)) ?? nobody);

  const tus = (request: FastifyRequest, reply: FastifyReply) => {
    const { id } = request.params as { id?: string };
    if (id !== undefined && !fileOperations.continueUpload.params.safeParse({ id }).success)
      throw new FfrtmpError('invalid_request', 'path: id: must be the 32 hexadecimal digits of an upload');
    const { tenantId, role } = request.caller;
    uploaders.set(request.raw, { tenantId, isNode: role === 'node' });
    reply.hijack();
    // The API prefix is ours; tus knows its uploads under /files alone.
    request.raw.url = request.raw.url?.replace(/^\/api\//, '/');
    void uploads.handle(request.raw, reply.raw);
  };

  const file = async (request: FastifyRequest, reply: FastifyReply, head: boolean) => {
    const { id } = request.params as { id: string };
    if (!sha256Schema.safeParse(id).success)
      throw new FfrtmpError('invalid_request', 'path: id: must be 64 lower-case hexadecimal digits');
    const found = await library.find(request.caller.tenantId, id);
    if (!found) throw await notFound(library, request.caller.tenantId, id);
    await sendFile(library, found, request.headers as DownloadHeaders, reply, head);
    return reply;
  };

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    for (const prefix of ['', '/api']) {
      scope.route({
        method: ['POST', 'OPTIONS'],
        url: `${prefix}/files`,
        config: { operation: fileOperations.createUpload },
        handler: tus,
      });
      scope.route({
        method: 'PATCH',
        url: `${prefix}/files/:id`,
        config: { operation: fileOperations.continueUpload },
        handler: tus,
      });
      scope.route({
        method: 'DELETE',
        url: `${prefix}/files/:id`,
        config: { operation: fileOperations.abandonUpload },
        handler: tus,
      });
      scope.route({
        method: 'GET',
        url: `${prefix}/files/:id`,
        exposeHeadRoute: false,
        config: { operation: fileOperations.download },
        handler: (request, reply) => file(request, reply, false),
      });
      scope.route({
        method: 'HEAD',
        url: `${prefix}/files/:id`,
        config: { operation: fileOperations.download },
        handler: (request, reply) =>
          (request.params as { id: string }).id.length === 64 ? file(request, reply, true) : tus(request, reply),
      });
    }
  });
  return { sweep: uploads.sweep };
}

async function notFound(library: Library, tenantId: string, sha256: string): Promise<FfrtmpError> {
  const at = await library.prunedAt(tenantId, sha256);
  if (at === undefined) return new FfrtmpError('not_found', `there is no file ${sha256}`);
  const when = iso(at);
  return new FfrtmpError(
    'not_found',
    `the file ${sha256} was pruned on ${when}: the master keeps files for a time only`,
    {
      pruned_at: when,
    },
  );
}

/** The tus server wraps Node's request in a web request that carries it. */
function nodeRequest(request: object): object {
  const wrapped = request as { runtime?: { node?: { req?: object } }; node?: { req?: object } };
  return wrapped.runtime?.node?.req ?? wrapped.node?.req ?? request;
}

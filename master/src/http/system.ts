import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { PROTOCOL } from '@ffrtmp/shared/contract/nodes';
import { systemOperations } from '@ffrtmp/shared/contract/system';
import { version } from '@ffrtmp/shared/version';
import { openApiDocument } from './openapi.ts';
import { type Handler, handle } from './serve.ts';

export interface SystemParts {
  /** Throws when the store cannot answer. */
  checkStore: () => Promise<void>;
  ready: () => boolean;
}

/** What probes, proxies and tools ask of the master itself. */
export function systemRoutes(parts: SystemParts): Handler[] {
  // Made when it is first asked for: 25 ms that no start has to wait for.
  let document: { openapi: string } | undefined;
  return [
    handle(systemOperations.health, async () => {
      await parts.checkStore().catch((error: unknown) => {
        throw new FfrtmpError('unavailable', `the store does not answer: ${(error as Error).message}`);
      });
      return { status: 'healthy' as const };
    }),
    handle(systemOperations.ready, async () => {
      if (!parts.ready()) throw new FfrtmpError('unavailable', 'the master is starting or stopping');
      return { status: 'ready' as const };
    }),
    handle(systemOperations.version, async () => ({ name: 'ffrtmp' as const, version, protocol: PROTOCOL })),
    handle(systemOperations.openapi, async () => {
      document ??= openApiDocument(version) as { openapi: string };
      return document;
    }),
  ];
}

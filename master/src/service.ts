import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { PROTOCOL } from '@ffrtmp/shared/contract/nodes';
import { serviceOperations } from '@ffrtmp/shared/contract/service';
import { version } from '@ffrtmp/shared/version';
import type { EventLog } from './events/log.ts';
import { lastEventId, openEventStream } from './http/events.ts';
import { openApiDocument } from './http/openapi.ts';
import { type Handler, handle, streamed } from './http/serve.ts';

/** Missed events are sent in pages of this size before the live ones follow. */
const CATCH_UP_PAGE = 500;

export interface ServiceParts {
  events: EventLog;
  /** Throws when the store cannot answer. */
  checkStore: () => Promise<void>;
  ready: () => boolean;
}

export function serviceRoutes(parts: ServiceParts): Handler[] {
  const document = openApiDocument(version);
  return [
    handle(serviceOperations.health, async () => {
      await parts.checkStore().catch((error: unknown) => {
        throw new FfrtmpError('unavailable', `the store does not answer: ${(error as Error).message}`);
      });
      return { status: 'healthy' as const };
    }),
    handle(serviceOperations.ready, async () => {
      if (!parts.ready()) throw new FfrtmpError('unavailable', 'the master is starting or stopping');
      return { status: 'ready' as const };
    }),
    handle(serviceOperations.version, async () => ({ name: 'ffrtmp' as const, version, protocol: PROTOCOL })),
    handle(serviceOperations.openapi, async () => document as { openapi: string }),
    handle(serviceOperations.events, async ({ raw, reply, caller }) => {
      await streamEvents(parts.events, caller.tenantId, lastEventId(raw.headers), openEventStream(reply));
      return streamed;
    }),
  ];
}

/** Sends what was missed since `after`, then everything new; nothing twice, nothing skipped. */
async function streamEvents(
  events: EventLog,
  tenantId: string,
  after: number | undefined,
  stream: ReturnType<typeof openEventStream>,
): Promise<void> {
  let sent = after ?? (await events.latest());
  let live = false;
  let work = Promise.resolve();
  async function catchUp(): Promise<void> {
    for (;;) {
      const page = await events.after(sent, CATCH_UP_PAGE);
      for (const event of page) {
        sent = event.seq;
        if (event.tenant_id === tenantId) stream.send({ event: 'event', data: event, id: event.seq });
      }
      if (page.length < CATCH_UP_PAGE) break;
    }
    live = true;
  }
  const unsubscribe = events.subscribe((event) => {
    if (live && event.seq === sent + 1) {
      sent = event.seq;
      if (event.tenant_id === tenantId) stream.send({ event: 'event', data: event, id: event.seq });
      return;
    }
    work = work.then(catchUp);
  });
  work = work.then(catchUp);
  await stream.closed;
  unsubscribe();
}

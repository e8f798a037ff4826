import { systemOperations } from '@ffrtmp/shared/contract/system';
import { type EventStream, lastEventId, openEventStream } from '../http/events.ts';
import { type Handler, handle, streamed } from '../http/serve.ts';
import type { EventLog } from './log.ts';

/** Missed events are sent in pages of this size before the live ones follow. */
const CATCH_UP_PAGE = 500;

export const eventRoutes = (events: EventLog): Handler[] => [
  handle(systemOperations.events, async ({ raw, reply, caller }) => {
    await streamEvents(events, caller.tenantId, lastEventId(raw.headers), openEventStream(reply));
    return streamed;
  }),
];

/** Sends what was missed since `after`, then everything new; nothing twice, nothing skipped. */
async function streamEvents(
  events: EventLog,
  tenantId: string,
  after: number | undefined,
  stream: EventStream,
): Promise<void> {
  // A client that saw more than there is comes from before a restore: it goes on with what is new here.
  let sent = Math.min(after ?? Number.POSITIVE_INFINITY, await events.latest());
  let live = false;
  /** A store that does not answer ends the stream: its reader resumes with Last-Event-ID. */
  let work = Promise.resolve();
  async function catchUp(): Promise<void> {
    for (;;) {
      const page = await events.after(sent, CATCH_UP_PAGE);
      for (const event of page) {
        // Told by its own commit while this page was on its way.
        if (event.seq <= sent) continue;
        sent = event.seq;
        if (event.tenant_id === tenantId) stream.send({ event: 'event', data: event, id: event.seq });
      }
      if (page.length < CATCH_UP_PAGE) break;
      if (!(await stream.drained())) return;
    }
    live = true;
  }
  const unsubscribe = events.subscribe((event) => {
    if (live && event.seq === sent + 1) {
      sent = event.seq;
      if (event.tenant_id === tenantId) stream.send({ event: 'event', data: event, id: event.seq });
      return;
    }
    work = work.then(catchUp).catch(stream.end);
  });
  work = work.then(catchUp).catch(stream.end);
  await stream.closed;
  unsubscribe();
}

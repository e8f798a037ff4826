import { once } from 'node:events';
import type { FastifyReply } from 'fastify';

/** Proxies close idle connections; a comment line keeps ours open. */
const KEEP_ALIVE_MS = 15_000;
/** A reader that falls this far behind is cut off: it resumes with Last-Event-ID and loses nothing. */
const MAX_BACKLOG_BYTES = 4 << 20;

export interface EventStream {
  send: (event: { event: string; data: unknown; id?: number }) => void;
  end: () => void;
  /** Waits until the reader has taken what was sent; false once the stream is over. */
  drained: () => Promise<boolean>;
  /** Settles when the stream is over, whoever ended it. */
  closed: Promise<void>;
}

/** Answers with server-sent events. Ends with the client's connection or by `end`. */
export function openEventStream(reply: FastifyReply): EventStream {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    connection: 'keep-alive',
    'x-accel-buffering': 'no',
  });
  raw.write(': open\n\n');
  const keepAlive = setInterval(() => raw.write(': still here\n\n'), KEEP_ALIVE_MS);
  keepAlive.unref();
  const { closing } = reply.server;
  const end = () => raw.end();
  closing.addEventListener('abort', end, { once: true });
  // The master may have begun to stop while the store was asked what to stream.
  if (closing.aborted) end();
  const closed = new Promise<void>((resolve) => {
    const onClose = () => {
      clearInterval(keepAlive);
      closing.removeEventListener('abort', end);
      resolve();
    };
    // The client may have gone before the stream was opened: its end was then announced to nobody.
    if (raw.destroyed) onClose();
    else raw.once('close', onClose);
  });
  const over = () => raw.destroyed || raw.writableEnded;
  return {
    send({ event, data, id }) {
      if (over()) return;
      if (raw.writableLength > MAX_BACKLOG_BYTES) {
        raw.destroy();
        return;
      }
      const idLine = id === undefined ? '' : `id: ${id}\n`;
      raw.write(`${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    end,
    async drained() {
      while (!over() && raw.writableNeedDrain) await Promise.race([once(raw, 'drain'), closed]);
      return !over();
    },
    closed,
  };
}

/** The number after which a client wants to resume, or undefined. */
export function lastEventId(headers: Record<string, unknown>): number | undefined {
  const text = headers['last-event-id'];
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

import { setTimeout as delay } from 'node:timers/promises';
import type { Connection } from '@ffrtmp/runtime/connect';
import { errorFrom } from '@ffrtmp/shared/client';
import { errorTable, FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { readFrames, type SseFrame } from './sse.ts';

/** A master that restarts is back within seconds; the last pause repeats until the outage limit. */
const RECONNECT_DELAYS_MS = [100, 250, 500, 1000, 2000, 4000];
/** After this long without the master a watcher gives up; the job itself goes on. */
const MAX_OUTAGE_MS = 10 * 60_000;
/** The master sends a comment far more often; silence for this long is a dead connection. */
const MAX_SILENCE_MS = 60_000;

export interface StreamOptions {
  signal: AbortSignal;
  /** Has everything arrived that will ever come? Asked when the server closes the stream. */
  isDone: () => boolean | Promise<boolean>;
  /** Called before each connection: what follows may repeat what the last one has said. */
  onConnect?: () => void;
  /** Called once an outage begins. */
  onOutage?: (reason: string) => void;
}

/**
 * Follows a stream of server-sent events across broken connections and master restarts, resuming after the last event
 * seen. Ends when the server closes the stream and `isDone` agrees; throws what the master refuses.
 */
export async function* followStream(
  connection: Connection,
  path: string,
  options: StreamOptions,
): AsyncGenerator<SseFrame> {
  let lastId: string | undefined;
  let failures = 0;
  let downSince: number | undefined;
  while (!options.signal.aborted) {
    let reason = 'the master closed the stream';
    options.onConnect?.();
    try {
      for await (const frame of openStream(connection, path, lastId, options.signal)) {
        lastId = frame.id ?? lastId;
        failures = 0;
        downSince = undefined;
        yield frame;
      }
      if (await options.isDone()) return;
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof FfrtmpError && !errorTable[error.code].retryable) throw error;
      reason = error instanceof FfrtmpError ? error.message : 'the connection to the master broke';
    }
    if (downSince === undefined) options.onOutage?.(reason);
    downSince ??= Date.now();
    if (Date.now() - downSince > MAX_OUTAGE_MS) throw new FfrtmpError('master_unreachable', reason);
    await delay(RECONNECT_DELAYS_MS[Math.min(failures, RECONNECT_DELAYS_MS.length - 1)], undefined, {
      signal: options.signal,
    });
    failures += 1;
  }
  options.signal.throwIfAborted();
}

async function* openStream(
  connection: Connection,
  path: string,
  lastId: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<SseFrame> {
  const silence = new AbortController();
  const headers: Record<string, string> = { accept: 'text/event-stream' };
  if (connection.key) headers.authorization = `Bearer ${connection.key}`;
  if (lastId !== undefined) headers['last-event-id'] = lastId;
  const response = await connection.client.settings.fetch(connection.url + path, {
    headers,
    signal: AbortSignal.any([signal, silence.signal]),
  });
  if (!response.ok || !response.body) throw errorFrom(response.status, await response.text());
  const watchdog = setTimeout(() => silence.abort(new Error('the connection fell silent')), MAX_SILENCE_MS);
  watchdog.unref();
  try {
    yield* readFrames(decode(response.body, () => watchdog.refresh()));
  } finally {
    clearTimeout(watchdog);
    silence.abort();
  }
}

async function* decode(body: ReadableStream<Uint8Array>, onBytes: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    onBytes();
    yield decoder.decode(bytes, { stream: true });
  }
}

import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from './scope.ts';

/** What a network may do to one request. `ms` is how long it takes where it takes time. */
export type NetworkFault =
  /** The connection is reset and the request never arrives. */
  | { kind: 'reset-before' }
  /** The request is carried out and its reply never arrives: the caller cannot know. */
  | { kind: 'reset-after' }
  /** Reset right after the request has left: it is being carried out meanwhile. */
  | { kind: 'reset-during' }
  /** The request breaks off in the middle of its body. */
  | { kind: 'cut-request' }
  /** The reply breaks off in the middle. */
  | { kind: 'cut-reply' }
  /** Nothing is passed on and nobody says so. */
  | { kind: 'half-open'; ms: number }
  /** The request is carried out; its reply stays away, and the connection open. */
  | { kind: 'half-open-after'; ms: number }
  /** The request arrives twice at once. */
  | { kind: 'duplicate' }
  /** The request arrives again, long after it was answered. */
  | { kind: 'late-duplicate'; ms: number }
  | { kind: 'delay'; ms: number }
  | { kind: 'delay-reply'; ms: number };

export interface Proxy {
  url: string;
  close: () => Promise<void>;
}

interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

interface Carried {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const ignore = () => undefined;

/**
 * Stands between clients and a server at `target` and does to each request what `choose` says. It understands HTTP just
 * enough to know where a request begins and ends; replies are passed on whole.
 */
export async function startProxy(
  scope: Scope,
  target: string,
  choose: (method: string, path: string) => NetworkFault | undefined,
): Promise<Proxy> {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const waits = new Set<() => void>();
  /** Over at the time or when the proxy ends. */
  const pause = (ms: number) =>
    new Promise<void>((next) => {
      const end = () => {
        clearTimeout(timer);
        waits.delete(end);
        next();
      };
      const timer = setTimeout(end, ms);
      waits.add(end);
    });

  /** Sends a request on and reads its whole reply. `until` gives it up, as a client that went away does. */
  function forward(carried: Carried, until?: AbortSignal, bytes = carried.body): Promise<Reply> {
    const headers = { ...carried.headers, host: new URL(target).host };
    return new Promise((resolve, reject) => {
      const options = { method: carried.method, headers, agent, ...(until ? { signal: until } : {}) };
      const outgoing = request(target + carried.path, options, (incoming) => {
        const { statusCode: status = 502, headers: replied } = incoming;
        bytesOf(incoming).then((body) => resolve({ status, headers: replied, body }), reject);
      });
      outgoing.on('error', reject);
      if (bytes === carried.body) outgoing.end(bytes);
      else outgoing.write(bytes, () => outgoing.destroy());
    });
  }

  function answer(response: ServerResponse, { status, headers, body }: Reply): void {
    const { 'transfer-encoding': _, connection: __, ...kept } = headers;
    const length = status === 204 || status === 304 ? {} : { 'content-length': body.length };
    // A reply to HEAD says how long a body would be and has none.
    response.writeHead(status, response.req.method === 'HEAD' ? kept : { ...kept, ...length });
    response.end(response.req.method === 'HEAD' ? undefined : body);
  }

  async function suffer(fault: NetworkFault, carried: Carried, response: ServerResponse): Promise<void> {
    const reset = () => response.socket?.resetAndDestroy();
    switch (fault.kind) {
      case 'reset-before':
        return void reset();
      case 'reset-after':
        await forward(carried).catch(ignore);
        return void reset();
      case 'reset-during':
        void forward(carried).catch(ignore);
        return void setImmediate(reset);
      case 'cut-request':
        await forward(carried, undefined, carried.body.subarray(0, carried.body.length >> 1)).catch(ignore);
        return void reset();
      case 'cut-reply': {
        const { status, headers, body } = await forward(carried);
        response.writeHead(status, { ...headers, 'content-length': body.length + 1 });
        response.write(body.subarray(0, body.length >> 1), reset);
        return;
      }
      case 'half-open':
        await pause(fault.ms);
        return void reset();
      case 'half-open-after':
        await Promise.all([forward(carried).catch(ignore), pause(fault.ms)]);
        return void reset();
      case 'duplicate':
        return answer(response, await Promise.any([forward(carried), forward(carried)]));
      case 'late-duplicate':
        answer(response, await forward(carried));
        await pause(fault.ms);
        return void (await forward(carried).catch(ignore));
      case 'delay':
        await pause(fault.ms);
        return answer(response, await forward(carried));
      case 'delay-reply': {
        const reply = await forward(carried);
        await pause(fault.ms);
        return answer(response, reply);
      }
    }
  }

  async function carry(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const { method = 'GET', url: path = '/', headers } = incoming;
    const carried = { method, path, headers, body: await bytesOf(incoming) };
    const fault = choose(method, path.split('?')[0] ?? '');
    if (fault) await suffer(fault, carried, response);
    else answer(response, await forward(carried, gone.signal));
  }

  const server = createServer((incoming, response) => {
    carry(incoming, response).catch(() => response.socket?.resetAndDestroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const close = async () => {
    for (const end of waits) end();
    server.closeAllConnections();
    agent.destroy();
    if (server.listening) await new Promise<void>((closed) => server.close(() => closed()));
  };
  scope.onEnd(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

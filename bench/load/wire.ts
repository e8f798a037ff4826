import { connect, type Socket } from 'node:net';

export interface Reply {
  status: number;
  /** Valid until the next request of this connection. */
  body: Buffer;
}

/** One kept-alive connection that asks and waits, one request at a time: as little HTTP as the measured server needs. */
export interface Wire {
  ask: (request: Buffer) => Promise<Reply>;
  close: () => void;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** A request as bytes. Those that never change are made once and sent a million times. */
export function requestBytes(method: string, path: string, key: string | undefined, body?: string): Buffer {
  const auth = key === undefined ? '' : `authorization: Bearer ${key}\r\n`;
  const content =
    body === undefined ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
  return Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: bench\r\n${auth}${content}\r\n${body ?? ''}`);
}

/** The first whole reply in `bytes`, and how long it is; undefined while some of it is missing. */
function readReply(bytes: Buffer): { reply: Reply; length: number } | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const size = /\r\ncontent-length: *(\d+)/i.exec(head);
  if (!size) throw new Error(`a reply without a length: ${head}`);
  const length = end + END_OF_HEAD.length + Number(size[1]);
  if (bytes.length < length) return undefined;
  return {
    reply: { status: Number(head.slice(9, 12)), body: bytes.subarray(end + END_OF_HEAD.length, length) },
    length,
  };
}

/** Opens a connection. A closed one fails its open request: a server that hangs up is a fault of the run. */
export async function openWire(port: number): Promise<Wire> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined;
  let rest: Buffer | undefined;
  const fail = (error: Error) => {
    waiting?.reject(error);
    waiting = undefined;
  };
  socket.on('data', (chunk) => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    rest = bytes;
    const found = readReply(bytes);
    if (!found) return;
    rest = undefined;
    const { resolve = () => undefined } = waiting ?? {};
    waiting = undefined;
    resolve(found.reply);
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed a connection')));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket.write(request);
      }),
    close: () => void socket.destroy(),
  };
}

/** A reply with the status that was expected, or an error that quotes it. */
export async function expectReply(wire: Wire, request: Buffer, status: number): Promise<Reply> {
  const reply = await wire.ask(request);
  if (reply.status !== status) throw new Error(`answered ${reply.status}: ${reply.body.toString().slice(0, 500)}`);
  return reply;
}

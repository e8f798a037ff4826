import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';

/** First byte of a TLS handshake record. */
const TLS_HANDSHAKE = 0x16;
/** Who connects and says nothing for this long is let go. */
const FIRST_BYTE_MS = 30_000;

export interface TlsIdentity {
  cert: string;
  key: string;
}

const wrongScheme = (request: { headers: { host?: string | undefined } }) =>
  `this port speaks HTTPS: use https://${request.headers.host ?? 'this address'}\n`;

/**
 * An HTTPS server whose port also understands a plain request, just enough to answer which scheme to use: a curl with
 * the wrong one gets a sentence and not a broken connection.
 */
export function createDualServer(listener: RequestListener, identity: TlsIdentity): Server {
  const https = createHttpsServer({ cert: identity.cert, key: identity.key, minVersion: 'TLSv1.2' }, listener);
  const plain = createHttpServer((request, response) => {
    const text = wrongScheme(request);
    response.writeHead(426, { 'content-type': 'text/plain', connection: 'close', upgrade: 'TLS/1.2' }).end(text);
  });
  // What has said nothing yet belongs to neither server, and what is in its handshake is not known as a connection by
  // the HTTPS server either: both are ended here.
  const silent = new Set<Socket>();
  const sockets = new Set<Socket>();
  const front = createTcpServer({ pauseOnConnect: false }, (socket: Socket) => {
    const drop = () => socket.destroy();
    silent.add(socket);
    sockets.add(socket);
    socket.setTimeout(FIRST_BYTE_MS, drop);
    socket.once('close', () => {
      silent.delete(socket);
      sockets.delete(socket);
    });
    socket.once('error', drop);
    socket.once('readable', () => {
      const first = socket.read(1) as Buffer | null;
      if (first === null) return;
      silent.delete(socket);
      socket.setTimeout(0);
      socket.removeListener('timeout', drop);
      socket.unshift(first);
      (first[0] === TLS_HANDSHAKE ? https : plain).emit('connection', socket);
    });
  });
  // The framework listens, closes and asks addresses on one object: the front's port, the HTTPS server's requests.
  const closeIdle = () => https.closeIdleConnections();
  https.listen = ((...args: Parameters<typeof front.listen>) => {
    front.once('listening', () => https.emit('listening'));
    front.on('error', (error) => https.emit('error', error));
    front.listen(...args);
    return https;
  }) as typeof https.listen;
  https.address = () => front.address();
  https.close = ((done?: (error?: Error) => void) => {
    plain.close();
    plain.closeAllConnections();
    closeIdle();
    for (const socket of silent) socket.destroy();
    front.close(done);
    return https;
  }) as typeof https.close;
  https.closeAllConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  Object.defineProperty(https, 'listening', { get: () => front.listening });
  return https as unknown as Server;
}

/** The reference of the HTTP gates: bare node:http that parses a JSON body and answers with JSON, and nothing else. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

let count = 0;

function answer(request: IncomingMessage, response: ServerResponse): void {
  // Left open: what a parked request costs without anybody's program around it.
  if (request.url === '/hold') return;
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString()) as object;
    count += 1;
    const text = JSON.stringify({ id: count, ...body });
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  });
}

const server = createServer({ keepAliveTimeout: 75_000 }, answer);
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit(0));

import { createServer, type Server } from 'node:http';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Registry } from 'prom-client';

export interface MetricsServer {
  port: number;
  close(): Promise<void>;
}

export interface MetricsSettings {
  host: string;
  port: number;
  registry: Registry;
  /** Called before each scrape, to set gauges from the present state. */
  collect?: () => void | Promise<void>;
  /** Off loopback a scrape needs a key; undefined lets everybody in. */
  allow?: (authorization: string | undefined) => boolean | Promise<boolean>;
}

/** Serves /metrics in the Prometheus text format 0.0.4, and nothing else. */
export async function startMetricsServer(settings: MetricsSettings): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(settings, request.url ?? '', request.headers.authorization)
      .then(({ status, type, text }) => response.writeHead(status, { 'content-type': type }).end(text))
      .catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  const port = await listen(server, settings.host, settings.port);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(settings: MetricsSettings, url: string, authorization: string | undefined) {
  const type = 'text/plain; charset=utf-8';
  if (url.split('?')[0] !== '/metrics') return { status: 404, type, text: 'the metrics are under /metrics\n' };
  if (settings.allow && !(await settings.allow(authorization)))
    return { status: 401, type, text: 'a viewer key is needed\n' };
  await settings.collect?.();
  return { status: 200, type: settings.registry.contentType, text: await settings.registry.metrics() };
}

/** Listens, and turns a taken port into one sentence that names it. */
export function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? portTaken(host, port) : error);
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

export const portTaken = (host: string, port: number) =>
  new FfrtmpError(
    'port_taken',
    `port ${port} on ${host} is taken by another program: choose another one or stop that program`,
  );

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { buildCore, type MasterCore } from './core.ts';
import { fileRoutes } from './files/routes.ts';
import { createApp } from './http/app.ts';
import { serve } from './http/serve.ts';
import type { MasterSettings } from './wiring.ts';

export interface Master extends Omit<MasterCore, 'handlers' | 'library' | 'stop'> {
  app: FastifyInstance;
  close: () => Promise<void>;
}

/** The master with its HTTP server. Tests call it too. */
export async function buildMaster(settings: MasterSettings): Promise<Master> {
  const { handlers, library, stop, ...core } = await buildCore(settings);
  const app = createApp({ identify: core.keyring.identify, tls: settings.tls, log: settings.log });
  const files = fileRoutes(app, library);
  serve(app, handlers);
  return {
    ...core,
    app,
    async tidy() {
      await core.tidy();
      await files.sweep();
    },
    async close() {
      stop();
      await app.close();
    },
  };
}

/** Identity of this machine, or null where it has none. */
export function readMachineId(root = '/etc'): string | null {
  try {
    return readFileSync(join(root, 'machine-id'), 'utf8').trim() || null;
  } catch {
    return null;
  }
}

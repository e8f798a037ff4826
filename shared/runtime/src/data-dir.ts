import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a role keeps its data when nobody says: below the user's data directory. */
export function defaultDataDir(role: 'master' | 'agent', env: Readonly<Record<string, string | undefined>>): string {
  return join(env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'ffrtmp', role);
}

/** Files of a master's data directory that local clients read. The key file is readable by its owner alone. */
export const masterFiles = { adminKey: 'admin.key', ca: 'ca.crt', endpoint: 'endpoint' } as const;

export interface LocalMaster {
  url: string | undefined;
  key: string | undefined;
  ca: string | undefined;
}

/** What a master on this machine left for local clients: its address, its CA and its admin key, where readable. */
export function readLocalMaster(dataDir: string): LocalMaster {
  const read = (name: string) => {
    const path = join(dataDir, name);
    try {
      return existsSync(path) ? readFileSync(path, 'utf8').trim() || undefined : undefined;
    } catch {
      return undefined; // Another user's master: its key is not ours to read.
    }
  };
  return { url: read(masterFiles.endpoint), key: read(masterFiles.adminKey), ca: read(masterFiles.ca) };
}

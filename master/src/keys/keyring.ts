import type { Clock } from '@ffrtmp/runtime/clock';
import type { Role } from '@ffrtmp/shared/contract/operation';
import type { Committer, Transaction } from '../database/commit.ts';
import { DEFAULT_TENANT, type Tables } from '../database/tables.ts';
import type { Caller } from '../http/caller.ts';
import { newSecret, sameSecret, secretHash } from './secrets.ts';
import { allKeys, insertKey } from './store.ts';

type KeyRow = Tables['keys'];

export interface NewKey {
  role: Role;
  name: string;
  nodeId?: string | null;
  expiresAt?: number | null;
}

/** All keys by hash, in memory: a look-up costs one SHA-256 and no query. */
export interface Keyring {
  identify: (secret: string) => Caller | undefined;
  /** Stores a new key and returns its secret, which is shown once. */
  create: (tx: Transaction, key: NewKey) => Promise<{ secret: string; row: KeyRow }>;
  forget: (ids: readonly string[]) => void;
}

export interface KeyringParts {
  db: Committer;
  clock: Clock;
  newId: () => string;
  /** The admin key of flag or environment; it is never stored. */
  configuredKey: string | undefined;
}

export async function loadKeyring({ db, clock, newId, configuredKey }: KeyringParts): Promise<Keyring> {
  const byHash = new Map<string, KeyRow>();
  for (const row of await db.read(allKeys)) {
    if (row.revoked_at === null) byHash.set(row.hash, row);
  }
  const configured: Caller = { keyId: 'configured', role: 'admin', tenantId: DEFAULT_TENANT, nodeId: null };
  return {
    identify(secret) {
      if (configuredKey !== undefined && sameSecret(configuredKey, secret)) return configured;
      const row = byHash.get(secretHash(secret));
      if (!row || (row.expires_at !== null && row.expires_at <= clock.now())) return undefined;
      return { keyId: row.id, role: row.role, tenantId: row.tenant_id, nodeId: row.node_id };
    },
    async create(tx, key) {
      const secret = newSecret(key.role);
      const row: KeyRow = {
        id: newId(),
        tenant_id: DEFAULT_TENANT,
        role: key.role,
        name: key.name,
        hash: secretHash(secret),
        node_id: key.nodeId ?? null,
        created_at: clock.now(),
        expires_at: key.expiresAt ?? null,
        revoked_at: null,
      };
      await tx.run(insertKey, {
        id: row.id,
        tenant: row.tenant_id,
        role: row.role,
        name: row.name,
        hash: row.hash,
        node: row.node_id,
        now: row.created_at,
        expires: row.expires_at,
      });
      tx.afterCommit(() => byHash.set(row.hash, row));
      return { secret, row };
    },
    forget(ids) {
      for (const [hash, row] of byHash) if (ids.includes(row.id)) byHash.delete(hash);
    },
  };
}

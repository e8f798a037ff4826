import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@ffrtmp/runtime/clock';
import { masterFiles } from '@ffrtmp/runtime/data-dir';
import type { Committer } from '../database/commit.ts';
import { DEFAULT_TENANT } from '../database/tables.ts';
import type { Keyring } from './keyring.ts';
import { newSecret } from './secrets.ts';
import { allKeys, insertTenant } from './store.ts';

/** A join token from the first start is meant for a first afternoon of adding machines. */
const FIRST_TOKEN_MS = 24 * 3_600_000;

export interface FirstSecrets {
  /** null where MASTER_API_KEY is the admin key. */
  adminKey: string | null;
  joinToken: string;
}

/** Writes a secret so that only its owner can read it, from the first byte on. */
export function writeSecret(path: string, secret: string): void {
  writeFileSync(path, `${secret}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
}

/** The secret lease tokens derive from: made once, kept with the data, so that leases outlive a restart. */
export function signingSecret(dataDir: string): string {
  const path = join(dataDir, 'lease-signing.key');
  if (!existsSync(path)) writeSecret(path, newSecret('node'));
  return readFileSync(path, 'utf8').trim();
}

/**
 * First start: the tenant `default`, an admin key (unless one is configured) and a join token, both returned to be
 * printed once; hashes are stored. The admin key also goes into a file that only this user can read, for the local CLI.
 */
export async function firstStart(parts: {
  db: Committer;
  clock: Clock;
  keyring: Keyring;
  dataDir: string;
  configuredKey: string | undefined;
}): Promise<FirstSecrets | null> {
  const { db, clock, keyring, dataDir, configuredKey } = parts;
  await db.write((tx) => tx.run(insertTenant, { id: DEFAULT_TENANT, name: DEFAULT_TENANT, now: clock.now() }));
  const keys = await db.read(allKeys);
  const needsAdmin =
    configuredKey === undefined && !keys.some((key) => key.role === 'admin' && key.revoked_at === null);
  if (keys.length > 0 && !needsAdmin) return null;
  const made = await db.write(async (tx) => ({
    admin: needsAdmin ? await keyring.create(tx, { role: 'admin', name: 'first admin' }) : null,
    token: await keyring.create(tx, {
      role: 'join',
      name: 'first join token',
      expiresAt: clock.now() + FIRST_TOKEN_MS,
    }),
  }));
  if (made.admin) writeSecret(join(dataDir, masterFiles.adminKey), made.admin.secret);
  return { adminKey: made.admin?.secret ?? null, joinToken: made.token.secret };
}

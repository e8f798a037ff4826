import type { Clock } from '@ffrtmp/runtime/clock';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { keyOperations } from '@ffrtmp/shared/contract/keys';
import { iso, isoOrNull } from '../clock.ts';
import type { Committer } from '../database/commit.ts';
import type { Tables } from '../database/tables.ts';
import type { EventLog } from '../events/log.ts';
import { type Handler, handle } from '../http/serve.ts';
import type { Keyring } from './keyring.ts';
import { allKeys, revokeKey } from './store.ts';

const view = ({ hash: _, created_at, expires_at, revoked_at, ...row }: Tables['keys']) => ({
  ...row,
  created_at: iso(created_at),
  expires_at: isoOrNull(expires_at),
  revoked_at: isoOrNull(revoked_at),
});

export interface KeyParts {
  db: Committer;
  clock: Clock;
  keyring: Keyring;
  events: EventLog;
  caFingerprint: string | null;
}

export function keyRoutes({ db, clock, keyring, events, caFingerprint }: KeyParts): Handler[] {
  return [
    handle(keyOperations.create, async ({ body, caller }) => {
      const made = await db.write(async (tx) => {
        const key = await keyring.create(tx, body);
        await events.append(tx, {
          tenantId: caller.tenantId,
          kind: 'key',
          to: 'created',
          reason: `${body.role} ${body.name}`,
        });
        return key;
      });
      return { ...view(made.row), key: made.secret };
    }),
    handle(keyOperations.list, async () => ({ keys: (await db.read(allKeys)).map(view) })),
    handle(keyOperations.revoke, async ({ params, caller }) => {
      const ended = await db.write(async (tx) => {
        const rows = await tx.run(revokeKey, { id: params.id, now: clock.now() });
        if (rows.length > 0)
          await events.append(tx, { tenantId: caller.tenantId, kind: 'key', to: 'revoked', reason: params.id });
        return rows.map((row) => row.id);
      });
      if (ended.length === 0) throw new FfrtmpError('not_found', `there is no live key ${params.id}`);
      keyring.forget(ended);
      return { status: 'revoked' };
    }),
    handle(keyOperations.createToken, async ({ body, caller }) => {
      const expiresAt = clock.now() + body.ttl_s * 1000;
      const made = await db.write(async (tx) => {
        const key = await keyring.create(tx, { role: 'join', name: 'join token', expiresAt });
        await events.append(tx, { tenantId: caller.tenantId, kind: 'key', to: 'created', reason: 'join token' });
        return key;
      });
      return { ...view(made.row), token: made.secret, ca_fingerprint: caFingerprint };
    }),
  ];
}

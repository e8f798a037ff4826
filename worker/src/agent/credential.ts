import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { z } from 'zod';

/** What an agent keeps of its registration: who it is, where its master is, and how to trust it. */
const credentialSchema = z.object({
  node_id: z.string(),
  credential: z.string(),
  master: z.string(),
  ca: z.string().nullable(),
});
export type Credential = z.infer<typeof credentialSchema>;

const pathIn = (dataDir: string) => join(dataDir, 'credential.json');

export function loadCredential(dataDir: string): Credential | undefined {
  const path = pathIn(dataDir);
  if (!existsSync(path)) return undefined;
  try {
    return credentialSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    throw new FfrtmpError('bad_config', `${path} is damaged: delete it and register this agent again`);
  }
}

/** The secret behind this agent's registration, made before its first call, so that a lost reply can be asked for again. */
export function registrationProof(dataDir: string): string {
  const path = join(dataDir, 'registration-proof');
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const proof = randomBytes(32).toString('hex');
  writeFileSync(`${path}.new`, `${proof}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return proof;
}

/** Written beside and renamed, so that a crash leaves the old or the new one; readable by this user alone. */
export function saveCredential(dataDir: string, credential: Credential): void {
  const path = pathIn(dataDir);
  writeFileSync(`${path}.new`, `${JSON.stringify(credential, null, 2)}\n`, { mode: 0o600 });
  chmodSync(`${path}.new`, 0o600);
  renameSync(`${path}.new`, path);
}

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { type Connection, type Endpoint, fetchPinnedCa, openConnection, settleScheme } from '@ffrtmp/runtime/connect';
import { readLocalMaster } from '@ffrtmp/runtime/data-dir';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Registration } from '@ffrtmp/shared/node/node';
import type { Timing } from '@ffrtmp/shared/node/timing';
import type { AgentConfig } from '../config.ts';
import { loadCredential, registrationProof, saveCredential } from './credential.ts';

export interface Joined {
  connection: Connection;
  nodeId: string;
  name: string;
  timing: Timing;
}

export interface JoinParts {
  config: AgentConfig;
  dataDir: string;
  /** Data directory of a master on this machine, which holds its CA and key for local programs. */
  localMasterDir: string;
  registration: Registration;
  say: (text: string) => void;
}

const readPem = (path: string | undefined) => (path === undefined ? undefined : readFileSync(path, 'utf8'));

const DEFAULT_MASTER = 'http://localhost:8080';

/** Where the master is and whom to trust there: flags first, then what was learnt at the last registration. */
export async function findMaster(parts: Omit<JoinParts, 'registration'>): Promise<Endpoint> {
  const { config, dataDir, say } = parts;
  const known = loadCredential(dataDir);
  const local = readLocalMaster(parts.localMasterDir);
  const url = config.master ?? known?.master ?? local.url ?? DEFAULT_MASTER;
  const pinned = config.caFingerprint === undefined ? undefined : await fetchPinnedCa(url, config.caFingerprint);
  const ca = pinned ?? readPem(config.ca) ?? known?.ca ?? local.ca;
  const certificate = { cert: readPem(config.cert), certKey: readPem(config.key) };
  return settleScheme({ url, key: undefined, ca: ca ?? undefined, ...certificate }, say);
}

/**
 * Makes this agent a node of its master: proves itself with the credential it holds, or registers with a join token or
 * an admin key when told to. Where master and agent share a machine a person is asked first.
 */
export async function join(parts: JoinParts): Promise<Joined> {
  const { config, dataDir } = parts;
  const endpoint = await findMaster(parts);
  const known = loadCredential(dataDir);
  if (known) {
    const proven = await registerWith(parts, endpoint, known.credential).catch(isGone);
    if (proven) return { ...proven, nodeId: known.node_id };
    if (!config.register)
      throw new FfrtmpError(
        'unauthorized',
        'the master no longer knows this agent: start it with --register and a join token',
      );
  }
  if (!config.register) {
    throw new FfrtmpError(
      'unauthorized',
      'this agent has not joined a master yet: start it with --register, --master URL and --token TOKEN (the master prints the line)',
    );
  }
  const secret = config.token ?? config.apiKey ?? readLocalMaster(parts.localMasterDir).key;
  if (secret === undefined) {
    throw new FfrtmpError(
      'unauthorized',
      'to register, pass the join token with --token, or an admin key with --api-key or FFMPEG_RTMP_API_KEY',
    );
  }
  return registerAnew(parts, endpoint, secret);
}

/** A credential that was revoked, or whose node was removed. */
function isGone(error: unknown): undefined {
  if (
    error instanceof FfrtmpError &&
    (error.code === 'unauthorized' || error.code === 'not_found' || error.code === 'address_taken')
  )
    return undefined;
  throw error;
}

async function registerWith(
  { registration, dataDir }: JoinParts,
  endpoint: Endpoint,
  secret: string,
  allowed = registration.allow_master_as_worker,
) {
  const connection = openConnection({ ...endpoint, key: secret });
  try {
    const proof = registrationProof(dataDir);
    const body = { ...registration, proof, allow_master_as_worker: allowed };
    const node = await connection.client.call(nodeOperations.register, { body });
    return { connection, node, nodeId: node.id, name: node.name, timing: node.timing, credential: node.credential };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function registerAnew(parts: JoinParts, endpoint: Endpoint, secret: string): Promise<Joined> {
  const { config, dataDir } = parts;
  const allowed = config.allowMasterAsWorker && (await confirmSharedMachine(parts, endpoint));
  const made = await registerWith(parts, endpoint, secret, allowed).catch(async (error: unknown) => {
    const shared = error instanceof FfrtmpError && error.code === 'master_as_worker';
    if (!shared || config.allowMasterAsWorker || !process.stdin.isTTY || !(await ask(parts, endpoint))) throw error;
    return registerWith(parts, endpoint, secret, true);
  });
  if (made.credential === null)
    throw new FfrtmpError('conflict', 'the master gave no credential: remove this node there and register again');
  saveCredential(dataDir, {
    node_id: made.nodeId,
    credential: made.credential,
    master: endpoint.url,
    ca: endpoint.ca ?? null,
  });
  await made.connection.close();
  return {
    nodeId: made.nodeId,
    name: made.name,
    timing: made.timing,
    connection: openConnection({ ...endpoint, key: made.credential }),
  };
}

/** The flag says that sharing the machine is allowed; the question, or --yes, that it is meant here. */
async function confirmSharedMachine(parts: JoinParts, endpoint: Endpoint): Promise<boolean> {
  if (parts.config.yes) return true;
  if (process.stdin.isTTY) return ask(parts, endpoint);
  throw new FfrtmpError('master_as_worker', '--allow-master-as-worker asks on a terminal: without one add --yes');
}

async function ask(_parts: JoinParts, endpoint: Endpoint): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(
    `${endpoint.url} is a master on this very machine; the two will compete for its CPU. Go on? [y/N] `,
  );
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}

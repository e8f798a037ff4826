import { join } from 'node:path';
import { type Connection, openConnection } from '@ffrtmp/runtime/connect';
import { masterFiles, readLocalMaster } from '@ffrtmp/runtime/data-dir';
import { binary, type Finished, type Program, runProgram, startProgram } from './process.ts';
import type { Scope } from './scope.ts';

/** An agent proves every encoder before it is ready: seconds each on a busy machine. */
const AGENT_READY_LIMIT_MS = 90_000;

export interface ProgramSettings {
  dataDir?: string;
  /** Stand after the usual flags, so they win over them. */
  args?: readonly string[];
  env?: Record<string, string>;
  /** Run what `make build` compiled instead of the sources. */
  compiled?: boolean;
  /** A command that runs the program in other surroundings and becomes it: `ip netns exec`, `unshare`. */
  within?: readonly string[];
}

export interface RunningMaster {
  program: Program;
  dataDir: string;
  url: string;
  adminKey: string;
  ca: string | undefined;
  /** With the admin key. */
  connection: Connection;
  client: Connection['client'];
}

export interface RunningAgent {
  program: Program;
  dataDir: string;
  nodeId: string;
  address: string;
}

const environment = (settings: ProgramSettings) => ({
  ...settings.env,
  ...(settings.compiled ? { FFRTMP_DIST: '1' } : {}),
});

function start(
  scope: Scope,
  role: 'master' | 'agent',
  args: string[],
  settings: ProgramSettings,
  name: string,
): Program {
  const [command = '', ...words] = [...(settings.within ?? []), binary(role), ...args];
  return startProgram(scope, command, words, { name, env: environment(settings) });
}

/** A real master on free loopback ports with a data directory of its own, ready to be called. */
export async function startMaster(scope: Scope, settings: ProgramSettings = {}): Promise<RunningMaster> {
  const dataDir = settings.dataDir ?? scope.folder('master');
  const args = ['--port', '0', '--metrics-port', '0', '--data-dir', dataDir, ...(settings.args ?? [])];
  const program = start(scope, 'master', args, settings, 'master');
  const ready = await program.waitForLine(/^master ready at (\S+)/);
  const local = readLocalMaster(dataDir);
  const url = ready[1] ?? '';
  const adminKey = settings.env?.MASTER_API_KEY ?? local.key ?? '';
  const connection = openConnection({ url, key: adminKey, ca: local.ca });
  scope.onEnd(() => connection.close());
  return { program, dataDir, url, adminKey, ca: local.ca, connection, client: connection.client };
}

/** Starts a master again on the data and the port of one that has ended. */
export function restartMaster(
  scope: Scope,
  old: RunningMaster,
  settings: ProgramSettings = {},
): Promise<RunningMaster> {
  const port = new URL(old.url).port;
  return startMaster(scope, { ...settings, dataDir: old.dataDir, args: ['--port', port, ...(settings.args ?? [])] });
}

/** A real agent, registered with the master's admin key; several of them share this machine by their addresses. */
export async function startAgent(
  scope: Scope,
  master: Pick<RunningMaster, 'url' | 'adminKey' | 'dataDir'>,
  settings: ProgramSettings & { address: string },
): Promise<RunningAgent> {
  const dataDir = settings.dataDir ?? scope.folder(`agent-${settings.address}`);
  const trust = master.url.startsWith('https:') ? ['--ca', join(master.dataDir, masterFiles.ca)] : [];
  const args = [
    ...['--register', '--master', master.url, '--api-key', master.adminKey, ...trust],
    ...['--address', settings.address, '--data-dir', dataDir, '--metrics-port', '0'],
    ...['--allow-master-as-worker', '--yes', ...(settings.args ?? [])],
  ];
  const name = `agent ${settings.address}`;
  const program = start(scope, 'agent', args, settings, name);
  const ready = await program.waitForLine(/^agent ready: node (\S+) \((.+)\)/, AGENT_READY_LIMIT_MS);
  return { program, dataDir, nodeId: ready[1] ?? '', address: ready[2] ?? '' };
}

/** The command line against a master, as a person on the same machine would type it. */
export function runCli(
  scope: Scope,
  master: RunningMaster,
  args: readonly string[],
  limitMs?: number,
): Promise<Finished> {
  const env = { FFMPEG_RTMP_API_KEY: master.adminKey };
  const words = ['--master', master.url, '--data-dir', master.dataDir, ...args];
  return runProgram(scope, binary('ffrtmp'), words, { env, ...(limitMs === undefined ? {} : { limitMs }) });
}

import { type Connection, openConnection } from '@ffrtmp/runtime/connect';
import { readLocalMaster } from '@ffrtmp/runtime/data-dir';
import { type Program, startProgram } from './child.ts';
import { programPath } from './programs.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface Surroundings {
  env: Env;
  cwd: string;
  signal: AbortSignal;
  onLog?: (program: string, line: string) => void;
}

/** Starts `bin/master` and waits until it serves. */
export function startMaster(args: readonly string[], around: Surroundings): Promise<Program> {
  return startProgram({
    ...around,
    name: 'master',
    path: programPath('master'),
    args,
    readyLine: /^master ready at (\S+)/,
    onLog: (line) => around.onLog?.('master', line),
  });
}

export interface AgentSettings {
  address: string | undefined;
  masterUrl: string;
  dataDir: string;
  ca: string | undefined;
  token: string;
  slots: number | undefined;
  metricsPort: number | undefined;
}

/** Starts `bin/agent` on the master's own machine and waits until it has registered and proven its encoders. */
export function startAgent(agent: AgentSettings, around: Surroundings): Promise<Program> {
  const name = agent.address === undefined ? 'agent' : `agent ${agent.address}`;
  return startProgram({
    ...around,
    name,
    path: programPath('agent'),
    args: agentArguments(agent),
    // The token travels in the environment: arguments are visible to every user of the machine.
    env: { ...around.env, FFRTMP_WORKER_TOKEN: agent.token },
    readyLine: /^agent ready: node (\S+)/,
    onLog: (line) => around.onLog?.(name, line),
  });
}

export function agentArguments(agent: AgentSettings): string[] {
  const optional: [string, string | number | undefined][] = [
    ['--address', agent.address],
    ['--ca', agent.ca],
    ['--max-concurrent-jobs', agent.slots],
    ['--metrics-port', agent.metricsPort],
  ];
  return [
    ...['--register', '--master', agent.masterUrl, '--data-dir', agent.dataDir],
    ...['--allow-master-as-worker', '--yes', '--log-level', 'warn'],
    ...optional.flatMap(([flag, value]) => (value === undefined ? [] : [flag, String(value)])),
  ];
}

/** A connection to a master that this program has started, with the key it left in its data directory. */
export function connectToOwn(url: string, dataDir: string, env: Env): Connection {
  const local = readLocalMaster(dataDir);
  // The master reads the same two variables, in this order, before it makes a key of its own.
  const key = env.MASTER_API_KEY || env.FFMPEG_RTMP_API_KEY || local.key;
  return openConnection({ url, key, ca: local.ca });
}

/** Stops programs one after the other, agents before their master, so that work is given back. */
export async function stopAll(programs: readonly Program[]): Promise<void> {
  const agents = programs.filter((program) => program.name !== 'master');
  await Promise.all(agents.map((agent) => agent.stop()));
  await Promise.all(programs.filter((program) => program.name === 'master').map((master) => master.stop()));
}

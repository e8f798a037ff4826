import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyOperations } from '@ffrtmp/shared/contract/keys';
import { type Master, masterOver } from '../../api/master.ts';
import type { Cli } from '../../cli.ts';
import { logLine } from '../../output/log.ts';
import type { Program } from '../../processes/child.ts';
import { connectToOwn, type Surroundings, startAgent, startMaster, stopAll } from '../../processes/fleet.ts';

const AGENTS = ['demo-1', 'demo-2'] as const;
const TOKEN_TTL_S = 3600;

/** A person's own settings must not reach the demo: neither a key nor an address nor a configuration file. */
function cleanEnv(env: Cli['env']): Record<string, string | undefined> {
  const kept = (name: string) =>
    name === 'FFRTMP_DIST' || !/^(?:FFRTMP_|MASTER_API_KEY$|FFMPEG_RTMP_API_KEY$)/.test(name);
  return Object.fromEntries(Object.entries(env).filter(([name]) => kept(name)));
}

/**
 * Starts a master and two agents as real processes on free loopback ports with their data below `dir`, hands the master
 * to `work`, and ends them all whatever happens.
 */
export async function withDemoFleet(cli: Cli, dir: string, work: (master: Master) => Promise<void>): Promise<void> {
  const env = cleanEnv(cli.env);
  // An empty file in the programs' working folder keeps them from finding another one.
  await writeFile(join(dir, 'ffrtmp.yaml'), '');
  const masterDir = join(dir, 'master');
  await mkdir(masterDir);
  const around: Surroundings = {
    env,
    cwd: dir,
    signal: cli.signal,
    onLog: (name, line) => cli.say(logLine(name, line)),
  };
  const programs: Program[] = [];
  try {
    const ports = ['--host', '127.0.0.1', '--port', '0', '--metrics-port', '0'];
    const master = await startMaster([...ports, '--data-dir', masterDir, '--log-level', 'error'], around);
    programs.push(master);
    const url = master.ready[1] ?? '';
    const connection = connectToOwn(url, masterDir, env);
    try {
      const api = masterOver(connection);
      await startAgents(api, { url, dir, around, programs });
      cli.stdout.write(`${url} with ${AGENTS.join(' and ')}\n`);
      await work(api);
    } finally {
      await connection.close();
    }
  } finally {
    await stopAll(programs);
  }
}

interface AgentsSettings {
  url: string;
  dir: string;
  around: Surroundings;
  /** Each agent is added as soon as it runs, so that it is stopped even when the other one fails. */
  programs: Program[];
}

async function startAgents(api: Master, settings: AgentsSettings): Promise<void> {
  const { token } = await api.call(keyOperations.createToken, { body: { ttl_s: TOKEN_TTL_S } });
  const started = await Promise.allSettled(
    AGENTS.map(async (address) => {
      const dataDir = join(settings.dir, address);
      const agent = { address, masterUrl: settings.url, dataDir, ca: undefined, token, slots: 1, metricsPort: 0 };
      settings.programs.push(await startAgent(agent, settings.around));
    }),
  );
  for (const result of started) if (result.status === 'rejected') throw result.reason;
}

import { networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { defaultDataDir, masterFiles } from '@ffrtmp/runtime/data-dir';
import { isLoopback } from '@ffrtmp/runtime/loopback';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { keyOperations } from '@ffrtmp/shared/contract/keys';
import type { Command } from 'commander';
import { type Master, masterOver } from '../api/master.ts';
import type { Cli } from '../cli.ts';
import { examples } from '../examples.ts';
import { joinLine } from '../output/join.ts';
import { logLine } from '../output/log.ts';
import { endError, type Program } from '../processes/child.ts';
import { connectToOwn, type Surroundings, startAgent, startMaster, stopAll } from '../processes/fleet.ts';

interface UpOptions {
  host: string;
  port: string;
  slots?: string;
}

/** Long enough to walk over to the other machine; `ffrtmp tokens create` makes another one. */
const JOIN_TTL_S = 86_400;
/** The agent beside the master joins within seconds. */
const OWN_TTL_S = 600;

export function upCommand(program: Command, cli: Cli): void {
  const command = program
    .command('up')
    .description('run a master and an agent on this machine until Ctrl-C; the data are kept (--data-dir says where)')
    .option('--host <HOST>', 'address to listen on; 127.0.0.1 keeps other machines out and needs no TLS', '0.0.0.0')
    .option('--port <PORT>', 'port to listen on', '8080')
    .option('--slots <N>', 'jobs the agent runs at once (default: 1)')
    .action((options: UpOptions) => up(cli, options));
  examples(command, ['ffrtmp up', 'ffrtmp up --host 127.0.0.1 --port 9000 --data-dir ./data']);
}

async function up(cli: Cli, options: UpOptions): Promise<void> {
  const dirs = dataDirs(cli);
  const around: Surroundings = {
    env: cli.env,
    cwd: cli.cwd,
    signal: cli.signal,
    onLog: (name, line) => cli.say(logLine(name, line)),
  };
  const programs: Program[] = [];
  try {
    const master = await startMaster(
      ['--host', options.host, '--port', options.port, '--data-dir', dirs.master, '--log-level', 'warn'],
      around,
    );
    programs.push(master);
    const url = master.ready[1] ?? '';
    const connection = connectToOwn(url, dirs.master, cli.env);
    try {
      const api = masterOver(connection);
      const agent = await startAgent(
        {
          address: undefined,
          masterUrl: url,
          dataDir: dirs.agent,
          ca: connection.ca && join(dirs.master, masterFiles.ca),
          token: (await api.call(keyOperations.createToken, { body: { ttl_s: OWN_TTL_S } })).token,
          slots: options.slots === undefined ? undefined : Number(options.slots),
          metricsPort: undefined,
        },
        around,
      );
      programs.push(agent);
      cli.stdout.write(`${await welcome(cli, api, url, options)}\n`);
    } finally {
      await connection.close();
    }
    await untilStopped(cli, programs);
  } catch (error) {
    if (!cli.signal.aborted) throw error;
  } finally {
    await stopAll(programs);
  }
  cli.say('stopped; the data are kept');
}

function dataDirs(cli: Cli): { master: string; agent: string } {
  const base = cli.flags().dataDir;
  if (base === undefined) return { master: defaultDataDir('master', cli.env), agent: defaultDataDir('agent', cli.env) };
  return { master: resolve(cli.cwd, base, 'master'), agent: resolve(cli.cwd, base, 'agent') };
}

/** Waits for Ctrl-C. A program that ends by itself before is an error with its exit code. */
async function untilStopped(cli: Cli, programs: readonly Program[]): Promise<void> {
  const stopped = new Promise<undefined>((resolve) => {
    cli.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    if (cli.signal.aborted) resolve(undefined);
  });
  const first = await Promise.race([
    stopped,
    ...programs.map(async (program) => ({ name: program.name, ending: await program.ended })),
  ]);
  if (first === undefined) return;
  const error = endError(first.name, first.ending);
  const said = first.ending.message !== '';
  throw said ? new FfrtmpError(error.code, `the ${first.name} ended: ${error.message}`) : error;
}

async function welcome(cli: Cli, api: Master, url: string, options: UpOptions): Promise<string> {
  const dir = cli.flags().dataDir;
  const suffix = dir === undefined ? '' : ` --data-dir ${dir}`;
  const submit = `submit a job:           bin/ffrtmp jobs submit --scenario 720p30-h264 --wait${suffix}`;
  const film = `transcode a film:       bin/ffrtmp transcode film.mkv -o film.mp4${suffix}`;
  const lines = ['', `master and agent are up at ${url}; Ctrl-C stops both, the data are kept`, submit, film];
  if (isLoopback(options.host)) {
    lines.push(
      `other machines:         none can join, because the master listens on ${options.host} only; leave out --host`,
    );
    return lines.join('\n');
  }
  const token = await api.call(keyOperations.createToken, { body: { ttl_s: JOIN_TTL_S } });
  lines.push(`key for other people:   bin/ffrtmp keys create --name NAME${suffix}`);
  lines.push(`join another machine:   ${joinLine(reachableUrl(url, options.host), token)}`);
  return lines.join('\n');
}

/** The address under which other machines reach this one: what was asked for, else the first that is not internal. */
export function reachableUrl(url: string, host: string): string {
  const address = new URL(url);
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find((entry) => entry.family === 'IPv4' && !entry.internal);
  if (host !== '0.0.0.0' && host !== '::') address.hostname = host;
  else if (outside) address.hostname = outside.address;
  return address.href.replace(/\/$/, '');
}

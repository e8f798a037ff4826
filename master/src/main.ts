import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock, systemTimers } from '@ffrtmp/runtime/clock';
import { defaultDataDir, masterFiles } from '@ffrtmp/runtime/data-dir';
import { newId } from '@ffrtmp/runtime/id';
import { createLogger } from '@ffrtmp/runtime/log';
import { type Loop, startLoop } from '@ffrtmp/runtime/loop';
import { isLoopback } from '@ffrtmp/runtime/loopback';
import { type MetricsServer, portTaken, startMetricsServer } from '@ffrtmp/runtime/metrics-server';
import { runRole } from '@ffrtmp/runtime/usage';
import { mayCall } from '@ffrtmp/shared/contract/operation';
import { type MasterConfig, masterOptions } from './config.ts';
import { openDatabase } from './database/open.ts';
import { openAuthority } from './keys/authority.ts';
import type { FirstSecrets } from './keys/first-start.ts';
import { buildMaster, type Master, readMachineId } from './master.ts';
import { REFRESH_MS } from './pricing/live-grid.ts';
import { readPricing } from './pricing/pricing.ts';
import type { MasterSettings } from './wiring.ts';

const TIDY_MS = 10_000;
/** What is kept for days may wait a minute to go. */
const PRUNE_MS = 60_000;

async function tlsIdentity(config: MasterConfig, dataDir: string): Promise<MasterSettings['tls']> {
  const own = await openAuthority({
    dataDir,
    hosts: [config.host, hostname(), ...config.certHosts],
    ips: config.certIps,
    nowMs: Date.now(),
  });
  if (!(config.tls ?? !isLoopback(config.host))) return null;
  if (config.cert === undefined || config.key === undefined) return own;
  return { cert: readFileSync(config.cert, 'utf8'), key: readFileSync(config.key, 'utf8'), caFingerprint: null };
}

async function listenApi(master: Master, config: MasterConfig): Promise<number> {
  try {
    await master.app.listen({ host: config.host, port: config.port });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? portTaken(config.host, config.port) : error;
  }
  const address = master.app.server.address();
  return typeof address === 'object' && address ? address.port : config.port;
}

/** The name under which this machine's own programs reach the API. */
function localUrl(config: MasterConfig, port: number, tls: boolean): string {
  const any = config.host === '0.0.0.0' || config.host === '::';
  const host = any ? '127.0.0.1' : isIPv6(config.host) ? `[${config.host}]` : config.host;
  return `${tls ? 'https' : 'http'}://${host}:${port}`;
}

/** The name under which other machines reach it: where it listens on all addresses, the first that is not loopback. */
function joinUrl(config: MasterConfig, port: number, tls: boolean): string {
  const outer = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = outer.find((one) => !one.internal && one.family === 'IPv4')?.address;
  const any = config.host === '0.0.0.0' || config.host === '::';
  return localUrl(any && reachable !== undefined ? { ...config, host: reachable } : config, port, tls);
}

function announce(secrets: FirstSecrets | null, url: string, joinAt: string, fingerprint: string | null): void {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  if (secrets?.adminKey) say(`admin key: ${secrets.adminKey} (shown once; kept for local use in the data directory)`);
  if (secrets) {
    const pin = fingerprint === null ? '' : ` --ca-fingerprint ${fingerprint}`;
    say(`join another machine with: bin/agent --register --master ${joinAt} --token ${secrets.joinToken}${pin}`);
  }
  say(`master ready at ${url}`);
}

function startMetrics(config: MasterConfig, master: Master): Promise<MetricsServer> {
  const { registry, collect } = master.metrics;
  const allow = (authorization: string | undefined) => {
    const caller = master.keyring.identify(authorization?.replace(/^Bearer\s+/i, '') ?? '');
    return caller !== undefined && mayCall(caller.role, 'read');
  };
  const open = isLoopback(config.host);
  return startMetricsServer({
    host: config.host,
    port: config.metricsPort,
    registry,
    collect,
    ...(open ? {} : { allow }),
  });
}

async function run(config: MasterConfig): Promise<void> {
  const log = createLogger('master', config.logLevel);
  const dataDir = resolve(config.dataDir ?? defaultDataDir('master', process.env));
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = await openDatabase(config.db ?? join(dataDir, 'master.db'));
  // The store's threads keep the process alive: whatever fails from here on has to close it.
  try {
    const tls = await tlsIdentity(config, dataDir);
    const surroundings = {
      clock: systemClock,
      timers: systemTimers,
      random: Math.random,
      newId,
      machineId: readMachineId(),
    };
    const settings = { config, dataDir, db, log, tls, ...surroundings };
    await serveUntilStopped(await buildMaster(settings), settings);
  } finally {
    await db.close();
  }
}

function startLoops(master: Master, { config, timers, random, log }: MasterSettings): Loop[] {
  const common = { jitter: 0.1, timers, random, log };
  const { refreshGrid } = master;
  return [
    startLoop({ ...common, name: 'the safety pass', intervalMs: config.schedulerInterval, runOnce: master.sweep }),
    startLoop({ ...common, name: 'tidying', intervalMs: TIDY_MS, runOnce: master.tidy }),
    startLoop({ ...common, name: 'retention', intervalMs: PRUNE_MS, runOnce: master.prune }),
    ...(refreshGrid
      ? [startLoop({ ...common, name: 'the grid’s value', intervalMs: REFRESH_MS, atOnce: true, runOnce: refreshGrid })]
      : []),
  ];
}

async function serveUntilStopped(master: Master, settings: MasterSettings): Promise<void> {
  const { config, log, tls } = settings;
  const endpoint = join(settings.dataDir, masterFiles.endpoint);
  let metrics: MetricsServer | undefined;
  try {
    const port = await listenApi(master, config);
    if (config.metrics) metrics = await startMetrics(config, master);
    const url = localUrl(config, port, tls !== null);
    writeFileSync(endpoint, `${url}\n`);
    const loops = startLoops(master, settings);
    const secrets = await master.firstStart();
    // Listened for before anybody is told that it is ready: who hears that may stop it at once.
    const stopped = stopSignal();
    announce(secrets, url, joinUrl(config, port, tls !== null), tls?.caFingerprint ?? null);
    if (metrics) log.info({ port: metrics.port }, 'metrics are served');
    await stopped;
    log.info('stopping: no new work is handed out, open requests finish');
    const deadline = setTimeout(() => master.app.server.closeAllConnections(), config.drainDeadline);
    master.drain();
    for (const loop of loops) await loop.stop();
    await master.tidy();
    await master.close();
    clearTimeout(deadline);
    rmSync(endpoint, { force: true });
  } finally {
    await metrics?.close();
    await master.close();
  }
}

const stopSignal = () =>
  new Promise<void>((done) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done());
  });

const program = {
  name: 'master',
  role: 'master',
  purpose: 'takes jobs, queues and places them',
  options: masterOptions,
  check: readPricing,
};
await runRole(program, { argv: process.argv.slice(2), env: process.env, cwd: process.cwd() }, run);

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { createLogger } from '@ffrtmp/runtime/log';
import { readConfig } from '@ffrtmp/shared/config';
import { masterOptions } from '../../../master/src/config.ts';
import { buildCore, type MasterCore } from '../../../master/src/core.ts';
import { createCommitter } from '../../../master/src/database/commit.ts';
import { migrations } from '../../../master/src/database/migrations/list.ts';
import { openFile } from '../../../master/src/database/sqlite.ts';
import { type Answer, type Answering, type Arrival, answer } from './routing.ts';
import { faultyStore, type StoreFate, type StorePoint } from './store.ts';
import type { Life, World } from './world.ts';

export type CrashPoint = StorePoint | 'before the reply' | 'after the reply' | 'idle';

export interface MasterFates {
  /** Where the running master is to die: at the n-th passing of a point. */
  death: { point: CrashPoint; passings: number } | undefined;
  full: ReturnType<StoreFate['full']>;
  /** How far its wall clock is off. */
  offsetMs: number;
}

/** The machine of the master: its disk survives, its processes come and go. */
export interface MasterHost {
  readonly dataDir: string;
  readonly path: string;
  /** Starts the production master on the disk; it answers once it is ready. */
  start: () => void;
  kill: (point: CrashPoint) => void;
  /** Ends it for good: the simulation is over. */
  close: () => void;
  /** The process that lives now, ready or not. */
  life: () => Life | undefined;
  /** The master that answers now. */
  core: () => MasterCore | undefined;
  /** Performs a request; undefined when the master died over it. */
  perform: (arrival: Arrival) => Promise<Answer | undefined>;
  /** A reply is about to leave, or has left: the last two moments. */
  passed: (point: 'before the reply' | 'after the reply') => void;
}

export const ADMIN_KEY = 'the-admin-key-of-the-simulation';
const TIDY_MS = 10_000;

interface Running {
  life: Life;
  database: DatabaseSync;
  answering: Answering | undefined;
}

export interface HostParts {
  world: World;
  folder: string;
  leaseMs: number;
  fates: MasterFates;
  onDeath: (point: CrashPoint) => void;
  onReady: () => void;
}

export function createMasterHost({ world, folder, leaseMs, fates, onDeath, onReady }: HostParts): MasterHost {
  const dataDir = join(folder, 'master');
  const path = join(dataDir, 'master.db');
  mkdirSync(dataDir, { recursive: true });
  // Tokens of leases derive from it: a seed has to bring its own, or no two runs would be alike.
  writeFileSync(join(dataDir, 'lease-signing.key'), `secret-${world.chance.fork('signing').hex(32)}\n`);
  const flags = ['--api-key', ADMIN_KEY, '--lease', `${leaseMs}ms`];
  const config = readConfig('master', masterOptions, { argv: flags, env: {}, file: undefined });
  const random = world.chance.fork('master');
  const log = createLogger('master', 'silent');
  let running: Running | undefined;

  function end(): boolean {
    if (!running) return false;
    const { life, database } = running;
    running = undefined;
    life.alive = false;
    // What the kernel and SQLite do for a dead process: its open transaction is gone, its file is closed.
    if (database.isTransaction) database.exec('ROLLBACK');
    database.close();
    return true;
  }

  function kill(point: CrashPoint): void {
    if (!end()) return;
    world.note(`master dies ${point}`);
    onDeath(point);
  }

  function reached(point: CrashPoint): void {
    const { death } = fates;
    if (death?.point !== point) return;
    death.passings -= 1;
    if (death.passings > 0) return;
    fates.death = undefined;
    kill(point);
  }

  async function boot(own: Running): Promise<void> {
    const { life, database } = own;
    const timers = world.timersOf(life);
    const store = faultyStore(database, { life, reached, full: () => fates.full });
    const db = { ...createCommitter(store, timers.nextTurn), path, shared: false, close: async () => undefined };
    const clock = world.clockOf(life, () => fates.offsetMs);
    const surroundings = { db, clock, timers, log, random: random.next, newId: world.newId };
    const core = await buildCore({ config, dataDir, tls: null, machineId: null, ...surroundings });
    await core.firstStart();
    repeat(life, config.schedulerInterval, core.sweep);
    repeat(life, TIDY_MS, core.tidy);
    own.answering = { core, db, nowMs: clock.now };
    world.note('master is ready');
    onReady();
  }

  /** The loops of main.ts: a chore that fails (a full disk) is logged there and comes again. */
  function repeat(life: Life, ms: number, chore: () => Promise<unknown>): void {
    const again = () => repeat(life, ms, chore);
    world.schedule(ms * random.between(0.9, 1.1), life, () => void chore().then(again, again));
  }

  return {
    dataDir,
    path,
    kill,
    close: () => void end(),
    passed: reached,
    life: () => running?.life,
    core: () => running?.answering?.core,
    start() {
      if (running) return;
      const own: Running = {
        life: world.life('master'),
        database: openFile(path, migrations),
        answering: undefined,
      };
      running = own;
      world.note('master starts');
      boot(own).catch((error: unknown) => {
        // A start that fails (a full disk) ends the process; somebody starts it again.
        if (!own.life.alive) return;
        world.note(`master does not start: ${String(error)}`);
        kill('idle');
      });
    },
    async perform(arrival) {
      const own = running;
      if (!own?.answering) return undefined;
      const reply = await answer(own.answering, arrival);
      return own.life.alive ? reply : undefined;
    },
  };
}

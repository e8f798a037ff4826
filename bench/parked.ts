/**
 * What 10,000 parked agents cost the master: resident memory above that of a master nobody has joined (the nodes' facts,
 * their sockets, their parked claims), and its CPU time while all of them wait. Reference: the same number of requests
 * left open at bare node:http.
 */
import { DatabaseSync } from 'node:sqlite';
import { databaseOf } from './measure/backlog.ts';
import { registerNodes } from './measure/fleet.ts';
import { quick, runGate, say } from './measure/gate.ts';
import { compile } from './measure/reference.ts';
import { cpuSeconds, residentKb, startBareServer, startGenerator, startMeasured } from './measure/rig.ts';

const KB_LIMIT = 20;
/** Of one core, over the whole fleet: what the timers of the idle master take anyway. */
const CPU_LIMIT = 0.01;
const AGENTS = quick ? 1000 : 10_000;
/** Longer than the master takes to write down that it has heard of each node. */
const SETTLE_MS = quick ? 5000 : 15_000;
const WATCHED_MS = quick ? 5000 : 20_000;

/** Nodes like the one that was registered, in the stopped master's database. */
function copyNodes(path: string, count: number): string[] {
  const db = new DatabaseSync(path);
  const columns = (db.prepare('PRAGMA table_info(nodes)').all() as { name: string }[]).map((column) => column.name);
  const own: Record<string, string> = { id: "printf('01a00000-0000-7000-8000-%012x', n)", address: "'parked-' || n" };
  const values = columns.map((column) => own[column] ?? column).join(', ');
  db.exec(
    `WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${count})
     INSERT INTO nodes (${columns.join(', ')}) SELECT ${values} FROM counted, (SELECT * FROM nodes LIMIT 1)`,
  );
  const ids = db.prepare('SELECT id FROM nodes').all() as { id: string }[];
  db.close();
  return ids.map((row) => row.id).slice(0, count);
}

await runGate('parked', async (scope) => {
  compile();
  const idle = await startMeasured(scope, scope.folder('idle'));
  const dataDir = scope.folder('parked');
  const first = await startMeasured(scope, dataDir);
  await registerNodes(first, 1, 1);
  await first.connection.close();
  await first.program.stop();
  const ids = copyNodes(databaseOf(dataDir), AGENTS);
  const master = await startMeasured(scope, dataDir);
  const bare = await startBareServer(scope);
  const generator = startGenerator(scope);
  const bareIdleKb = residentKb(bare.pid);

  const park = async (port: number, pid: number, paths: readonly string[]) => {
    let parked = { cores: 0, kb: 0, idleCores: 0 };
    await generator.park(
      { kind: 'park', port, paths, key: master.adminKey, settleMs: SETTLE_MS, watchMs: WATCHED_MS },
      {
        onParked: () => {
          parked = { ...parked, ...{ cores: cpuSeconds(pid), idleCores: cpuSeconds(idle.program.pid) } };
        },
        onEnd: () => {
          const seconds = WATCHED_MS / 1000;
          // After the garbage of the arrivals has gone: what stays while they wait.
          parked.kb = residentKb(pid);
          parked.cores = (cpuSeconds(pid) - parked.cores) / seconds;
          parked.idleCores = (cpuSeconds(idle.program.pid) - parked.idleCores) / seconds;
        },
      },
    );
    return parked;
  };
  const bareParked = await park(
    bare.port,
    bare.pid,
    ids.map(() => '/hold'),
  );
  const parked = await park(
    master.port,
    master.program.pid,
    ids.map((id) => `/jobs/next?node_id=${id}&wait=60&slots=1`),
  );
  const idleKb = residentKb(idle.program.pid);
  const each = (kb: number) => Math.round((kb / AGENTS) * 10) / 10;
  const kb = each(parked.kb - idleKb);
  const bareKb = each(bareParked.kb - bareIdleKb);
  const cores = Math.round((parked.cores - parked.idleCores) * 1000) / 1000;
  say(`${AGENTS} agents parked`);
  return {
    passed: !quick && kb <= KB_LIMIT && cores <= CPU_LIMIT,
    figures: {
      agents: AGENTS,
      kb_each: kb,
      bare_kb_each: bareKb,
      cores,
      idle_kb: idleKb,
      parked_kb: parked.kb,
      parked,
    },
    row: {
      what: `a parked agent, of ${AGENTS}`,
      value: `${kb} KB above the idle master; all of them ${(cores * 100).toFixed(1)} % of a core`,
      reference: `an open request at bare node:http ${bareKb} KB`,
      ratio: `${Math.round((kb / bareKb) * 10) / 10}`,
      limit: `${KB_LIMIT} KB, ${CPU_LIMIT * 100} % of a core`,
    },
  };
});

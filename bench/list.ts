/**
 * Pages of the job list with a million jobs of twenty tenants: the newest, one deep inside, and those of a state and of a
 * queue, each a page of 100 whole jobs. The slowest kind decides. Beside it: bare node:sqlite reads 100 rows of the same
 * file by their numbers.
 */
import { DatabaseSync } from 'node:sqlite';
import { databaseOf } from './measure/backlog.ts';
import { masterWithBacklog } from './measure/fleet.ts';
import { quick, runGate } from './measure/gate.ts';
import { compile } from './measure/reference.ts';
import { measure, startGenerator } from './measure/rig.ts';
import { quantile } from './measure/statistics.ts';

const P95_LIMIT_MS = 20;
const ROWS = quick ? 50_000 : 1_000_000;
const BURST_MS = quick ? 1000 : 5000;
const TIMES = 200;

/** Bare node:sqlite: the rows of one page, nothing made of them. */
function barePage(path: string): number {
  const db = new DatabaseSync(path, { readOnly: true });
  const page = db.prepare(
    'SELECT jobs.*, body FROM jobs JOIN job_bodies ON job_seq = seq WHERE seq < ? ORDER BY seq DESC LIMIT 100',
  );
  const times = Array.from({ length: TIMES }, () => {
    const startMs = performance.now();
    page.all(Math.ceil(Math.random() * ROWS));
    return performance.now() - startMs;
  });
  db.close();
  return Math.round(quantile(times, 0.95) * 1000) / 1000;
}

await runGate('list', async (scope) => {
  compile();
  const prepared = await masterWithBacklog(scope, { jobs: ROWS, tenants: 20 }, { count: 1, slots: 1 });
  const master = await prepared.start();
  const generator = startGenerator(scope);
  const first = (await (
    await master.client.settings.fetch(`${master.url}/jobs?limit=1`, {
      headers: { authorization: `Bearer ${master.adminKey}` },
    })
  ).json()) as { next_cursor: string };
  const deep = `${Math.floor(ROWS / 2)}.${first.next_cursor.split('.')[1]}`;
  const paths = {
    newest: '/jobs',
    deep: `/jobs?cursor=${deep}`,
    'of a state': '/jobs?status=pending',
    'of a queue': '/jobs?queue=live',
    'of a state without jobs': '/jobs?status=failed',
  };
  const pages: Record<string, { p50: number; p95: number; cpuUs: number }> = {};
  for (const [name, path] of Object.entries(paths)) {
    const request = { method: 'GET', path, key: master.adminKey };
    const burst = { connections: 1, ms: BURST_MS, port: master.port, status: 200, worth: 1 };
    const measured = await measure(generator, master.program.pid, { kind: 'repeat', ...burst, request });
    const { p50 = Number.NaN, p95 = Number.NaN } = measured.latency.request ?? {};
    pages[name] = { p50, p95, cpuUs: measured.cpuUs };
  }
  const worst = Math.max(...Object.values(pages).map((page) => page.p95));
  const bareMs = barePage(databaseOf(prepared.dataDir));
  return {
    passed: !quick && worst <= P95_LIMIT_MS,
    figures: { rows: ROWS, pages, worst_p95_ms: worst, bare_p95_ms: bareMs },
    row: {
      what: `list page of 100 at ${ROWS} jobs, the slowest of ${Object.keys(paths).length} kinds`,
      value: `p95 ${worst} ms`,
      reference: `bare node:sqlite, 100 rows: p95 ${bareMs} ms`,
      ratio: `${Math.round(worst / bareMs)}`,
      limit: `p95 ${P95_LIMIT_MS} ms`,
    },
  };
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock, systemTimers } from '@ffrtmp/runtime/clock';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import fc from 'fast-check';
import type { Database } from '../../master/src/database/open.ts';
import { openLibrary } from '../../master/src/files/library.ts';
import { createLogStore } from '../../master/src/jobs/logs.ts';
import { type DaySum, dimensions, partsOf } from '../../master/src/receipts/daily.ts';
import { readSums } from '../../master/src/receipts/daily-sums.ts';
import { createRetention, type RetentionRules } from '../../master/src/recovery/retention.ts';
import { repository, startProgram } from '../support/process.ts';
import { onBothDatabases, type Place } from './both.ts';
import { emptied, type MadeJob, putJobs } from './ended-jobs.ts';

const onBoth = onBothDatabases();

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 6;
/** Midnight of the first day. */
const FIRST = 20_000 * DAY_MS;

const unitOf = { energy_active: 'J', energy_full: 'J', cost_energy: 'EUR', carbon_operational: 'gCO2e', psnr: 'dB' };
const figure = fc
  .record({
    name: fc.constantFrom(...(['energy_active', 'energy_full', 'cost_energy', 'carbon_operational', 'psnr'] as const)),
    value: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e7, noNaN: true }), fc.constant(null)),
    scope: fc.constantFrom<Figure['scope'][]>(['cpu'], ['cpu', 'dram'], ['dram', 'cpu']),
    quality: fc.constantFrom('measured' as const, 'estimated' as const),
    coverage: fc.double({ min: 0, max: 1, noNaN: true }),
    method: fc.constantFrom('rapl', 'spec'),
    spread: fc.option(fc.double({ min: 0, max: 10, noNaN: true })),
  })
  .map(
    ({ value, spread, ...rest }) =>
      ({
        ...rest,
        value,
        unit: unitOf[rest.name],
        quality: value === null ? 'none' : rest.quality,
        low: value === null || spread === null ? null : value - spread,
        high: value === null || spread === null ? null : value + spread,
        source: `a ${rest.method}`,
      }) as Figure,
  );
const time = fc.integer({ min: FIRST, max: FIRST + DAYS * DAY_MS - 1 });
const measure = fc.double({ min: 0, max: 1e5, noNaN: true });
const attempt = fc
  .record({
    node: fc.constantFrom('one', 'two', 'three'),
    kind: fc.constantFrom('transcode' as const, 'quality' as const),
    state: fc.constantFrom('succeeded' as const, 'failed' as const, 'lost' as const, 'canceled' as const),
    endedAt: time,
    lasted: fc.nat(HOUR_MS),
    result: fc.option(
      fc.record({
        metrics: fc.record(
          { duration: measure, media_s: measure, output_bytes: fc.nat(1e12), input_bytes: fc.nat(1e12) },
          { requiredKeys: [] },
        ),
        figures: fc.array(figure, { maxLength: 4 }),
      }),
    ),
    /** Without a result, its latest word. */
    said: fc.option(fc.record({ before: fc.nat(HOUR_MS), figures: fc.array(figure, { maxLength: 4 }) })),
  })
  .map(({ lasted, said, ...one }) => ({
    ...one,
    startedAt: one.endedAt - lasted,
    power: said && one.result === null ? { at: one.endedAt - said.before, figures: said.figures } : null,
  }));
const anyJob: fc.Arbitrary<MadeJob> = fc.record({
  state: fc.constantFrom('completed', 'failed', 'canceled', 'pending'),
  endedAt: time,
  labels: fc.dictionary(fc.constantFrom('show', 'owner'), fc.constantFrom('a', 'b', "it's=x"), { maxKeys: 2 }),
  height: fc.constantFrom(null, 720, 1080),
  attempts: fc.array(attempt, { maxLength: 4 }),
});

const forever: RetentionRules = {
  ...{ keepJobs: null, keepEnergy: null, keepLogs: null, maxLogBytes: null },
  ...{ keepFiles: null, maxFileBytes: null },
};

function retentionAt(db: Database, dataDir: string, now: number, rules: Partial<RetentionRules>) {
  const clock = { ...systemClock, now: () => now };
  const [library, logs] = [openLibrary({ db, clock, dataDir }), createLogStore(dataDir)];
  const log = { info: () => undefined };
  const timers = { ...systemTimers, after: (_ms: number, run: () => void) => systemTimers.after(0, run) };
  return createRetention({ db, clock, timers, log, library, logs, rules: { ...forever, ...rules } });
}

const readAll = (db: Database): Promise<DaySum[][]> =>
  Promise.all(
    dimensions.map((dimension) =>
      readSums(
        { read: db.read, timers: systemTimers },
        { tenantId: 'default', dimensions: [dimension], since: FIRST - DAY_MS, until: FIRST + (DAYS + 1) * DAY_MS },
      ),
    ),
  );

/** Numbers agree to 1e-9 of their size; what is said of where they come from may be shortened. */
function assertSame(found: unknown, expected: unknown, where = 'sums'): void {
  if (typeof found === 'number' && typeof expected === 'number') {
    const size = Math.max(1, Math.abs(expected));
    assert.ok(Math.abs(found - expected) <= 1e-9 * size, `${where}: ${found} is not ${expected}`);
  } else if (Array.isArray(found) && Array.isArray(expected)) {
    assert.equal(found.length, expected.length, where);
    for (const [index, one] of found.entries()) assertSame(one, expected[index], `${where}[${index}]`);
  } else if (found !== null && expected !== null && typeof found === 'object' && typeof expected === 'object') {
    assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort(), where);
    for (const [name, one] of Object.entries(found))
      if (name !== 'source') assertSame(one, (expected as Record<string, unknown>)[name], `${where}.${name}`);
  } else assert.equal(found, expected, where);
}

/** Figures of one key in an order of their own. */
const sorted = (sums: readonly DaySum[]) =>
  sums.map((sum) => ({
    ...sum,
    parts: Object.fromEntries(
      partsOf(sum).map(([part, { energy, totals, ...rest }]) => [
        part,
        {
          ...rest,
          energy: energy.map(inOrder).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
          totals: totals
            .map((one) => ({ ...one, figure: inOrder(one.figure) }))
            .sort((a, b) => (nameOf(a.figure) < nameOf(b.figure) ? -1 : 1)),
        },
      ]),
    ),
  }));
const inOrder = (one: Figure) => ({ ...one, scope: [...one.scope].sort() });
const nameOf = ({ name, scope, quality, unit }: Figure) => [name, scope.join(), quality, unit].join('/');
const assertSameSums = (found: DaySum[][], expected: DaySum[][]) => assertSame(found.map(sorted), expected.map(sorted));

onBoth(
  'Sums over any period are the same before and after any pruning, by tenant, node, profile and label',
  async (place) => {
    const db = await place.open();
    const dataDir = place.scope.folder('data');
    const steps = fc.array(fc.integer({ min: 0, max: DAYS + 1 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.array(anyJob, { maxLength: 14 }), steps, async (jobs, cuts) => {
        await emptied(place);
        await putJobs(place, jobs);
        const before = await readAll(db);
        assert.equal(
          before[0]?.reduce(
            (sum, { parts }) => sum + partsOf({ parts }).reduce((all, [, one]) => all + one.attempts, 0),
            0,
          ),
          jobs.reduce((sum, { attempts }) => sum + attempts.length, 0),
        );
        for (const cut of cuts.sort()) {
          await retentionAt(db, dataDir, FIRST + cut * DAY_MS + 1, { keepJobs: 1 }).runOnce();
          assertSameSums(await readAll(db), before);
        }
        const left = jobs.filter(
          (job) => job.state === 'pending' || job.endedAt >= FIRST + (cuts.at(-1) ?? 0) * DAY_MS,
        );
        const [row] = await place.sql('SELECT count(*) AS count FROM jobs');
        assert.equal(Number(row?.count), left.length);
      }),
      // A statement of PostgreSQL is a round trip, and a run some thousands of them.
      { numRuns: place.dialect === 'sqlite' ? 60 : 20, endOnFailure: true },
    );
  },
);

onBoth(
  'Figures that no machine could use are in the sums as far as numbers go, and hold up no pruning',
  async (place) => {
    const db = await place.open();
    await emptied(place);
    const energy = { name: 'energy_active' as const, unit: 'J' as const, quality: 'measured' as const, method: 'rapl' };
    const absurd = [Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_VALUE].map((value): Figure => {
      const bounds = { low: -value, high: value, coverage: value === Number.MIN_VALUE ? value : 1 };
      return { ...energy, ...bounds, value, scope: ['cpu'], source: 'nowhere' };
    });
    const metrics = { duration: Number.MAX_VALUE, input_bytes: Number.MAX_SAFE_INTEGER, output_bytes: 2 ** 52 };
    const result = { metrics, figures: absurd };
    const times = { startedAt: FIRST, endedAt: FIRST };
    const attempt = { node: 'one', kind: 'transcode', state: 'succeeded', ...times, result } as const;
    const made: MadeJob = { state: 'completed', endedAt: FIRST, labels: {}, attempts: [attempt, attempt, attempt] };
    await putJobs(place, [made, made, made]);
    const before = await readAll(db);
    const pruned = await retentionAt(db, place.scope.folder('data'), FIRST + DAY_MS, { keepJobs: 1 }).runOnce();
    assert.equal(pruned.jobs, 3);
    assertSameSums(await readAll(db), before);
    assert.ok((before[0]?.[0]?.parts.encode?.energy[0]?.value ?? 0) >= 1e60);
  },
);

onBoth('A pruning that does not commit deletes nothing and counts nothing', async (place) => {
  const db = await place.open();
  await emptied(place);
  const made: MadeJob = { state: 'failed', endedAt: FIRST, labels: { show: 'a' }, attempts: [] };
  await putJobs(place, [made, made]);
  const before = await readAll(db);
  const failing: Database = {
    ...db,
    write: (mutation) =>
      db.write(async (tx) => {
        await mutation(tx);
        throw new Error('the disk is full');
      }),
  };
  const retention = retentionAt(failing, place.scope.folder('data'), FIRST + DAY_MS, { keepJobs: 1 });
  await assert.rejects(retention.runOnce(), /the disk is full/);
  assertSameSums(await readAll(db), before);
  assert.equal((await place.sql('SELECT seq FROM jobs')).length, 2);
  assert.deepEqual(await place.sql('SELECT day FROM daily_jobs'), []);
});

/** Prunes everything, batch by batch, and says so at each. */
const pruner = `
  import { systemClock, systemTimers } from '${join(repository, 'shared/runtime/src/clock.ts')}';
  import { openDatabase } from '${join(repository, 'master/src/database/open.ts')}';
  import { openLibrary } from '${join(repository, 'master/src/files/library.ts')}';
  import { createLogStore } from '${join(repository, 'master/src/jobs/logs.ts')}';
  import { createRetention } from '${join(repository, 'master/src/recovery/retention.ts')}';
  const [path, dataDir] = process.argv.slice(1);
  const db = await openDatabase(path);
  const clock = { ...systemClock, now: () => Date.now() + ${2 * DAY_MS} };
  let batches = 0;
  const timers = { ...systemTimers, after: (ms, run) => { console.log('batch ' + (batches += 1)); return systemTimers.after(0, run); } };
  const rules = { keepJobs: 1, keepEnergy: null, keepLogs: null, maxLogBytes: null, keepFiles: 1, maxFileBytes: null };
  const parts = { db, clock, timers, log: { info() {} }, library: openLibrary({ db, clock, dataDir }), logs: createLogStore(dataDir), rules };
  await createRetention(parts).runOnce();
  console.log('the end');
  await db.close();`;

const JOBS = 400;
const digest = (index: number) => createHash('sha256').update(String(index)).digest('hex');

/** Ended jobs with an output and a log each. */
async function putOldWork(place: Place, dataDir: string): Promise<void> {
  await emptied(place);
  const jobs = Array.from({ length: JOBS }, (_, index): MadeJob => {
    const endedAt = FIRST + (index % DAYS) * DAY_MS;
    const energy = { name: 'energy_active' as const, unit: 'J' as const, quality: 'measured' as const, coverage: 1 };
    const figures: Figure[] = [
      { ...energy, scope: ['cpu'], value: 0.1 * index, low: 0, high: index, method: 'rapl', source: 'a sensor' },
    ];
    const times = { startedAt: endedAt - 1000, endedAt };
    const result = { metrics: { duration: 1 }, figures };
    const attempts = [
      { node: 'one', kind: 'transcode', state: 'succeeded', ...times, result, output: digest(index) } as const,
    ];
    return { state: 'completed', endedAt, labels: {}, attempts };
  });
  const ids = await putJobs(place, jobs);
  const files = jobs.map((_, index) => `('${digest(index)}', 1, 0)`);
  await place.sql(`INSERT INTO files (sha256, bytes, created_at) VALUES ${files.join(', ')}`);
  const owners = jobs.map((_, index) => `('default', '${digest(index)}', 0)`);
  await place.sql(`INSERT INTO file_owners (tenant_id, sha256, created_at) VALUES ${owners.join(', ')}`);
  for (const [index, id] of ids.entries()) {
    const path = join(dataDir, 'files', digest(index).slice(0, 2), digest(index));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'x');
    writeFileSync(join(dataDir, 'logs', `${id}.log`), 'x');
  }
}

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;

onBoth('kill -9 in the midst of a pruning loses no sum, and the next run leaves nothing behind', async (place) => {
  const dataDir = place.scope.folder('data');
  for (const folder of ['files', 'logs', 'trash']) mkdirSync(join(dataDir, folder), { recursive: true });
  const db = await place.open();
  await putOldWork(place, dataDir);
  const before = await readAll(db);
  await db.close();
  for (const batches of [2, 7, 2, 3]) {
    const args = ['--input-type=module', '-e', pruner, place.db, dataDir];
    const program = startProgram(place.scope, process.execPath, args);
    await program.waitForLine(new RegExp(`^(batch ${batches}|the end)$`));
    await program.stop('SIGKILL');
    if (place.dialect === 'postgres') await place.sql('SELECT pg_advisory_lock(4711002), pg_advisory_unlock(4711002)');
    const again = await place.open();
    assertSameSums(await readAll(again), before);
    await again.close();
  }
  const last = await place.open();
  await retentionAt(last, dataDir, Date.now() + 2 * DAY_MS, { keepJobs: 1, keepFiles: 1 }).runOnce();
  assertSameSums(await readAll(last), before);
  for (const folder of ['files', 'logs', 'trash']) assert.equal(filesIn(join(dataDir, folder)), 0, folder);
  for (const table of ['jobs', 'tasks', 'attempts', 'artifacts', 'files', 'file_owners'])
    assert.deepEqual(await place.sql(`SELECT count(*) AS count FROM ${table} HAVING count(*) > 0`), [], table);
});

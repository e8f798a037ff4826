import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { receiptSchema } from '@ffrtmp/shared/energy/receipt';
import type { Attempt } from '@ffrtmp/shared/job/attempt';
import { type Job, jobRequestSchema } from '@ffrtmp/shared/job/job';
import { attemptStates, isLiveAttempt, type TaskState, taskStates } from '@ffrtmp/shared/job/state';
import fc from 'fast-check';
import { bodyOf } from '../jobs/plan.ts';
import { buildReceipt, energyOnly } from './build.ts';

const uuid = '0198f0aa-0000-7000-8000-000000000001';
const job = (confidence: Job['confidence'] = 'auto') =>
  ({
    ...bodyOf(jobRequestSchema.parse({}), null, 0),
    id: uuid,
    sequence_number: 7,
    status: 'completed',
    confidence,
  }) as unknown as Job;

const joules = (value: number | null, fields: Partial<Figure> = {}): Figure => ({
  name: 'energy_active',
  value,
  unit: 'J',
  scope: ['cpu'],
  method: 'rapl',
  quality: value === null ? 'none' : 'measured',
  coverage: 1,
  low: value,
  high: value,
  source: 'a sensor',
  ...fields,
});

const attempt = (fields: Partial<Attempt> = {}): Attempt => ({
  id: uuid,
  job_id: uuid,
  task_id: uuid,
  task_kind: 'transcode',
  attempt: 1,
  node_id: 'n',
  node_name: 'node',
  state: 'succeeded',
  cause: null,
  failure_class: null,
  error: null,
  metrics: null,
  analyzer_output: null,
  environment: null,
  figures: [],
  artifacts: [],
  leased_at: '2026-11-20T18:00:00.000Z',
  started_at: '2026-11-20T18:00:01.000Z',
  ended_at: '2026-11-20T18:00:03.500Z',
  ...fields,
});
const build = (attempts: Attempt[], tasks: TaskState[] = ['succeeded'], confidence: Job['confidence'] = 'auto') =>
  receiptSchema.parse(
    buildReceipt(
      job(confidence),
      tasks.map((state) => ({ state })),
      attempts,
    ),
  );

test('Every joule of every attempt stands in exactly one sum, whatever became of the attempt', () => {
  const anyAttempt = fc.record({
    state: fc.constantFrom(...attemptStates),
    task_kind: fc.constantFrom('transcode' as const, 'quality' as const),
    figures: fc.array(
      fc.integer({ min: 0, max: 1000 }).map((value) => joules(value)),
      { maxLength: 3 },
    ),
  });
  fc.assert(
    fc.property(fc.array(anyAttempt, { maxLength: 8 }), (fields) => {
      const receipt = build(fields.map((one) => attempt(one)));
      const total = (figures: readonly Figure[]) => figures.reduce((sum, { value }) => sum + (value ?? 0), 0);
      const sums = [...receipt.energy, ...receipt.energy_quality, ...receipt.energy_waste];
      assert.equal(total(sums), total(fields.flatMap(({ figures }) => figures)));
    }),
  );
});

test('Only attempts that ended without success are waste; one that still runs is none', () => {
  for (const state of attemptStates) {
    const { lines } = build([attempt({ state })]);
    assert.equal(lines[0]?.waste, !isLiveAttempt(state) && state !== 'succeeded', state);
  }
});

test('A line lasts from its start to its end; one that never started from its lease; one that runs has no length', () => {
  const seconds = (fields: Partial<Attempt>) => build([attempt(fields)]).lines[0]?.seconds;
  assert.equal(seconds({}), 2.5);
  assert.equal(seconds({ started_at: null, state: 'lost' }), 3.5);
  assert.equal(seconds({ ended_at: null, state: 'running' }), null);
});

test('A receipt is complete when every task has ended', () => {
  for (const state of taskStates) {
    const done = ['succeeded', 'failed', 'canceled', 'skipped'].includes(state);
    assert.equal(build([], ['succeeded', state]).complete, done, state);
  }
});

test('The wanted coverage is met when every known energy figure meets it, and unknown where there is none', () => {
  const ok = (figures: Figure[], confidence: Job['confidence']) =>
    build([attempt({ figures })], ['succeeded'], confidence).coverage_ok;
  assert.equal(ok([joules(1, { coverage: 0.1 })], 'auto'), null);
  assert.equal(ok([joules(1, { coverage: 0.9 })], 0.9), true);
  assert.equal(ok([joules(1), joules(1, { scope: ['dram'], coverage: 0.8 })], 0.9), false);
  assert.equal(ok([], 0.5), false, 'no figure is no coverage');
  assert.equal(ok([joules(null, { coverage: 0 })], 0.5), false);
});

test('What is unknown is null and never 0, and cost is none without a tariff', () => {
  const receipt = build([attempt({ figures: [joules(null)] })]);
  assert.deepEqual(
    [receipt.energy[0]?.value, receipt.joules_per_megapixel_frame, receipt.sci.value],
    [null, null, null],
  );
  assert.deepEqual(receipt.cost, { figures: [], reason: 'none: no tariff is configured' });
  assert.deepEqual(receipt.totals, []);
});

test('Outputs are those of attempts that succeeded', () => {
  const file = (role: 'output' | 'source') => ({ role, index: 0, sha256: 'a'.repeat(64), bytes: 5, name: null });
  const receipt = build([
    attempt({ state: 'failed', artifacts: [file('output')] }),
    attempt({ artifacts: [file('source'), file('output')] }),
  ]);
  assert.deepEqual(
    receipt.outputs.map(({ role }) => role),
    ['source', 'output'],
  );
});

test('The energy of a node is made of joules alone', () => {
  const psnr = joules(40, { name: 'psnr', unit: 'dB', scope: [] });
  assert.deepEqual(
    energyOnly([joules(1), psnr, joules(2)]).map(({ name, value }) => [name, value]),
    [['energy_active', 3]],
  );
});

const units = { energy_full: 'J', cost_energy: 'EUR', carbon_operational: 'gCO2e', carbon_embodied: 'gCO2e' } as const;
const pricedNames = ['energy_full', 'cost_energy', 'carbon_operational', 'carbon_embodied'] as const;
const ended = fc.record({
  state: fc.constantFrom('succeeded' as const, 'failed' as const, 'lost' as const, 'canceled' as const),
  task_kind: fc.constantFrom('transcode' as const, 'quality' as const),
  failure_class: fc.constantFrom('input' as const, 'resource' as const, null),
  figures: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom(...pricedNames),
      value: fc.oneof(fc.constant(null), fc.double({ min: 0, max: 1e9, noNaN: true })),
      quality: fc.constantFrom('measured' as const, 'estimated' as const),
    }),
    { selector: ({ name }) => name, maxLength: 4 },
  ),
});

test('Money, carbon and energy of the lines are those of the totals, and of useful and wasted work together', () => {
  const near = (found: number, expected: number, what: string) =>
    assert.ok(Math.abs(found - expected) <= 1e-9 * Math.max(1, expected), `${what}: ${found}, not ${expected}`);
  fc.assert(
    fc.property(fc.array(ended, { maxLength: 8 }), (fields) => {
      const attempts = fields.map(({ figures, ...rest }) =>
        attempt({ ...rest, figures: figures.map(({ name, value, quality }) => priced(name, value, quality)) }),
      );
      const receipt = build(attempts);
      for (const name of pricedNames) {
        const amount = (figures: readonly Figure[]) =>
          figures.filter((one) => one.name === name).reduce((sum, { value }) => sum + (value ?? 0), 0);
        const all = amount(receipt.lines.flatMap(({ figures }) => figures));
        const listed = [...receipt.cost.figures, ...receipt.carbon.figures];
        const useful = receipt.lines.filter(({ waste }) => !waste).flatMap(({ figures }) => figures);
        const wasted = receipt.waste.flatMap(({ energy, cost, carbon }) => [...energy, ...cost, ...carbon]);
        near(amount(receipt.totals), all, `total ${name}`);
        near(amount(useful) + amount(wasted), all, `parts ${name}`);
        if (name !== 'energy_full') near(amount(listed), all, `list ${name}`);
      }
      const wastedLines = receipt.lines.filter(({ waste }) => waste).length;
      assert.equal(
        receipt.waste.reduce((sum, { attempts: count }) => sum + count, 0),
        wastedLines,
      );
    }),
  );
});

const priced = (name: (typeof pricedNames)[number], value: number | null, quality: Figure['quality']) =>
  joules(value, { name, unit: units[name], quality: value === null ? 'none' : quality });

test('Waste is told by its cause: the class of a failure, or the word of who ended it', () => {
  const { waste } = build([
    attempt({ state: 'failed', failure_class: 'input' }),
    attempt({ state: 'lost', failure_class: 'lost' }),
    attempt({ state: 'canceled', cause: 'paused' }),
    attempt({ state: 'failed', failure_class: 'input' }),
    attempt(),
  ]);
  assert.deepEqual(
    waste.map(({ cause, attempts, seconds }) => [cause, attempts, seconds]),
    [
      ['input', 2, 5],
      ['lost', 1, 2.5],
      ['paused', 1, 2.5],
    ],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Figure, qualities } from '@ffrtmp/shared/energy/figure';
import { type Score, scoreSchema } from '@ffrtmp/shared/energy/score';
import fc from 'fast-check';
import { groupOf, rankScores, type ScoredRun, scoresOf } from './score.ts';

const energy = (value: number | null, fields: Partial<Figure> = {}): Figure => ({
  ...{ name: 'energy_active', value, unit: 'J', scope: ['cpu', 'dram'], method: 'rapl', source: 'a sensor' },
  ...{ quality: value === null ? 'none' : 'measured', coverage: 1 },
  ...{ low: value === null ? null : value * 0.8, high: value === null ? null : value * 1.25 },
  ...fields,
});

/** 1080p, 10 s at 30 frames a second, 5 Mbit/s, made in 20 s with 1000 J: 50 W. */
const run: ScoredRun = {
  energy: energy(1000),
  seconds: 20,
  outputs: [{ width: 1920, height: 1080, frames: 300, bytes: 6_250_000, mediaS: 10 }],
  vmaf: 90,
};

const valueIn = (scores: readonly Score[], name: Score['name']) => scores.find((score) => score.name === name)?.value;

test('The four scores are what the seeds wrote down, worked out by hand', () => {
  const scores = scoresOf(run);
  assert.equal(valueIn(scores, 'throughput_per_watt'), 5 / 50);
  assert.equal(valueIn(scores, 'pixels_per_joule'), (1920 * 1080 * 300) / 1000);
  assert.equal(valueIn(scores, 'quality_per_watt'), 90 / 50);
  assert.equal(valueIn(scores, 'qoe_efficiency'), (1920 * 1080 * 300 * 0.9) / 1000);
  for (const score of scores) assert.deepEqual(scoreSchema.parse(score), score);
});

test('A ladder adds up its rungs, and one that does not say its size leaves the sum unknown', () => {
  const rung = { width: 640, height: 360, frames: 300, bytes: 625_000, mediaS: 10 };
  const ladder = { ...run, outputs: [...run.outputs, rung] };
  const [throughput, pixels] = ['throughput_per_watt', 'pixels_per_joule'] as const;
  assert.equal(valueIn(scoresOf(ladder), throughput), 5.5 / 50);
  assert.equal(valueIn(scoresOf(ladder), pixels), (1920 * 1080 * 300 + 640 * 360 * 300) / 1000);
  const unknown = scoresOf({ ...run, outputs: [...run.outputs, { ...rung, frames: null }] });
  assert.equal(valueIn(unknown, pixels), null);
  assert.equal(valueIn(unknown, throughput), 5.5 / 50, 'its bitrate is known all the same');
});

test('Quality is chosen where it was measured, then the pixels of a ladder, then throughput', () => {
  const [output] = run.outputs;
  assert.ok(output);
  const chosen = (one: ScoredRun) =>
    scoresOf(one)
      .filter((score) => score.chosen)
      .map(({ name }) => name);
  assert.deepEqual(chosen(run), ['qoe_efficiency']);
  assert.deepEqual(chosen({ ...run, vmaf: null, outputs: [output, output] }), ['pixels_per_joule']);
  assert.deepEqual(chosen({ ...run, vmaf: null }), ['throughput_per_watt']);
});

test('What is not known gives no number, and says why', () => {
  const reasonsOf = (fields: Partial<ScoredRun>) =>
    Object.fromEntries(
      scoresOf({ ...run, ...fields }).map(({ name, value, reason }) => [name, value === null ? reason : 'known']),
    );
  const noEnergy = 'the idle draw of this node was never measured';
  assert.deepEqual(
    new Set(Object.values(reasonsOf({ energy: energy(null, { source: noEnergy }) }))),
    new Set([noEnergy]),
  );
  assert.deepEqual(new Set(Object.values(reasonsOf({ energy: null }))), new Set(['the active energy is not known']));
  const [absurd] = scoresOf({
    ...run,
    outputs: run.outputs.map((output) => ({ ...output, mediaS: Number.MIN_VALUE })),
  });
  assert.deepEqual([absurd?.value, absurd?.reason], [null, 'what it is made of is beyond all measure']);
  assert.equal(reasonsOf({ energy: energy(0) }).pixels_per_joule, 'it used no energy above idle that could be told');
  assert.deepEqual(reasonsOf({ vmaf: null, seconds: null, outputs: [] }), {
    throughput_per_watt: 'there is no output',
    pixels_per_joule: 'there is no output',
    quality_per_watt: 'VMAF was not measured',
    qoe_efficiency: 'there is no output',
  });
});

const figure = fc
  .record({
    value: fc.double({ min: 0.001, max: 1e9, noNaN: true }),
    below: fc.double({ min: 0, max: 1, noNaN: true }),
    beyond: fc.double({ min: 1, max: 4, noNaN: true }),
    quality: fc.constantFrom(...qualities.filter((one) => one !== 'none')),
    scope: fc.subarray(['cpu', 'dram', 'gpu', 'platform', 'wall'] as const, { minLength: 1 }),
  })
  .map(({ value, below, beyond, quality, scope }) =>
    energy(value, { quality, scope: [...scope], low: value * below, high: value * beyond }),
  );
/** 0 stands for what agents say when they know nothing. */
const seconds = fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 1e6, noNaN: true }));
const anyRun: fc.Arbitrary<ScoredRun> = fc.record({
  energy: fc.option(figure),
  seconds: fc.option(seconds),
  vmaf: fc.option(fc.integer({ min: 0, max: 100 })),
  outputs: fc.array(
    fc.record({
      width: fc.option(fc.nat(8192)),
      height: fc.option(fc.nat(8192)),
      frames: fc.option(fc.nat(1e6)),
      bytes: fc.option(fc.nat(1e9)),
      mediaS: fc.option(seconds),
    }),
    { maxLength: 4 },
  ),
});

test('Every score has a value within its bounds under its label, or none and a reason', () => {
  fc.assert(
    fc.property(anyRun, (one) => {
      const scores = scoresOf(one);
      assert.equal(scores.filter(({ chosen }) => chosen).length, 1);
      for (const score of scores) {
        assert.equal(score.value === null, score.reason !== null);
        if (score.value === null) {
          assert.deepEqual([score.quality, score.low, score.high], ['none', null, null]);
          continue;
        }
        assert.ok(Number.isFinite(score.value) && score.value >= 0);
        assert.ok((score.low ?? 0) <= score.value && score.value <= (score.high ?? Number.POSITIVE_INFINITY));
        assert.equal(score.quality, one.energy?.quality);
        assert.deepEqual(score.scope, one.energy?.scope);
      }
    }),
  );
});

test('The double energy halves every score, and changes which one is chosen never', () => {
  fc.assert(
    fc.property(anyRun, figure, (one, used) => {
      const double = { ...used, value: (used.value ?? 0) * 2 };
      const [once, twice] = [used, double].map((spent) => scoresOf({ ...one, energy: spent }));
      for (const [index, score] of (once ?? []).entries()) {
        const other = twice?.[index];
        assert.equal(score.chosen, other?.chosen);
        if (score.value === null) assert.equal(other?.value, null);
        else assert.ok(Math.abs((other?.value ?? 0) * 2 - score.value) <= score.value * 1e-12);
      }
    }),
  );
});

test('A ranking is sorted within one scope and quality, and loses and invents nothing', () => {
  const entries = fc
    .array(anyRun, { maxLength: 20 })
    .map((runs) => runs.flatMap(scoresOf).map((score, at) => [at, score] as const));
  fc.assert(
    fc.property(entries, (scored) => {
      const groups = rankScores(scored);
      for (const [key, group] of groups) {
        assert.ok(group.every(([, score]) => groupOf(score) === key));
        assert.ok(group.every(([, { value }], at) => at === 0 || value <= (group[at - 1]?.[1].value ?? 0)));
        assert.equal(new Set(group.map(([, { name, quality }]) => `${name} ${quality}`)).size, 1);
      }
      const ranked = [...groups.values()]
        .flat()
        .map(([at]) => at)
        .sort((a, b) => a - b);
      assert.deepEqual(
        ranked,
        scored.filter(([, { value }]) => value !== null).map(([at]) => at),
      );
    }),
  );
});

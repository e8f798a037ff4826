import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BdOptions, bdCost, bdQuality, type CostPoint, type Delta } from './bd.ts';
import type { Interpolation } from './interpolation.ts';

const methods = ['cubic', 'pchip', 'akima'] as const satisfies Interpolation[];

const curve = (costs: readonly number[], qualities: readonly number[]): CostPoint[] =>
  costs.map((cost, index) => ({ cost, quality: qualities[index] ?? Number.NaN }));

/** The set of FAU’s bjontegaard (2023), of Valenzise’s script (2010), and the first of Netflix after JCTVC-E137 (2011). */
const fau = [
  curve([9487.76, 4593.6, 2486.44, 1358.24], [40.037, 38.615, 36.845, 34.851]),
  curve([9787.8, 4469, 2451.52, 1356.24], [40.121, 38.651, 36.97, 34.987]),
] as const;
const valenzise = [
  curve([686.76, 309.58, 157.11, 85.95], [40.28, 37.18, 34.24, 31.42]),
  curve([893.34, 407.8, 204.93, 112.75], [40.39, 37.21, 34.17, 31.24]),
] as const;
const netflix = [
  curve([108048.8736, 61279.976, 33905.6656, 18883.6928], [43.6471, 40.3953, 37.247, 34.2911]),
  curve([108061.2784, 61299.9936, 33928.7472, 18910.912], [43.6768, 40.4232, 37.2761, 34.3147]),
] as const;
/** Joules and VMAF. */
const energy = [
  curve([1200, 2600, 5400, 11800], [70, 80, 88, 93]),
  curve([900, 2050, 4300, 9900], [69, 80.5, 88.5, 93.2]),
] as const;

/** The verification cases of research/energy.md section 9; tolerances in the unit of the value. */
const rates: readonly [string, readonly [CostPoint[], CostPoint[]], BdOptions, percent: number][] = [
  ['FAU', fau, { method: 'cubic' }, -4.420463],
  ['FAU', fau, { method: 'pchip' }, -4.417485],
  ['FAU', fau, { method: 'akima' }, -4.425245],
  ['Valenzise', valenzise, { method: 'cubic' }, 31.397374],
  ['Valenzise', valenzise, { method: 'pchip' }, 31.379878],
  ['Valenzise', valenzise, { method: 'akima' }, 31.383989],
  ['Netflix', netflix, {}, -0.465215],
  ['Energy', energy, {}, -23.55575],
  ['Energy', energy, { method: 'akima' }, -23.440171],
  ['Energy', energy, { method: 'cubic' }, -22.496654],
  ['Energy', energy, { scale: 'vmaf-log' }, -23.636394],
  ['Energy', energy, { scale: 'vmaf-log', method: 'akima' }, -23.577885],
  ['Energy', energy, { scale: 'vmaf-log', method: 'cubic' }, -23.547156],
];

const qualities: readonly [string, readonly [CostPoint[], CostPoint[]], Interpolation, dB: number][] = [
  ['FAU', fau, 'cubic', 0.120409],
  ['FAU', fau, 'pchip', 0.119693],
  ['FAU', fau, 'akima', 0.119409],
  ['Valenzise', valenzise, 'cubic', -1.184898],
];

const valueIn = (delta: Delta) => {
  assert.ok(delta.value !== null, delta.value === null ? delta.reason : '');
  return delta.value;
};
const reasonOf = (delta: Delta) => (delta.value === null ? delta.reason : `the value ${delta.value}`);
const near = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found}, not ${expected}`);

for (const [name, [anchor, other], options, percent] of rates)
  test(`${name} by ${options.method ?? 'default'}, ${options.scale ?? 'plain'}: ${percent} %`, () =>
    near(valueIn(bdCost(anchor, other, options)), percent, 1e-4));

for (const [name, [anchor, other], method, dB] of qualities)
  test(`${name} by ${method}: ${dB} dB`, () => near(valueIn(bdQuality(anchor, other, { method })), dB, 1e-6));

test('A curve beside itself is 0, at twice the cost +100 %, at nine tenths -10 %', () => {
  const times = (factor: number) => energy[0].map(({ cost, quality }) => ({ cost: cost * factor, quality }));
  for (const method of methods) {
    const same = bdCost(energy[0], times(1), { method });
    assert.deepEqual(same.value === null ? same.reason : [same.value, same.overlap, same.warnings], [0, 1, []]);
    near(valueIn(bdCost(energy[0], times(2), { method })), 100, 1e-9);
    near(valueIn(bdCost(energy[0], times(0.9), { method })), -10, 1e-9);
  }
});

test('Curves that have no quality in common have no difference, not 0', () => {
  const better = energy[0].map(({ cost, quality }) => ({ cost, quality: quality + 23 }));
  assert.equal(reasonOf(bdCost(energy[0], better)), 'the curves have no quality in common');
  const dearer = energy[0].map(({ cost, quality }) => ({ cost: cost * 100, quality }));
  assert.equal(reasonOf(bdQuality(energy[0], dearer)), 'the curves have no cost in common');
});

test('Leaving out an inner point moves the energy by 2.4 percent points, so a difference of 2 is noise', () => {
  const delta = bdCost(...energy);
  assert.ok(delta.value !== null);
  near(delta.subsetError ?? Number.NaN, 2.372766, 1e-6);
  assert.deepEqual(delta.warnings, []);
  const scale = 0.98 / (1 + delta.value / 100);
  const close = bdCost(
    energy[0],
    energy[1].map(({ cost, quality }) => ({ cost: cost * scale, quality })),
  );
  near(valueIn(close), -2, 1e-9);
  assert.ok(close.value !== null);
  assert.match(close.warnings.join(), /^the difference is within its subset error of 3\.\d: noise$/);
});

test('Four points of one polynomial are too few to leave one out; curves of unlike length lose one after the other', () => {
  const four = bdCost(...energy, { method: 'cubic' });
  assert.ok(four.value !== null);
  assert.equal(four.subsetError, null);
  const longer = bdCost([...energy[0], { cost: 16_000, quality: 95 }], energy[1]);
  assert.ok(longer.value !== null);
  near(longer.subsetError ?? Number.NaN, 7.048408, 1e-6);
});

test('Ends are never left out, because the common range would be another one', () => {
  const even = curve([1, 2, 4, 8, 16], [10, 20, 30, 40, 100]);
  const delta = bdCost(even, [...even.slice(0, -1), { cost: 64, quality: 100 }]);
  assert.ok(delta.value !== null && delta.subsetError !== null);
  assert.ok(delta.subsetError < delta.value, 'without its last point the other curve would be the same');
});

test('Under three quarters of common range it says so', () => {
  const part = (first: number) => {
    const delta = bdCost(energy[0], curve([900, 2050, 4300, 9900], [first, 84, 88.5, 93]));
    assert.ok(delta.value !== null);
    return [delta.overlap, delta.warnings] as const;
  };
  assert.deepEqual(part(75), [18 / 23, []]);
  assert.deepEqual(part(81), [12 / 23, ['the curves share 52 % of their range, less than 75 %']]);
});

test('A curve on which more cost does not always bring more quality says so', () => {
  for (const third of [2400, 2600]) {
    const bent = bdCost(curve([1200, 2600, third, 11800], [70, 80, 88, 93]), energy[1]);
    assert.ok(bent.value !== null);
    assert.match(bent.warnings.join(), /more cost does not always bring more quality/);
  }
});

test('What is no curve is refused with its reason', () => {
  const refusals: readonly [CostPoint[], BdOptions, RegExp][] = [
    [[], {}, /0 points, and needs 4/],
    [energy[0].slice(1), {}, /3 points, and needs 4/],
    [curve([1200, 2600, 5400, 11800], [70, 80, 80, 93]), {}, /same quality/],
    [curve([1200, 0, 5400, 11800], [70, 80, 88, 93]), {}, /cost of 0/],
    [curve([1200, -1, 5400, 11800], [70, 80, 88, 93]), {}, /cost of -1/],
    [curve([1200, Number.NaN, 5400, 11800], [70, 80, 88, 93]), {}, /cost of NaN/],
    [curve([1200, 2600, 5400], [70, 80, 88]).concat({ cost: 1, quality: Number.POSITIVE_INFINITY }), {}, /Infinity/],
    [curve([1200, 2600, 5400, 11800], [70, 80, 88, 100]), { scale: 'vmaf-log' }, /VMAF of 100/],
    [curve([1200, 2600, 5400, 11800], [-1, 80, 88, 93]), { scale: 'vmaf-log' }, /VMAF of -1/],
    [curve([1e-308, 2e-308, 3e-308, 4e-308], [70, 80, 88, 93]), {}, /beyond all measure/],
  ];
  for (const [points, options, reason] of refusals) {
    const good = curve([1e3, 2e3, 3e3, 4e3], [69, 80, 88, 94]);
    assert.notEqual(bdCost(good, energy[0], options).value, null);
    assert.match(reasonOf(bdCost(points, good, options)), reason);
  }
  assert.match(reasonOf(bdQuality(curve([1, 2, 2, 4], [1, 2, 3, 4]), energy[0])), /same cost/);
  assert.match(reasonOf(bdQuality(energy[0], [])), /needs 4/);
  assert.match(reasonOf(bdQuality([], energy[0])), /needs 4/);
});

/** Curves as encodes give them: both cost and quality rise, all of it between 20 and 99 points. */
const anyCurve = fc
  .array(
    fc.record({
      more: fc.double({ min: 0.05, max: 2, noNaN: true }),
      better: fc.double({ min: 0.5, max: 8, noNaN: true }),
    }),
    { minLength: 4, maxLength: 9 },
  )
  .chain((steps) => fc.record({ steps: fc.constant(steps), start: fc.double({ min: 100, max: 1e5, noNaN: true }) }))
  .map(({ steps, start }) => {
    let [cost, quality] = [start, 20];
    return steps.map(({ more, better }) => {
      cost *= 1 + more;
      quality += better;
      return { cost, quality };
    });
  });
const anyMethod = fc.constantFrom(...methods);
const anyOptions = fc.record({ method: anyMethod, scale: fc.constantFrom('plain', 'vmaf-log') });

test('However a curve lies, beside itself it is exactly 0, and at c times its cost (c - 1) x 100 %', () => {
  fc.assert(
    fc.property(anyCurve, anyOptions, fc.double({ min: 0.01, max: 100, noNaN: true }), (points, options, factor) => {
      assert.equal(valueIn(bdCost(points, points, options)), 0);
      const scaled = points.map(({ cost, quality }) => ({ cost: cost * factor, quality }));
      near(valueIn(bdCost(points, scaled, options)), (factor - 1) * 100, 1e-6 * factor);
    }),
  );
});

test('Exchanging the curves turns the sign of the mean logarithm, and of a difference of quality', () => {
  fc.assert(
    fc.property(anyCurve, anyCurve, anyOptions, (a, b, options) => {
      const [there, back] = [bdCost(a, b, options), bdCost(b, a, options)];
      assert.equal(there.value === null, back.value === null);
      if (there.value !== null && back.value !== null) {
        const [log, inverse] = [Math.log1p(there.value / 100), Math.log1p(back.value / 100)];
        // Near -100 % the percent itself has no digits left; a cubic that swings far gets there.
        if (Math.abs(log) < 5) near(log, -inverse, 1e-9);
      }
      const [better, worse] = [bdQuality(a, b, options), bdQuality(b, a, options)];
      if (better.value === null) assert.equal(reasonOf(worse), reasonOf(better));
      else near(better.value, -valueIn(worse), 1e-9 * Math.max(1, Math.abs(better.value)));
    }),
  );
});

test('The order of the points changes nothing, and neither does the unit of the cost', () => {
  fc.assert(
    fc.property(anyCurve, anyCurve, anyMethod, (a, b, method) => {
      const found = bdCost(a, b, { method });
      assert.deepEqual(bdCost(a.toReversed(), b.toReversed(), { method }), found);
      const wattHours = (points: CostPoint[]) => points.map(({ cost, quality }) => ({ cost: cost / 3600, quality }));
      const other = bdCost(wattHours(a), wattHours(b), { method });
      if (found.value === null) assert.equal(other.value, null);
      else near(valueIn(other), found.value, 1e-8 * (100 + Math.abs(found.value)));
    }),
  );
});

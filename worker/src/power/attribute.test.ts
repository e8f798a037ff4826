import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figureSchema } from '@ffrtmp/shared/energy/figure';
import fc from 'fast-check';
import { addPart, emptyShare, type Interval, type Split, split } from './attribute.ts';
import { sensorFigures } from './figures.ts';

const J = 1e6;
type Uses = Record<string, number | [use: number, reserved: number]>;

/** An interval in joules and seconds; a use alone reserves nothing. */
const interval = (
  energyJ: number | null,
  idleW: number | null,
  claims: Uses,
  othersUse: number | null,
  seconds = 1,
) => {
  const pairs = Object.entries(claims).map(([id, claim]) => {
    const [use, reserved] = typeof claim === 'number' ? [claim, 0] : claim;
    return [id, { use, reserved }] as const;
  });
  const energyUj = energyJ === null ? null : energyJ * J;
  const idleUj = idleW === null ? null : idleW * seconds * J;
  return { seconds, energyUj, idleUj, othersUse, claims: new Map(pairs) } satisfies Interval;
};

const facts = {
  ...{ method: 'rapl', scope: ['cpu' as const], detail: 'RAPL package-0', unit: 'CPU time' as const },
  ...{ idle: 'no measured idle draw of this node', fineSeconds: 1 },
};
const figuresOf = (id: string, intervals: Interval[], over: Partial<typeof facts> = {}) => {
  const share = intervals.reduce((sum, one) => addPart(sum, id, one, split(one), null), emptyShare());
  const figures = sensorFigures(share, { ...facts, ...over });
  return figures.map((figure) => figureSchema.parse(figure));
};
const sumOf = ({ parts, otherUj, idleUj, restUj }: Split) =>
  [...parts.values()].reduce((sum, { fullUj }) => sum + fullUj, otherUj + idleUj + restUj);

test('the verification case of research/energy.md section 9: idle by reservation, the rest by CPU time', () => {
  const parts = split(interval(1000, 40, { a: [60, 8 / 16], b: [20, 4 / 16] }, 20, 10));
  assert.ok(parts);
  const { a, b } = Object.fromEntries(parts.parts);
  assert.deepEqual([a?.activeUj, b?.activeUj, parts.otherUj], [360 * J, 120 * J, 120 * J]);
  assert.deepEqual([a?.fullUj, b?.fullUj, parts.idleUj, parts.restUj], [560 * J, 220 * J, 100 * J, 0]);
  assert.equal(sumOf(parts), 1000 * J);
});

test('the example of Kepler’s guide, 40 W at 25 % busy, becomes what was measured and no ratio', () => {
  const parts = split(interval(40, 30, { a: 1 }, 0));
  assert.deepEqual([parts?.parts.get('a')?.activeUj, parts?.idleUj], [10 * J, 30 * J]);
});

test('an attempt alone on a quiet machine gets everything above idle, measured', () => {
  const one = interval(50, 20, { a: [3, 1] }, 0.1);
  const [active, full] = figuresOf('a', [one, one], { idle: 'idle 20.0 W, measured 5 min ago' });
  assert.deepEqual([active?.quality, full?.quality], ['measured', 'measured']);
  assert.equal(active?.value?.toFixed(3), (60 * (3 / 3.1)).toFixed(3));
  assert.equal(full?.value?.toFixed(3), (60 * (3 / 3.1) + 40).toFixed(3));
  assert.match(full?.source ?? '', /idle 20\.0 W, measured 5 min ago; others had 3 % of the CPU time/);
});

test('with foreign load it is attributed, and the bounds weigh the others’ seconds four times and a quarter', () => {
  const [active] = figuresOf('a', [interval(100, 0, { a: 6 }, 4)]);
  assert.deepEqual([active?.value, active?.quality], [60, 'attributed']);
  assert.deepEqual([active?.low?.toFixed(2), active?.high?.toFixed(2)], ['27.27', '85.71']);
});

test('attempts share by CPU time of each interval, so bursts are billed to who caused them', () => {
  const intervals = [interval(100, 0, { a: 3, b: 1 }, 0), interval(10, 0, { a: 0, b: 2 }, 0)];
  assert.deepEqual([figuresOf('a', intervals)[0]?.value, figuresOf('b', intervals)[0]?.value], [75, 35]);
  assert.equal(figuresOf('a', intervals)[0]?.quality, 'attributed');
});

test('until the idle draw is measured there are no active joules, and the whole is the upper bound', () => {
  const [active, full] = figuresOf('a', [interval(100, null, { a: 9 }, 1)]);
  assert.deepEqual([active?.value, active?.quality, active?.source], [null, 'none', facts.idle]);
  assert.deepEqual([full?.value, full?.high], [90, 100]);
  const parts = split(interval(100, null, { a: 9 }, 1));
  assert.deepEqual([parts?.otherUj, parts?.restUj], [0, 10 * J], 'what is left is explained by nothing');
});

test('a gap lowers the coverage, adds nothing and is named', () => {
  const gap = interval(null, 0, { a: 1 }, 0, 3);
  const share = addPart(addPart(emptyShare(), 'a', gap, split(gap), 'the meter: HTTP 500'), 'a', gap, null, null);
  const good = interval(10, 0, { a: 1 }, 0, 2);
  const [, full] = sensorFigures(addPart(share, 'a', good, split(good), null), facts);
  assert.deepEqual([full?.value, full?.coverage], [10, 0.25]);
  assert.match(full?.source ?? '', /gaps: the meter: HTTP 500$/);
});

test('less energy than the idle draw is idle and not negative work', () => {
  const parts = split(interval(5, 20, { a: [1, 1] }, 0));
  assert.deepEqual([parts?.parts.get('a')?.activeUj, parts?.parts.get('a')?.fullUj, parts?.idleUj], [0, 5 * J, 0]);
});

test('a machine that is reserved twice is idle only once', () => {
  const parts = split(interval(40, 40, { a: [0, 1], b: [0, 1] }, 0));
  assert.deepEqual(
    [...(parts?.parts.values() ?? [])].map(({ fullUj }) => fullUj),
    [20 * J, 20 * J],
  );
});

test('energy beyond idle with nobody at work stays unexplained', () => {
  const parts = split(interval(50, 40, {}, 0));
  assert.deepEqual([parts?.idleUj, parts?.restUj], [40 * J, 10 * J]);
});

test('a counter and its integrated power that disagree are flagged, and a short window is labelled', () => {
  const one = interval(100, 0, { a: 1 }, 0, 12);
  const share = { ...addPart(emptyShare(), 'a', one, split(one), null), firstUj: 187 * J, secondUj: 327 * J };
  const [, long] = sensorFigures(share, { ...facts, fineSeconds: 10 });
  assert.match(long?.source ?? '', /integrated power says 327\.0 J and the counter 187\.0 J, 75 % apart/);
  const [, short] = sensorFigures({ ...share, coveredS: 5, windowS: 5 }, { ...facts, fineSeconds: 10 });
  assert.match(short?.source ?? '', /low-resolution/);
  assert.doesNotMatch(short?.source ?? '', /apart/);
});

const anyInterval = fc
  .record({
    energyJ: fc.double({ min: 0, max: 1e6, noNaN: true }),
    idleW: fc.option(fc.double({ min: 0, max: 1000, noNaN: true })),
    seconds: fc.double({ min: 0, max: 100, noNaN: true }),
    others: fc.option(fc.double({ min: 0, max: 100, noNaN: true })),
    claims: fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.tuple(fc.double({ min: 0, max: 100, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })),
    ),
  })
  .map((one) => interval(one.energyJ, one.idleW, one.claims as Uses, one.others, one.seconds));

test('jobs, other, idle and rest add up to the energy, whatever happened, and every part lies within its bounds', () => {
  fc.assert(
    fc.property(anyInterval, (one) => {
      const parts = split(one);
      assert.ok(parts);
      const whole = one.energyUj ?? 0;
      assert.ok(Math.abs(sumOf(parts) - whole) <= 1e-9 * Math.max(1, whole), `${sumOf(parts)} of ${whole}`);
      const slack = 1e-9 * Math.max(1, whole);
      for (const part of parts.parts.values()) {
        assert.ok(part.fullLowUj <= part.fullUj + slack && part.fullUj <= part.fullHighUj + slack);
        assert.ok(part.fullLowUj >= 0 && part.fullHighUj <= whole + slack);
      }
      for (const rest of [parts.otherUj, parts.idleUj, parts.restUj]) assert.ok(rest >= -slack, `${rest}`);
    }),
    { numRuns: 2000 },
  );
});

test('two agents on one host, each with a job, together never bill more than the host used', () => {
  const use = fc.double({ min: 0.01, max: 100, noNaN: true });
  const threads = fc.integer({ min: 1, max: 8 });
  fc.assert(
    fc.property(use, use, use, threads, threads, (a, b, others, first, second) => {
      const one = split(interval(1000, 40, { a: [a, first / 16] }, b + others, 10));
      const two = split(interval(1000, 40, { b: [b, second / 16] }, a + others, 10));
      assert.ok(one && two);
      const jobs = (one.parts.get('a')?.fullUj ?? 0) + (two.parts.get('b')?.fullUj ?? 0);
      const other = one.otherUj - (two.parts.get('b')?.activeUj ?? 0);
      const idle = one.idleUj - (400 * J * second) / 16;
      assert.ok(Math.abs(jobs + other + idle - 1000 * J) <= 1e-9 * 1000 * J);
    }),
  );
});

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { openRapl } from '../../worker/src/power/collectors/rapl.ts';
import { plantTree, powercapTree } from '../support/power-trees.ts';
import { openScope } from '../support/scope.ts';

const STEPS = 2 ** 32;
/** Ranges seen on real machines: 61.035 uJ, 15.3 uJ and 15.258 uJ a step. */
const ranges = [262_143_328_850, 65_712_999_613, 65_532_610_987];
const CAP_W = 200;

/** A 32-bit counter as the hardware has it; the kernel shows it times the unit, rounded down. */
interface Counter {
  count: number;
  unitUj: number;
}

const shown = ({ count, unitUj }: Counter) => String(Math.floor((count % STEPS) * unitUj));

/** What happens to a zone within one interval. Powers stay below three times the limit, so that none is implausible. */
const happening = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('draw' as const), watts: fc.double({ min: 0, max: 550, noNaN: true }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), watts: fc.constant(0) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('unreadable' as const, 'garbage' as const), watts: fc.nat(300) }),
  },
);
const scenario = fc.record({
  starts: fc.tuple(fc.nat(STEPS - 1), fc.nat(STEPS - 1)),
  ranges: fc.tuple(fc.constantFrom(...ranges), fc.constantFrom(...ranges)),
  intervals: fc.array(
    fc.record({ seconds: fc.double({ min: 0.1, max: 20, noNaN: true }), zones: fc.tuple(happening, happening) }),
    {
      minLength: 1,
      maxLength: 30,
    },
  ),
});

test('over random wraps, resets and failed reads every measured interval is right to one unit a zone and read pair', (t) => {
  const scope = openScope(t);
  let run = 0;
  fc.assert(
    fc.property(scenario, ({ starts, ranges: maxima, intervals }) => {
      run += 1;
      const zone = (index: 0 | 1) => ({ name: `package-${index}`, energyUj: 0, maxUj: maxima[index], limitW: CAP_W });
      const sys = plantTree(
        join(scope.dir, String(run)),
        powercapTree({ 'intel-rapl:0': zone(0), 'intel-rapl:1': zone(1) }),
      );
      const files = [0, 1].map((index) =>
        join(sys, `devices/virtual/powercap/intel-rapl/intel-rapl:${index}/energy_uj`),
      );
      const counters = starts.map((count, index) => ({ count, unitUj: (maxima[index] ?? 0) / (STEPS - 1) }));
      const write = (index: number, text: string) => writeFileSync(files[index] ?? '', `${text}\n`);
      for (const [index, counter] of counters.entries()) write(index, shown(counter));
      const opened = openRapl(join(sys, 'class/powercap'), {
        vendor: 'GenuineIntel',
        virtual: false,
        wsl: false,
        container: false,
        sockets: 2,
      });
      assert.ok(opened.rapl.ok);
      const { sensor } = opened.rapl;
      let last = sensor.read();
      let pairs = 0;
      let [truthUj, measuredUj, sinceS] = [0, 0, 0];
      let pendingUj = 0;
      let wasReset = false;
      for (const { seconds, zones } of intervals) {
        sinceS += seconds;
        zones.forEach(({ kind, watts }, index) => {
          const counter = counters[index] as Counter;
          if (kind === 'reset') {
            counter.count = 0;
            wasReset = true;
          }
          const steps = Math.floor((watts * seconds * 1e6) / counter.unitUj);
          counter.count += steps;
          pendingUj += steps * counter.unitUj;
          write(index, kind === 'unreadable' ? '' : kind === 'garbage' ? 'n/a' : shown(counter));
        });
        const now = sensor.read();
        if (!now || !last) {
          assert.ok(
            zones.some(({ kind }) => kind === 'unreadable' || kind === 'garbage'),
            'a good counter was not read',
          );
          continue;
        }
        const energy = sensor.between(last, now, sinceS);
        if ('uj' in energy && !wasReset) {
          pairs += zones.length;
          measuredUj += energy.uj;
          truthUj += pendingUj;
        } else if (!wasReset) assert.match('gap' in energy ? energy.gap : '', /ambiguous-wrap/);
        [last, sinceS, pendingUj, wasReset] = [now, 0, 0, false];
      }
      sensor.close();
      const unitUj = Math.max(...counters.map((counter) => counter.unitUj));
      assert.ok(
        Math.abs(measuredUj - truthUj) <= pairs * unitUj,
        `${measuredUj} instead of ${truthUj} uJ over ${pairs} pairs`,
      );
    }),
    { numRuns: 100 },
  );
});

test('a counter that starts anew never adds more than its own limit allows', (t) => {
  const scope = openScope(t);
  let run = 0;
  const reset = fc.record({
    before: fc.nat(STEPS - 1),
    after: fc.nat(STEPS - 1),
    seconds: fc.double({ min: 0.1, max: 30, noNaN: true }),
  });
  fc.assert(
    fc.property(reset, ({ before, after, seconds }) => {
      run += 1;
      const folder = join(scope.dir, String(run));
      mkdirSync(folder);
      const zone = { name: 'package-0', energyUj: Math.floor(before * 61), limitW: CAP_W };
      const sys = plantTree(folder, powercapTree({ 'intel-rapl:0': zone }));
      const opened = openRapl(join(sys, 'class/powercap'), {
        vendor: 'GenuineIntel',
        virtual: false,
        wsl: false,
        container: false,
        sockets: 1,
      });
      assert.ok(opened.rapl.ok);
      const { sensor } = opened.rapl;
      const from = sensor.read();
      writeFileSync(join(sys, 'class/powercap/intel-rapl:0/energy_uj'), `${Math.floor(after * 61)}\n`);
      const energy = sensor.between(from ?? [], sensor.read() ?? [], seconds);
      sensor.close();
      assert.ok('gap' in energy || energy.uj <= 3 * CAP_W * seconds * 1e6);
    }),
    { numRuns: 60 },
  );
});

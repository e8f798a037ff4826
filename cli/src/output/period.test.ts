import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReceiptRow } from '@ffrtmp/shared/contract/receipts';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import type { Receipt } from '@ffrtmp/shared/energy/receipt';
import fc from 'fast-check';
import { figureAmount } from './amount.ts';
import { csvText } from './csv.ts';
import { periodPage } from './html/period.ts';
import { receiptPage } from './html/receipt.ts';
import { type PeriodReceipt, periodCsv, periodText } from './period.ts';

const figure = (value: number | null, change: Partial<Figure> = {}): Figure => ({
  ...{ name: 'energy_full', value, unit: 'J', scope: ['cpu'], method: 'rapl', quality: 'attributed', coverage: 1 },
  ...{ low: value === null ? null : value / 2, high: value === null ? null : value * 2, source: 'rapl' },
  ...change,
});
const cost = figure(0.3, { name: 'cost', unit: 'EUR', quality: 'estimated' });
const work = { attempts: 2, seconds: 9, output_seconds: 8, input_bytes: 7, output_bytes: 6 };
const nothing = { attempts: 0, seconds: 0, output_seconds: 0, input_bytes: 0, output_bytes: 0 };
const sci = {
  ...{ value: null, low: null, high: null, quality: 'none' as const, energy_kwh: null, intensity_g_per_kwh: null },
  ...{ operational_g: null, embodied_g: null, output_minutes: null, sources: [], reason: 'no region' },
};
const waste = { cause: 'lost', attempts: 1, seconds: 3, energy: [figure(50)], cost: [], carbon: [] };

const row = (key: string, joules: number): ReceiptRow => ({
  key,
  name: null,
  jobs: { completed: 2, failed: 0, canceled: 1 },
  encode: { ...work, energy: [figure(joules)], cost: [cost], carbon: [] },
  quality: { ...nothing, energy: [], cost: [], carbon: [] },
  waste: [waste],
  cost: { figures: [cost], reason: null },
  carbon: { figures: [], reason: 'no region is set' },
  sci,
  totals: [figure(joules + 50), cost],
});
const period = (rows: ReceiptRow[]): PeriodReceipt => ({
  ...{ by: 'day', since: '2026-11-01', until: '2026-11-21', complete: false, more: false },
  rows,
  total: row('default', 5_000_000),
});

test('receipts of a period are one line a key, then the total and what is missing', () => {
  assert.equal(
    periodText(period([row('2026-11-19', 100), row('2026-11-20', 7200)])),
    [
      'receipts by day, 2026-11-01 to 2026-11-21 (UTC, the last day is not part of it)',
      '',
      'DAY         COMPLETED  FAILED  CANCELED  FULL ENERGY          ACTIVE ENERGY  COST                 CARBON  WASTED ATTEMPTS',
      '2026-11-19          2       0         1  150 J attributed     –              0.300 EUR estimated  –                     1',
      '2026-11-20          2       0         1  2.01 Wh attributed   –              0.300 EUR estimated  –                     1',
      'total               2       0         1  1.39 kWh attributed  –              0.300 EUR estimated  –                     1',
      '',
      'the period is not over yet',
      'carbon: no region is set',
    ].join('\n'),
  );
});

/** Reads RFC 4180 back, by another way than it was written. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  for (let rest = text; rest !== ''; ) {
    const cells: string[] = [];
    for (let end = ','; end === ','; ) {
      const match = /^(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/.exec(rest);
      assert.ok(match, `no cell in ${JSON.stringify(rest.slice(0, 80))}`);
      cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
      end = match[3] ?? '';
      rest = rest.slice(match[0].length);
    }
    rows.push(cells);
  }
  return rows;
}

test('CSV gives back every text, and none of them is a formula', () => {
  const texts = fc.array(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 2 }), { maxLength: 5 });
  fc.assert(
    fc.property(texts, (rows) => {
      const [, ...read] = readCsv(csvText(['a', 'b'], rows));
      assert.equal(read.length, rows.length);
      for (const [index, cells] of read.entries())
        for (const [at, cell] of cells.entries()) {
          const before = rows[index]?.[at] ?? '';
          assert.equal(cell, /^[=+\-@\t\r]/.test(before) ? `'${before}` : before);
        }
    }),
  );
});

test('CSV has a line for each figure of each part, with label, bounds and cause, and no sum of its own', () => {
  const [heads = [], ...lines] = readCsv(periodCsv(period([row('2026-11-20', 100)])));
  const named = lines.map((cells) => Object.fromEntries(cells.map((cell, index) => [heads[index], cell])));
  assert.equal(named.length, 6, 'encode energy and cost, and one waste, of the row and of the total');
  const lost = named.find(({ part, by }) => part === 'waste' && by === 'day');
  assert.deepEqual(
    [lost?.key, lost?.cause, lost?.figure, lost?.value, lost?.low, lost?.high, lost?.unit, lost?.quality],
    ['2026-11-20', 'lost', 'energy_full', '50', '25', '100', 'J', 'attributed'],
  );
  assert.equal(named.find(({ figure: name }) => name === 'cost')?.unit, 'EUR');
});

/** What a browser would fetch, run or take as a tag that a stranger wrote. */
function assertHarmless(page: string): void {
  assert.doesNotMatch(page, /<script|<img|<link|<iframe|\bon\w+=|url\(|@import|https?:/i);
  assert.match(page, /default-src &#39;none&#39;/);
}

test('a page fetches nothing, runs nothing, and shows a hostile name as text', () => {
  const hostile = `<img src=x onerror=alert(1)>"'&`;
  const page = periodPage(period([row(hostile, 100)]));
  assertHarmless(page.replaceAll('onerror=alert(1)', ''));
  assert.ok(page.includes('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;'));
});

test('a page of a period says of every bar its label, and of the total its parts', () => {
  const page = periodPage(period([row('2026-11-19', 100), row('2026-11-20', 7200)]));
  for (const text of ['2.01', 'q-attributed', 'lost, 1 attempt,', 'no region is set', '1.39 kWh', '0.300 EUR'])
    assert.ok(page.includes(text), text);
});

test('a bar is never longer than its row, and no value looks like nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-12, max: 1e15, noNaN: true }), { minLength: 1 }), (joules) => {
      const page = periodPage(period(joules.map((value, index) => row(`k${index}`, value))));
      for (const [, width] of page.matchAll(/width:([\d.]+)%/g)) assert.ok(Number(width) <= 100);
      for (const value of joules) assert.ok(Number.parseFloat(figureAmount(figure(value))) > 0);
    }),
  );
});

test('the page of a job shows attempts, waste, quality with its worst frame, and where each figure is from', () => {
  const frames = {
    count: 48,
    of: 48,
    mean: 40.2,
    harmonic_mean: 40.1,
    p5: 36.4,
    worst: 31.5,
    worst_frame: 17,
    interval: 1,
  };
  const psnr = figure(40, { name: 'psnr', unit: 'dB', scope: [], method: 'ffmpeg-psnr', quality: 'measured', frames });
  const line = {
    ...{ attempt_id: 'a', task_kind: 'transcode' as const, attempt: 1, node_id: 'n', node_name: 'worker-01' },
    ...{ state: 'lost' as const, waste: true, cause: 'lost', seconds: 3, metrics: null, figures: [figure(50)] },
  };
  const receipt: Receipt = {
    ...{ job_id: 'id', sequence_number: 7, name: 'film', status: 'running', complete: false, lines: [line] },
    ...{ energy: [figure(400)], energy_quality: [], energy_waste: [figure(50)], quality: [psnr] },
    ...{
      joules_per_megapixel_frame: null,
      scores: [],
      coverage_ok: null,
      cost: { figures: [], reason: 'no tariff is configured' },
    },
    ...{ carbon: { figures: [], reason: 'no region' }, sci, waste: [waste], totals: [figure(450)], outputs: [] },
  };
  const page = receiptPage(receipt);
  assertHarmless(page);
  for (const text of [
    'not complete yet',
    'wasted: lost',
    '31.50 dB at frame 17',
    '36.40 dB',
    'no tariff is configured',
  ])
    assert.ok(page.includes(text), text);
  assert.match(
    page,
    /encode, cpu.*q-attributed" style="width:50\.00%/s,
    'the bar ends at its value, the axis at its bound',
  );
});

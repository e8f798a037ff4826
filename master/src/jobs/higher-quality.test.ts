import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { codecs, encodeSchema } from '@ffrtmp/shared/media/encoding';
import fc from 'fast-check';
import { higherQuality } from './higher-quality.ts';

const encodeOf = (parameters: Record<string, unknown>) =>
  resolveEncode({ scenario: '', parameters, hasInput: true }).encode;
const rate = (parameters: Record<string, unknown>, steps = 1) => {
  const higher = higherQuality(encodeOf(parameters), steps);
  return higher && [higher.crf, higher.bitrate_kbps];
};

test('A step lowers CRF on the encoder’s own scale and raises a bitrate by half', () => {
  assert.deepEqual(rate({ crf: 23 }), [19, null]);
  assert.deepEqual(rate({ codec: 'av1', crf: 35 }), [27, null]);
  assert.deepEqual(rate({ bitrate: '2000k' }), [null, 3000]);
  assert.deepEqual(rate({ crf: 23, bitrate: '2000k' }, 2), [15, 4500]);
  assert.deepEqual(rate({ crf: 23 }, 0), [23, null]);
});

test('At the end of the scale there is no higher quality, unless a ceiling can still be raised', () => {
  assert.deepEqual(rate({ crf: 2 }), [0, null]);
  assert.equal(rate({ crf: 0 }), null);
  assert.equal(rate({ crf: 2 }, 2), null);
  assert.deepEqual(rate({ crf: 0, bitrate: '2000k' }), [0, 3000]);
});

test('Every step stays an encode that the contract takes, and changes nothing but the rate', () => {
  const parameters = fc.record({
    codec: fc.constantFrom(...codecs),
    crf: fc.option(fc.integer({ min: 0, max: 63 }), { nil: undefined }),
    bitrate: fc.option(fc.integer({ min: 100_000, max: 50_000_000 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(parameters, fc.nat({ max: 20 }), (wanted, steps) => {
      const before = encodeOf(wanted);
      const higher = higherQuality(before, steps);
      if (higher === null) return;
      encodeSchema.parse(higher);
      assert.deepEqual({ ...higher, crf: before.crf, bitrate_kbps: before.bitrate_kbps }, before);
      assert.ok((higher.crf ?? 0) <= (before.crf ?? 0) && (higher.bitrate_kbps ?? 0) >= (before.bitrate_kbps ?? 0));
    }),
  );
});

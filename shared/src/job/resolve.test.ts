import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codecFacts, codecs, encodeSchema, generatedInputSchema, knownEncoders } from '../media/encoding.ts';
import { type Parameters, parametersSchema } from './parameters.ts';
import { resolveEncode } from './resolve.ts';

const words = [
  '1080p30',
  '4K',
  '360p0',
  'h264',
  'hevc',
  'vp8',
  'av1',
  'nvenc',
  'vaapi',
  'crf63',
  'slow',
  'p7',
  'constructor',
];
const anyName = fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((parts) => parts.join('-'));
const side = fc.integer({ min: 8, max: 8192 }).map((half) => half * 2);
const anyParameters = fc.record(
  {
    codec: fc.constantFrom(...codecs, 'hevc' as const),
    encoder: fc.constantFrom(...knownEncoders(), 'libunheard'),
    preset: fc.oneof(fc.constantFrom('medium', 'p4'), fc.integer({ min: 0, max: 13 })),
    crf: fc.integer({ min: 0, max: 63 }),
    bitrate: fc.constantFrom('2500k', '4M', 800_000, '1'),
    resolution: fc.constantFrom('1080p', '8K', '1280x720', '16x16', '16384x16384', 'constructor', '10x10', '99998x2'),
    width: side,
    height: side,
    fps: fc.constantFrom(1, 23.976, 1000),
    duration: fc.constantFrom(1, 0.04, '00:00:20', 1e6),
    start: fc.constantFrom(0, 5, '1:00'),
    container: fc.constantFrom('mp4' as const, 'mkv' as const, 'webm' as const),
    unheard: fc.anything(),
  },
  { requiredKeys: [] },
);

test('Whatever the contract accepts resolves to an encode that the contract accepts', () => {
  fc.assert(
    fc.property(anyName, anyParameters, fc.boolean(), (scenario, given, hasInput) => {
      const accepted = parametersSchema.safeParse(given);
      if (!accepted.success) return;
      const { encode, generate } = resolveEncode({ scenario, parameters: accepted.data, hasInput });
      assert.deepEqual(encodeSchema.parse(encode), encode);
      assert.equal(generate === null, hasInput);
      if (generate) assert.deepEqual(generatedInputSchema.parse(generate), generate);
    }),
    { numRuns: 2000 },
  );
});

test('An explicit parameter wins over the name', () => {
  const parameters = { codec: 'av1', resolution: '360p', fps: 25, crf: 40, preset: 10, duration: 3 } as const;
  const { encode } = resolveEncode({ scenario: '1080p60-h264-crf20-slow', parameters, hasInput: true });
  assert.deepEqual(
    [encode.codec, encode.encoder, encode.height, encode.fps, encode.crf, encode.preset, encode.duration_s],
    ['av1', 'libsvtav1', 360, 25, 40, '10', 3],
  );
});

test('A bitrate replaces the quality of the name; both given explicitly is a capped quality', () => {
  const rateOf = (scenario: string, parameters: Parameters) => {
    const { encode } = resolveEncode({ scenario, parameters, hasInput: true });
    return [encode.crf, encode.bitrate_kbps];
  };
  assert.deepEqual(rateOf('h264-crf20', {}), [20, null]);
  assert.deepEqual(rateOf('h264-crf20', { bitrate: '4M' }), [null, 4000]);
  assert.deepEqual(rateOf('h264-crf20', { bitrate: '4M', crf: 18 }), [18, 4000]);
  assert.deepEqual(rateOf('h264', {}), [codecFacts.h264.crf, null]);
});

test('A real input keeps its own size, rate and length where the name is silent', () => {
  const { encode, generate } = resolveEncode({ scenario: 'h264', parameters: {}, hasInput: true });
  assert.deepEqual(
    [encode.width, encode.height, encode.fps, encode.duration_s, generate],
    [null, null, null, null, null],
  );
});

test('A named size fixes the height of a real film, which keeps its shape; two numbers fix both sides', () => {
  const sizeOf = (scenario: string, parameters: Parameters, hasInput = true) => {
    const { encode } = resolveEncode({ scenario, parameters, hasInput });
    return [encode.width, encode.height];
  };
  assert.deepEqual(sizeOf('720p', {}), [null, 720]);
  assert.deepEqual(sizeOf('720p', {}, false), [1280, 720]);
  assert.deepEqual(sizeOf('720p', { resolution: '640x480' }), [640, 480]);
  assert.deepEqual(sizeOf('720p', { width: 320 }), [320, null]);
});

test('A generated input has the size, rate and length of the encode, so nothing is scaled or cut afterwards', () => {
  const { encode, generate } = resolveEncode({ scenario: '', parameters: { width: 640 }, hasInput: false });
  assert.deepEqual(generate, { width: 640, height: 360, fps: 30, duration_s: 10 });
  assert.deepEqual([encode.width, encode.height, encode.fps, encode.duration_s], [640, 360, 30, 10]);
});

test('What has no effect is said: unknown parts, unknown parameters, an encoder nobody knows, hardware a codec lacks', () => {
  const { encode, warnings } = resolveEncode({
    scenario: 'vp8-nvenc-hdr',
    parameters: { encoder: 'libunheard', bitrat: '4M' },
    hasInput: true,
  });
  assert.equal(encode.encoder, 'libvpx');
  for (const word of ['hdr', 'bitrat', 'libunheard', 'nvenc'])
    assert.ok(
      warnings.some((warning) => warning.includes(word)),
      word,
    );
});

test('Times, sizes and rates that cannot be meant are refused', () => {
  const bad = [
    { duration: 0 },
    { duration: '0' },
    { duration: 'soon' },
    { resolution: '10x10' },
    { resolution: '99998x720' },
  ];
  const worse = [{ resolution: 'constructor' }, { bitrate: '0' }, { width: 101 }, { fps: 0 }, { crf: -1 }];
  for (const parameters of [...bad, ...worse])
    assert.ok(!parametersSchema.safeParse(parameters).success, JSON.stringify(parameters));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JobRequestInput, jobRequestSchema } from '@ffrtmp/shared/job/job';
import { taskSpecSchema } from '@ffrtmp/shared/job/task';
import fc from 'fast-check';
import { bodyOf, plannedTask, planTasks } from './plan.ts';

const sha256 = 'a'.repeat(64);
const body = (request: JobRequestInput) => bodyOf(jobRequestSchema.parse(request), null, 42);
const nameOf = (request: JobRequestInput) => body(request).outputs[0]?.name;

test('A plain job is one task that needs its encoder and nothing else', () => {
  const [task, ...others] = planTasks(body({ scenario: '720p-h265' }));
  assert.equal(others.length, 0);
  assert.deepEqual([task?.kind, task?.required, task?.needs], ['transcode', true, []]);
  const { engine, encoder, ...wishes } = task?.requirement ?? {};
  assert.deepEqual([engine, encoder], ['ffmpeg', 'libx265']);
  const nothing = { cpu_threads: null, ram_mb: 0, gpu_sessions: 0, disk_mb: 0, pool: 'default', node_selector: {} };
  assert.deepEqual(wishes, nothing);
});

test('A job that asks for quality has a second task that needs the first, runs anywhere and decides nothing', () => {
  const [, task] = planTasks(body({ quality: { metrics: ['ssim'] } }));
  assert.deepEqual([task?.kind, task?.required, task?.needs], ['quality', false, [0]]);
  assert.equal(task?.requirement.encoder, null);
  assert.deepEqual(task?.spec.kind === 'quality' && task.spec.metrics, ['ssim']);
});

test('A least quality makes the comparison decide, measures what it names, and wants a node that can', () => {
  const [, ssim] = planTasks(body({ quality: { metrics: ['psnr'], min: { ssim: 0.95 } } }));
  assert.deepEqual([ssim?.required, ssim?.requirement.vmaf], [true, undefined]);
  assert.deepEqual(ssim?.spec.kind === 'quality' && ssim.spec.metrics, ['psnr', 'ssim']);
  const [encode, vmaf] = planTasks(body({ quality: { metrics: ['psnr'], min: { vmaf: 90 } } }));
  assert.deepEqual([encode?.requirement.vmaf, vmaf?.requirement.vmaf], [undefined, true]);
  const [, nothing] = planTasks(body({ quality: { min: {} } }));
  assert.deepEqual([nothing?.required, nothing?.requirement.vmaf], [false, undefined]);
});

test('A further round is the same plan at higher quality, and a stored task finds itself in it by its place', () => {
  const gated = body({ quality: { min: { psnr: 40 } }, parameters: { crf: 30 } });
  const [first, second] = [planTasks(gated), planTasks(gated, 2) ?? []];
  assert.deepEqual(
    second.map(({ spec }) => spec.encode.crf),
    [26, 26],
  );
  const same = (tasks: typeof first) =>
    tasks.map((task) => ({ ...task, spec: { ...task.spec, encode: { ...task.spec.encode, crf: 0 } } }));
  assert.deepEqual(same(second), same(first));
  assert.deepEqual(plannedTask(gated, { position: 1, round: 1 }), first[1]);
  assert.deepEqual(plannedTask(gated, { position: 3, round: 2 }), second[1]);
  assert.equal(plannedTask(gated, { position: 9, round: 2 }), undefined);
  assert.equal(planTasks(gated, 10), null, 'CRF has an end');
});

test('A job of an older master, whose wish for quality knew metrics alone, has the plan it had', () => {
  const old = body({ quality: {} });
  const { quality, ...rest } = old;
  const before = { ...rest, quality: { metrics: quality?.metrics } } as typeof old;
  assert.deepEqual(planTasks(before), planTasks(old));
});

test('The generated source is kept exactly when a later task compares with it', () => {
  const keeps = (request: JobRequestInput) => {
    const spec = planTasks(body(request))[0]?.spec;
    return spec?.kind === 'transcode' && spec.keep_source;
  };
  assert.equal(keeps({ quality: {} }), true);
  assert.equal(keeps({}), false);
  assert.equal(keeps({ quality: {}, input: { sha256 } }), false, 'a real input lies on the master already');
});

test('An output is called what the job says, else after its input, else after the job; the container gives the ending', () => {
  const cases: [JobRequestInput, string][] = [
    [{ outputs: [{ name: 'mine.mp4' }], name: 'job' }, 'mine.mp4'],
    [{ outputs: [{ name: 'mine' }] }, 'mine.mp4'],
    [{ outputs: [{ name: 'mine.MP4' }] }, 'mine.MP4'],
    [{ outputs: [{ name: 'mine.avi' }] }, 'mine.avi.mp4'],
    [{ input: { sha256, name: 'film.part1.mkv' }, name: 'job' }, 'film.part1.mp4'],
    [{ name: 'job', parameters: { container: 'mkv' } }, 'job.mkv'],
    [{ scenario: 'vp9' }, 'output.webm'],
    [{ name: '../../etc/passwd' }, '_.._etc_passwd.mp4'],
    [{ name: 'a/b\\c\n' }, 'a_b_c_.mp4'],
    [{ name: '...' }, 'output.mp4'],
    [{ name: 'x'.repeat(200) }, `${'x'.repeat(196)}.mp4`],
    [{ outputs: [{ name: 'x'.repeat(200) }] }, `${'x'.repeat(196)}.mp4`],
    [{}, 'output.mp4'],
  ];
  for (const [request, expected] of cases) assert.equal(nameOf(request), expected, JSON.stringify(request));
});

test('The name of an output is never longer than a file system takes, and no character of it is cut in half', () => {
  const named = (name: string) => bodyOf(jobRequestSchema.parse({ name }), null, 0).outputs[0]?.name ?? '';
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (name) => {
      const made = named(name.slice(0, 200));
      assert.ok(Buffer.byteLength(made) <= 200 && made.endsWith('.mp4'), made);
      assert.equal(Buffer.from(made).toString(), made);
    }),
  );
  assert.equal(named('映'.repeat(200)), `${'映'.repeat(65)}.mp4`);
});

test('A job with an input keeps its digest and size and generates nothing', () => {
  const { input, generate } = body({ input: { sha256, name: 'film.mkv' } });
  assert.deepEqual(input, { sha256, name: 'film.mkv', bytes: 42 });
  assert.equal(generate, null);
  assert.equal(body({}).input, null);
  assert.notEqual(body({}).generate, null);
});

const bitrate = fc.oneof(
  fc.constantFrom('0', '0k', '1', '15M', '0.0001k', '1e300', ' 5k '),
  fc.double(),
  fc.string({ maxLength: 6 }),
);
const time = fc.oneof(
  fc.constantFrom('0', '00:00:00', '0.0001', '99:99:99', '1e300', '::'),
  fc.double(),
  fc.string({ maxLength: 8 }),
);
const anyParameters = fc.record(
  {
    codec: fc.constantFrom('h264', 'hevc', 'av1', 'vp9'),
    encoder: fc.oneof(fc.string({ maxLength: 64 }), fc.constantFrom('h264_vaapi', 'libsvtav1')),
    preset: fc.oneof(fc.string({ maxLength: 32 }), fc.double()),
    crf: fc.double({ min: 0, max: 63, noNaN: true }),
    bitrate,
    resolution: fc.constantFrom('1080p', '4K', '16x16', '16384x16384', '0x0', '2x2', '7680×4320'),
    width: fc.constantFrom(16, 18, 16_384),
    height: fc.constantFrom(16, 18, 16_384),
    fps: fc.double({ min: 0, max: 1000, noNaN: true }),
    gop_s: fc.double({ min: 0, max: 60, noNaN: true }),
    start: time,
    duration: time,
    audio_bitrate: bitrate,
    audio_codec: fc.constantFrom('aac', 'none'),
    container: fc.constantFrom('mp4', 'mkv', 'webm'),
  },
  { requiredKeys: [], noNullPrototype: true },
);

test('Whatever a request asks for, it is refused or its plan is one that an agent can read, without a circle', () => {
  const anyRequest = fc.record(
    {
      name: fc.string({ unit: 'binary', maxLength: 200 }),
      scenario: fc.oneof(
        fc.string({ maxLength: 40 }),
        fc.constantFrom('1080p30-av1-crf30', 'live-4K0-h264-nvenc-crf99'),
      ),
      parameters: anyParameters,
      quality: fc.constantFrom({}, { min: { psnr: 40 } }, { min: { vmaf: 90 }, on: 'p5' as const }),
      input: fc.constant({ sha256 }),
      limits: fc.record({ timeout_sec: fc.integer({ min: 1, max: 100 }) }),
    },
    { requiredKeys: [], noNullPrototype: true },
  );
  let planned = 0;
  fc.assert(
    fc.property(anyRequest, (asked) => {
      const request = jobRequestSchema.safeParse(asked);
      if (!request.success) return;
      planned += 1;
      const made = bodyOf(request.data, null, 42);
      const second = planTasks(made, 2) ?? [];
      for (const [index, task] of [...planTasks(made).entries(), ...second.entries()]) {
        assert.ok(task.needs.every((need) => need < index));
        const read = taskSpecSchema.safeParse(JSON.parse(JSON.stringify(task.spec)));
        assert.ok(read.success, read.error?.message);
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(planned > 300, `${planned} requests were legal`);
});

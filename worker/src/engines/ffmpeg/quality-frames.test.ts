import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseMetadataLog, parseVmafLog, statisticsOf } from './quality-frames.ts';

/** As ffmpeg 5.1 and 7.0 write it for the pair vmaf_src01_576x324_10bit of FFRTMP_MEDIA, byte for byte. */
const psnrLog = `frame:0    pts:0       pts_time:0
lavfi.psnr.psnr.y=34.786289
frame:1    pts:1       pts_time:0.04
lavfi.psnr.psnr.y=31.908737
frame:2    pts:2       pts_time:0.08
lavfi.psnr.psnr.y=31.019333
`;

/** The same pair as the program vmaf 3.2.0 logged it, with two of its features. */
const vmaf3 = `{
  "version": "3.2.0",
  "fps": 40.57,
  "frames": [
    { "frameNum": 0, "metrics": { "integer_adm2": 0.962084, "integer_motion2": 0.000000, "vmaf": 83.856284 } },
    { "frameNum": 1, "metrics": { "integer_adm2": 0.949766, "integer_motion2": 4.214327, "vmaf": 82.639805 } },
    { "frameNum": 2, "metrics": { "integer_adm2": 0.943462, "integer_motion2": 4.214327, "vmaf": 81.196591 } }
  ],
  "pooled_metrics": {
    "vmaf": { "min": 81.196591, "max": 83.856284, "mean": 82.564227, "harmonic_mean": 82.550063 }
  },
  "aggregate_metrics": {
  }
}`;

/** The filter libvmaf 2.3.0 of ffmpeg 7.0.2: one frame in 7 of the pair vmaf_src01_160x90_8bit, with two features. */
const vmaf2 = `{
  "version": "2.3.0",
  "frames": [
    { "frameNum": 0, "metrics": { "integer_adm2": 0.988314, "integer_motion2": 0.000000, "vmaf": 93.913628 } },
    { "frameNum": 7, "metrics": { "integer_adm2": 0.982322, "integer_motion2": 1.150648, "vmaf": 92.478976 } },
    { "frameNum": 14, "metrics": { "integer_adm2": 0.976405, "integer_motion2": 1.114289, "vmaf": 90.286053 } },
    { "frameNum": 21, "metrics": { "integer_adm2": 0.984087, "integer_motion2": 1.621274, "vmaf": 93.170715 } },
    { "frameNum": 28, "metrics": { "integer_adm2": 0.980829, "integer_motion2": 1.321301, "vmaf": 92.186910 } },
    { "frameNum": 35, "metrics": { "integer_adm2": 0.978096, "integer_motion2": 1.354468, "vmaf": 92.050442 } },
    { "frameNum": 42, "metrics": { "integer_adm2": 0.984996, "integer_motion2": 1.520605, "vmaf": 94.616677 } }
  ],
  "pooled_metrics": {
    "vmaf": { "min": 93.913628, "max": 93.913628, "mean": 93.913628, "harmonic_mean": 93.913628 }
  },
  "aggregate_metrics": {
  }
}`;

test('The values of the frames are read from ffmpeg’s log, by their number in the film', () => {
  assert.deepEqual(parseMetadataLog(psnrLog), [
    { frame: 0, value: 34.786289 },
    { frame: 1, value: 31.908737 },
    { frame: 2, value: 31.019333 },
  ]);
  assert.deepEqual(parseMetadataLog('frame:1    pts:7       pts_time:0.28\nlavfi.psnr.psnr_avg=inf\n'), [
    { frame: 7, value: 100 },
  ]);
  assert.deepEqual(parseMetadataLog('frame:0    pts:0       pts_time:0\nlavfi.ssim.All=-nan\n'), []);
  assert.deepEqual(parseMetadataLog('frame:0    pts:0   '), [], 'a log that breaks off');
});

/** What libvmaf itself says of its frames. */
const pooled = (log: string) =>
  JSON.parse(log).pooled_metrics.vmaf as { min: number; mean: number; harmonic_mean: number };

test('Mean, harmonic mean and worst frame are those of libvmaf’s own summary', () => {
  const own = statisticsOf(parseVmafLog(vmaf3).frames, 3, 1) ?? fail();
  const theirs = pooled(vmaf3);
  assert.ok(Math.abs(own.mean - theirs.mean) < 2e-6, `mean ${own.mean}`);
  assert.ok(Math.abs(own.harmonic_mean - theirs.harmonic_mean) < 2e-6, `harmonic mean ${own.harmonic_mean}`);
  assert.equal(own.worst, theirs.min);
});

test('The summary of libvmaf 2.3, which pools the first frame alone of a sample, is not taken for the mean', () => {
  const { frames } = parseVmafLog(vmaf2);
  assert.equal(pooled(vmaf2).mean, frames[0]?.value);
  assert.equal(statisticsOf(frames, 48, 7)?.mean.toFixed(4), '92.6719');
});

test('A sampled log keeps the numbers its frames have in the film', () => {
  const { version, frames } = parseVmafLog(vmaf2);
  assert.equal(version, '2.3.0');
  assert.deepEqual(
    frames.map(({ frame }) => frame),
    [0, 7, 14, 21, 28, 35, 42],
  );
  const { count, of, interval, worst_frame: worst } = statisticsOf(frames, 48, 7) ?? fail();
  assert.deepEqual([count, of, interval, worst], [7, 48, 7, 14]);
});

const fail = (): never => assert.fail('no statistics');

test('A log that is none is refused, and a frame without a score is left out', () => {
  assert.throws(() => parseVmafLog('{"frames": 3}'));
  assert.throws(() => parseVmafLog(vmaf3.slice(0, 200)));
  assert.deepEqual(parseVmafLog('{"frames": [{"frameNum": 0, "metrics": {}}]}').frames, []);
});

test('Without frames there are no statistics', () => {
  assert.equal(statisticsOf([], 10, 1), null);
});

test('Of any film: worst, 5th percentile, harmonic mean and mean stand in this order', () => {
  const values = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(values, (all) => {
      const frames = all.map((value, frame) => ({ frame, value }));
      const {
        worst,
        p5,
        harmonic_mean: harmonic,
        mean,
        worst_frame: at,
      } = statisticsOf(frames, all.length, 1) ?? fail();
      assert.ok(worst <= p5 && worst <= harmonic + 1e-9 && harmonic <= mean + 1e-9);
      assert.equal(all[at], worst);
      const below = all.filter((value) => value <= p5).length;
      assert.ok(below >= Math.ceil(0.05 * all.length), 'at least 5 % are no better');
      assert.ok(all.filter((value) => value < p5).length < 0.05 * all.length + 1);
    }),
  );
});

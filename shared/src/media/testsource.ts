import type { GeneratedInput } from './encoding.ts';

/**
 * ffmpeg arguments that write a synthetic film: a moving test pattern, temporal noise over it (a clean pattern encodes
 * unrealistically well) and a stereo tone. `output` is an absolute path; the same arguments give the same frames on the
 * same ffmpeg build.
 */
export function testSourceArguments(input: GeneratedInput, output: string): string[] {
  const size = `${input.width}x${input.height}`;
  const video = `testsrc2=size=${size}:rate=${input.fps}:duration=${input.duration_s},noise=alls=12:allf=t+u:all_seed=1`;
  const audio = `sine=frequency=440:beep_factor=4:sample_rate=48000:duration=${input.duration_s}`;
  return [
    ...['-hide_banner', '-nostdin', '-y', '-f', 'lavfi', '-i', video, '-f', 'lavfi', '-i', audio],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-crf',
      '18',
      '-pix_fmt',
      'yuv420p',
      '-c:a',
      'aac',
      '-b:a',
      '128k',
      '-ac',
      '2',
    ],
    ...['-shortest', '-map_metadata', '-1', '-f', 'mp4', '-movflags', '+faststart', `file:${output}`],
  ];
}

import type { GeneratedInput } from './encoding.ts';

/**
 * ffmpeg arguments that write a synthetic film: a moving test pattern, temporal noise over it (a clean pattern encodes
 * unrealistically well) and a stereo tone that beeps every second. `output` is an absolute path; the same arguments give
 * the same frames on the same ffmpeg build. With noise 6 the 720p30 source has 24 Mb/s and x264 medium at CRF 23 makes
 * 3.6 Mb/s of it, which is what a lively camera shot takes; noise 12 gives the same result from a source of 61 Mb/s.
 */
export function testSourceArguments(input: GeneratedInput, output: string, threads?: number): string[] {
  const size = `${input.width}x${input.height}`;
  const video = `testsrc2=size=${size}:rate=${input.fps}:duration=${input.duration_s},noise=alls=6:allf=t+u:all_seed=1`;
  const audio = `sine=frequency=440:beep_factor=4:sample_rate=48000:duration=${input.duration_s}`;
  return [
    ...['-hide_banner', '-nostdin', '-y', '-f', 'lavfi', '-i', video, '-f', 'lavfi', '-i', audio],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '18', '-pix_fmt', 'yuv420p'],
    ...(threads === undefined ? [] : ['-threads', String(threads)]),
    ...['-c:a', 'aac', '-b:a', '128k', '-ac', '2'],
    // The picture decides the length, so that the last frame is never cut by the end of the tone.
    ...['-map', '0:v:0', '-map', '1:a:0', '-map_metadata', '-1'],
    ...['-f', 'mp4', '-movflags', '+faststart', `file:${output}`],
  ];
}

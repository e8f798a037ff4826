import type { Codec, Encode } from '@ffrtmp/shared/media/encoding';
import type { Film } from './probe.ts';

/** The same codec as ffprobe calls it. */
const probeNames: Record<Codec, string> = { h264: 'h264', h265: 'hevc', vp8: 'vp8', vp9: 'vp9', av1: 'av1' };
/** Containers round times, and sound may outlast the picture by a packet. */
const DURATION_TOLERANCE_S = 0.25;
const FRAME_TOLERANCE = 2;

/** Compares an output with its source and the encode that was asked for. Returns what is wrong; nothing is fine. Pure. */
export function verifyOutput(source: Film, output: Film, encode: Encode): string[] {
  const problems: string[] = [];
  if (output.codec !== probeNames[encode.codec])
    problems.push(`the codec is ${output.codec}, not ${probeNames[encode.codec]}`);
  const size = expectedSize(source, encode);
  if (Math.abs(output.width - size.width) > 1 || Math.abs(output.height - size.height) > 1)
    problems.push(`the picture is ${output.width}x${output.height}, not ${size.width}x${size.height}`);
  const duration = expectedDuration(source, encode);
  const tolerance = Math.max(DURATION_TOLERANCE_S, FRAME_TOLERANCE / (output.fps ?? 25));
  if (duration !== null && output.durationS !== null && Math.abs(output.durationS - duration) > tolerance)
    problems.push(`it lasts ${output.durationS.toFixed(2)} s, not ${duration.toFixed(2)} s`);
  const frames = expectedFrames(source, encode);
  if (frames !== null && output.frames !== null && Math.abs(output.frames - frames) > FRAME_TOLERANCE)
    problems.push(`it has ${output.frames} frames, not ${frames}`);
  return problems;
}

function expectedSize(source: Film, encode: Encode): { width: number; height: number } {
  const { width, height } = encode;
  if (width !== null && height !== null) return { width, height };
  if (width !== null) return { width, height: Math.round((source.height * width) / source.width) };
  if (height !== null) return { width: Math.round((source.width * height) / source.height), height };
  return source;
}

function expectedDuration(source: Film, encode: Encode): number | null {
  if (source.durationS === null) return encode.duration_s;
  const rest = Math.max(0, source.durationS - (encode.start_s ?? 0));
  return encode.duration_s === null ? rest : Math.min(rest, encode.duration_s);
}

/** Only a film that is neither cut nor resampled has a frame count known beforehand. */
function expectedFrames(source: Film, encode: Encode): number | null {
  const whole = encode.start_s === null && encode.duration_s === null && encode.fps === null;
  return whole ? source.frames : null;
}

import type { FrameStatistics } from '@ffrtmp/shared/energy/figure';
import { z } from 'zod';

/** The value of one frame, by its number in the film. */
export interface FrameValue {
  frame: number;
  value: number;
}

/**
 * ffmpeg prints `inf` for identical pictures, which no JSON number can say. 100 dB is beyond what 16-bit video can reach
 * (96.3 dB for an error of one step in every sample), so the cap is never mistaken for a measurement.
 */
export const IDENTICAL_DB = 100;

/** ffmpeg's number, with the cap for `inf`; NaN for anything else. */
export const decibels = (text: string | undefined) => (text === 'inf' ? IDENTICAL_DB : Number(text ?? Number.NaN));

/** What `metadata=mode=print` writes for one key: a line for the frame, whose timestamp is its number, and its value. Pure. */
export function parseMetadataLog(text: string): FrameValue[] {
  const frames = text.matchAll(/^frame:\d+\s+pts:(\d+)[^\n]*\n[\w.]+=(inf|-?[\d.]+)$/gm);
  return [...frames].map(([, frame, value]) => ({ frame: Number(frame), value: decibels(value) }));
}

const vmafLogSchema = z.looseObject({
  version: z.string().optional(),
  frames: z.array(z.looseObject({ frameNum: z.int(), metrics: z.looseObject({ vmaf: z.number().optional() }) })),
});

/**
 * libvmaf's log in its JSON form, as filter and program write it. Its own summary is left: libvmaf 2.3.0 pools the first
 * frame alone when it leaves out some. Throws where it is no such log. Pure.
 */
export function parseVmafLog(text: string): { version: string; frames: FrameValue[] } {
  const { version, frames } = vmafLogSchema.parse(JSON.parse(text));
  const known = frames.flatMap(({ frameNum, metrics }) =>
    metrics.vmaf === undefined ? [] : [{ frame: frameNum, value: metrics.vmaf }],
  );
  return { version: version ?? 'of unknown version', frames: known };
}

/** 5 % of the frames are no better than this. */
const LOW_SHARE = 0.05;

/** What a film of `of` frames came to, from its frames every `interval`; null without frames. Pure. */
export function statisticsOf(frames: readonly FrameValue[], of: number, interval: number): FrameStatistics | null {
  const [first] = frames;
  if (!first) return null;
  const count = frames.length;
  const sorted = frames.map(({ value }) => value).sort((a, b) => a - b);
  const worst = frames.reduce((low, one) => (one.value < low.value ? one : low), first);
  const inverse = frames.reduce((sum, { value }) => sum + 1 / (1 + value), 0);
  return {
    count,
    of,
    mean: frames.reduce((sum, { value }) => sum + value, 0) / count,
    harmonic_mean: count / inverse - 1,
    p5: sorted[Math.ceil(LOW_SHARE * count) - 1] ?? worst.value,
    worst: worst.value,
    worst_frame: worst.frame,
    interval,
  };
}

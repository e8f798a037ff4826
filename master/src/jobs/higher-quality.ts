import type { Codec, Encode } from '@ffrtmp/shared/media/encoding';

/**
 * By how much CRF falls for one step, on each encoder's own scale (0 to 51, or to 63). A step makes files 1.25 to 2 times
 * as large: measured with the software encoders on two camera films, 2026; the step of VP8 is by analogy.
 */
const CRF_STEP: Readonly<Record<Codec, number>> = { h264: 4, h265: 4, vp8: 6, vp9: 8, av1: 8 };
const BITRATE_FACTOR = 1.5;

function oneStep(encode: Encode): Encode | null {
  const { codec, crf, bitrate_kbps: kbps } = encode;
  const finer = crf === null ? null : Math.max(0, crf - CRF_STEP[codec]);
  if (finer === crf && kbps === null) return null;
  return { ...encode, crf: finer, bitrate_kbps: kbps === null ? null : kbps * BITRATE_FACTOR };
}

/**
 * The same encode so many steps higher in quality: CRF lower and bitrate (target or ceiling) higher. null where there is
 * nothing left to raise. Pure.
 */
export function higherQuality(encode: Encode, steps: number): Encode | null {
  let higher: Encode | null = encode;
  for (let step = 0; step < steps && higher !== null; step += 1) higher = oneStep(higher);
  return higher;
}

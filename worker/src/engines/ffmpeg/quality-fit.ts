import type { Encode } from '@ffrtmp/shared/media/encoding';
import { displayedSize, type MediaStream } from './media.ts';

/** Sides are made even, and hardware encoders round them once more. */
const SIZE_TOLERANCE = 2;
/**
 * Containers give a mean rate, which an edit list makes another one than the frames that are shown have: 28.03 of a phone's
 * film of 29.98. Rates that are taken for each other differ more: 24 or 25 and 30, 25 and 50.
 */
const RATE_TOLERANCE = 0.15;

type Made = Pick<Encode, 'width' | 'height' | 'fps' | 'start_s' | 'duration_s'>;

function sizeMisfit(distorted: MediaStream, reference: MediaStream, { width, height }: Made): string | null {
  const [made, source] = [displayedSize(distorted), displayedSize(reference)];
  if (!made || !source) return null;
  const wanted = {
    width: width ?? (height === null ? source.width : (source.width * height) / source.height),
    height: height ?? (width === null ? source.height : (source.height * width) / source.width),
  };
  const off = Math.max(Math.abs(made.width - wanted.width), Math.abs(made.height - wanted.height));
  if (off <= SIZE_TOLERANCE) return null;
  const shown = `${Math.round(wanted.width)}x${Math.round(wanted.height)}`;
  return `the result is ${made.width}x${made.height}, and of this source (${source.width}x${source.height}) it would be ${shown}`;
}

function rateMisfit(distorted: MediaStream, reference: MediaStream, encode: Made): string | null {
  // The mean rate of a part may be another one than that of the whole.
  if (encode.fps === null && (encode.start_s !== null || encode.duration_s !== null)) return null;
  const [made, wanted] = [distorted.fps, encode.fps ?? reference.fps];
  if (!made || !wanted || Math.abs(made - wanted) <= RATE_TOLERANCE * wanted) return null;
  return `the result has ${made.toFixed(2)} frames a second, and of this source it would have ${wanted.toFixed(2)}`;
}

/**
 * Why two films cannot be the result and the source of this encode, or null. Frames are compared by number and the result
 * is scaled to the source: of a wrong pair that gives a number which looks like any other. Pure.
 */
export function misfitOf(distorted: MediaStream, reference: MediaStream, encode: Made): string | null {
  return sizeMisfit(distorted, reference, encode) ?? rateMisfit(distorted, reference, encode);
}

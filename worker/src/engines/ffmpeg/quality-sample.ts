import type { MediaStream } from './media.ts';

/** A film up to this long is compared whole. */
const WHOLE_S = 600;
/** The logs of so many frames are some tens of MB, which an agent may hold in memory while it reads them. */
const MAX_COMPARED = 100_000;

/** Coprime to 2, 3 and 5: encoders repeat their frame types every 2, 4, 8, 12, 25, 30, 50, 60 ... frames. */
const avoidsRhythm = (interval: number) => interval % 2 !== 0 && interval % 3 !== 0 && interval % 5 !== 0;

function atLeast(interval: number): number {
  let next = interval;
  while (next > 1 && !avoidsRhythm(next)) next += 1;
  return next;
}

/**
 * Every how many frames two films are compared: 1 is each of them. `auto` takes about as many of a long film as ten
 * minutes have, at a distance that never falls into the rhythm of the encoder's frame types. A film whose length the
 * container does not say is compared whole. Pure.
 */
export function sampleInterval(sample: 'auto' | number, picture: Pick<MediaStream, 'frames' | 'duration_s' | 'fps'>) {
  const { duration_s: seconds, fps } = picture;
  const frames = picture.frames ?? (seconds && fps ? seconds * fps : 0);
  const lengthS = seconds ?? (fps ? frames / fps : 0);
  const wanted = sample === 'auto' ? atLeast(Math.ceil(lengthS / WHOLE_S)) : sample;
  const needed = Math.ceil(frames / MAX_COMPARED);
  return Math.max(1, wanted >= needed ? wanted : atLeast(needed));
}

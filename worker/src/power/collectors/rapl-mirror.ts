/** How long two packages of one socket have shown the same energy. */
export interface MirrorWatch {
  agreeing: number;
  lowUj: number;
  highUj: number;
}

export const noMirror: MirrorWatch = { agreeing: 0, lowUj: Number.POSITIVE_INFINITY, highUj: 0 };

/** Two counters that are one agree far better than two cores of a kind ever do (research/energy.md 1.4, rule 7). */
const AGREEMENT = 0.001;
const SAMPLES = 20;
/** Equal idle draws prove nothing: the load must have changed meanwhile. */
const CHANGE = 1.5;

/** Looks at one more pair of energies, taken over the same second. Pure. */
export function watchMirror(watch: MirrorWatch, aUj: number, bUj: number): MirrorWatch {
  const larger = Math.max(aUj, bUj);
  if (larger === 0) return watch;
  if (Math.abs(aUj - bUj) > AGREEMENT * larger) return noMirror;
  return {
    agreeing: watch.agreeing + 1,
    lowUj: Math.min(watch.lowUj, larger),
    highUj: Math.max(watch.highUj, larger),
  };
}

/** Is the one the mirror of the other, so that only one may count? Pure. */
export const isMirrored = ({ agreeing, lowUj, highUj }: MirrorWatch) => agreeing >= SAMPLES && highUj >= CHANGE * lowUj;

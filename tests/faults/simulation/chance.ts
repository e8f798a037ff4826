/** A stream of chance that a seed determines. */
export interface Chance {
  /** From 0 to below 1. */
  next: () => number;
  /** From `low` to below `high`. */
  between: (low: number, high: number) => number;
  /** A whole number from 0 to below `count`. */
  below: (count: number) => number;
  is: (probability: number) => boolean;
  pick: <T>(items: readonly T[]) => T;
  hex: (digits: number) => string;
  /** A stream of its own, so that one part of the world drawing more often moves nothing in another. */
  fork: (name: string) => Chance;
}

/** Mixes a text into 32 bits (FNV-1a). */
function mix(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** The generator sfc32, started from a text. */
export function chanceOf(name: string): Chance {
  let [a, b, c, d] = [mix(`${name}/a`), mix(`${name}/b`), mix(`${name}/c`), 1];
  function word(): number {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  }
  for (let round = 0; round < 12; round += 1) word();
  const next = () => word() / 2 ** 32;
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    below: (count) => Math.floor(next() * count),
    is: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] as (typeof items)[number],
    hex: (digits) => Array.from({ length: digits }, () => (word() & 15).toString(16)).join(''),
    fork: (part) => chanceOf(`${name}/${part}`),
  };
}

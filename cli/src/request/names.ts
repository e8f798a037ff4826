import { parse } from 'node:path';
import type { Encode } from '@ffrtmp/shared/media/encoding';

/** A name that the contract takes for a file: no folder, no leading dot, no control characters, at most 200 letters. */
export function fileName(name: string): string {
  const clean = name
    .replace(/[/\\\p{Cc}]/gu, '_')
    .replace(/^\.+/, '_')
    .slice(-200);
  return clean === '' ? '_' : clean;
}

/** `film.mkv` encoded into mp4 is `film.mp4`. */
export const outputNameFor = (input: string, container: Encode['container']) =>
  fileName(`${parse(input).name}.${container}`);

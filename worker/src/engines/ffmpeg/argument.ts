import { isAbsolute } from 'node:path';

/**
 * A path as ffmpeg takes it. The prefix keeps names such as `a:b.mp4` or `-y` from being read as a protocol or an
 * option; a relative path would depend on where the agent happens to stand, so it is a mistake of the caller.
 */
export function fileUrl(path: string): string {
  if (!isAbsolute(path)) throw new TypeError(`ffmpeg paths must be absolute, not ${path}`);
  return `file:${path}`;
}

/** Numbers without exponent and with at most microseconds, as ffmpeg's parser takes them. */
export function decimal(value: number): string {
  return String(Number(value.toFixed(6)));
}

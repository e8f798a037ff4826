const patterns = [
  /264 - core (?<x264>\d+ r\S+)/,
  /x265 \[info\]: HEVC encoder version (?<x265>\S+)/,
  /SVT-AV1 Encoder Lib (?<svtav1>\S+)/i,
  /\[libvpx\S* @ 0x[0-9a-f]+\] v(?<libvpx>\d\S*)/,
];

/** Library and version as the encoder names itself in ffmpeg's log (`x264 164 r3095`), or null. Pure. */
export function encoderVersionOf(stderr: string): string | null {
  for (const pattern of patterns) {
    const [found] = Object.entries(pattern.exec(stderr)?.groups ?? {});
    if (found) return found.join(' ');
  }
  return null;
}

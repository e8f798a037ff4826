/** Units are parsed once, here; everything behind this file works with plain numbers whose names end in their unit. */

const bitrateUnitKbps: Record<string, number> = { '': 0.001, k: 1, m: 1000, g: 1_000_000 };

/** `15000k`, `15M`, `2500000` (bits per second) -> kilobits per second, or undefined when the text is none of these. */
export function parseBitrateKbps(text: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:bit\/s|bps|b)?$/i.exec(String(text).trim());
  if (!match) return undefined;
  const kbps = Number(match[1]) * (bitrateUnitKbps[match[2]?.toLowerCase() ?? ''] ?? 0);
  return kbps > 0 ? kbps : undefined;
}

const durationUnitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `5s`, `2m`, `1h`, `7d`; a bare number counts seconds. -> milliseconds, or undefined. */
export function parseDurationMs(text: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/i.exec(String(text).trim());
  return match ? Math.round(Number(match[1]) * (durationUnitMs[match[2]?.toLowerCase() ?? 's'] ?? 0)) : undefined;
}

const byteUnits: Record<string, number> = {
  ...{ '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 },
  ...{ ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30, ti: 2 ** 40 },
};

/** `500MB`, `10GB`, `2TiB`; a bare number counts bytes. -> bytes, or undefined. */
export function parseBytes(text: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?$/i.exec(String(text).trim());
  return match ? Math.round(Number(match[1]) * (byteUnits[match[2]?.toLowerCase() ?? ''] ?? 0)) : undefined;
}

/** `ffmpeg` clock text (`00:01:02.5`) or seconds -> seconds, or undefined. */
export function parseClockS(text: string | number): number | undefined {
  const plain = /^\d+(?:\.\d+)?$/.exec(String(text).trim());
  if (plain) return Number(plain[0]);
  const match = /^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d+)?)$/.exec(String(text).trim());
  return match ? Number(match[1] ?? 0) * 3600 + Number(match[2]) * 60 + Number(match[3]) : undefined;
}

export interface FrameSize {
  width: number;
  height: number;
}

/** The sides an encode may have; the contract refuses others. */
export const MIN_SIDE = 16;
export const MAX_SIDE = 16_384;

const namedSizes: Record<string, FrameSize> = {
  '8k': { width: 7680, height: 4320 },
  '4k': { width: 3840, height: 2160 },
  '2160p': { width: 3840, height: 2160 },
  '1440p': { width: 2560, height: 1440 },
  '1080p': { width: 1920, height: 1080 },
  '720p': { width: 1280, height: 720 },
  '480p': { width: 854, height: 480 },
  '360p': { width: 640, height: 360 },
};

/** `1080p`, `4K` or `1280x720` -> pixels, or undefined. Both sides are even, as 4:2:0 video needs, and 16 to 16384. */
export function parseFrameSize(text: string): FrameSize | undefined {
  const name = text.trim().toLowerCase();
  if (Object.hasOwn(namedSizes, name)) return { ...(namedSizes[name] as FrameSize) };
  const match = /^(\d{2,5})[x×](\d{2,5})$/i.exec(text.trim());
  if (!match) return undefined;
  const width = Number(match[1]);
  const height = Number(match[2]);
  const fits = (side: number) => side % 2 === 0 && side >= MIN_SIDE && side <= MAX_SIDE;
  return fits(width) && fits(height) ? { width, height } : undefined;
}

/** Rates as ffprobe prints them (`30000/1001`, `25`) -> frames per second, or undefined. */
export function parseRate(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(?:\/(\d+))?$/.exec(text.trim());
  if (!match) return undefined;
  const rate = Number(match[1]) / Number(match[2] ?? 1);
  return Number.isFinite(rate) && rate > 0 ? rate : undefined;
}

/** 1,536 -> `1.54 kB`: decimal units, as disks and networks are sold. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  // From 999.95 on one decimal would print 1000.0: that is the next unit’s 1.00.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

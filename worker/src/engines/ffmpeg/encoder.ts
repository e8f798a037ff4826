import type { Encode } from '@ffrtmp/shared/media/encoding';
import { decimal } from './argument.ts';

/** Encoders of one family take the same options. */
export type Family = 'x264' | 'x265' | 'svtav1' | 'vpx' | 'nvenc' | 'qsv' | 'vaapi';

export function familyOf(encoder: string): Family {
  if (encoder === 'libx265') return 'x265';
  if (encoder === 'libsvtav1') return 'svtav1';
  if (encoder.startsWith('libvpx')) return 'vpx';
  const hardware = (['nvenc', 'qsv', 'vaapi'] as const).find((kind) => encoder.endsWith(`_${kind}`));
  return hardware ?? 'x264';
}

export interface Device {
  /** Before the inputs. */
  global: string[];
  /** At the end of the filter chain: the picture as the device takes it. */
  filters: string[];
}

/** What an encoder needs besides its name: an opened device and frames in its memory. NVENC uploads by itself. */
export function deviceOf(encoder: string, tenBit = false): Device {
  const format = tenBit ? 'format=p010le' : 'format=nv12';
  if (encoder.endsWith('_vaapi'))
    return { global: ['-vaapi_device', '/dev/dri/renderD128'], filters: [format, 'hwupload'] };
  if (encoder.endsWith('_qsv')) {
    // The extra frames are what QSV's look-ahead holds back; the pool may not grow later.
    return {
      global: ['-init_hw_device', 'qsv=hw', '-filter_hw_device', 'hw'],
      filters: [format, 'hwupload=extra_hw_frames=16'],
    };
  }
  return { global: [], filters: [] };
}

const named = 'ultrafast superfast veryfast faster fast medium slow slower veryslow placebo'.split(' ');
/** The nearest setting of each family to x264's names, fastest first. Unknown words go through: ffmpeg refuses them. */
const nearest: Partial<Record<Family, readonly (string | number)[]>> = {
  svtav1: [12, 11, 10, 9, 8, 7, 5, 4, 3, 1],
  vpx: [5, 5, 5, 4, 3, 2, 1, 0, 0, 0],
  nvenc: ['p1', 'p1', 'p2', 'p3', 'p3', 'p4', 'p5', 'p6', 'p7', 'p7'],
  qsv: ['veryfast', 'veryfast', 'veryfast', 'faster', 'fast', 'medium', 'slow', 'slower', 'veryslow', 'veryslow'],
};

function presetArguments(family: Family, preset: string | null): string[] {
  if (family === 'vaapi') return [];
  const deadline = family === 'vpx' ? ['-deadline', 'good'] : [];
  if (preset === null) return deadline;
  const word = String(nearest[family]?.[named.indexOf(preset)] ?? preset);
  if (family === 'vpx') return [...deadline, '-cpu-used', word];
  return ['-preset', family === 'nvenc' && /^[1-7]$/.test(word) ? `p${word}` : word];
}

/**
 * Peak 1.5 times the target over a buffer of two seconds keeps players from running dry without starving hard scenes;
 * Apple's HLS rules allow up to 2 times.
 */
const PEAK = 1.5;
const BUFFER_S = 2;

/**
 * VP8 knows no pure constant quality: without a bitrate libvpx aims at 256 kb/s whatever the CRF says (measured: 246 kb/s
 * at CRF 10, 1,714 kb/s with this ceiling).
 */
const VP8_CEILING_KBPS = 50_000;

function qualityArguments(family: Family, crf: number, encoder: string): string[] {
  const whole = String(Math.round(crf));
  switch (family) {
    case 'x264':
    case 'x265':
      return ['-crf', decimal(crf)];
    case 'svtav1':
      return ['-crf', whole];
    case 'vpx':
      return ['-crf', whole, '-b:v', encoder === 'libvpx' ? `${VP8_CEILING_KBPS}k` : '0'];
    case 'nvenc':
      return ['-rc', 'vbr', '-cq', decimal(crf), '-b:v', '0'];
    case 'qsv':
      return ['-global_quality', whole];
    case 'vaapi':
      // Only the H.264 and HEVC encoders of VAAPI have `-qp`.
      return ['-rc_mode', 'CQP', /^(h264|hevc)_/.test(encoder) ? '-qp' : '-global_quality', whole];
  }
}

function rateArguments(family: Family, encode: Encode): string[] {
  const { crf, bitrate_kbps: kbps } = encode;
  if (crf === null && kbps === null) return [];
  if (crf !== null && kbps === null) return qualityArguments(family, crf, encode.encoder);
  const target = Math.round(kbps ?? 0);
  const buffer = ['-bufsize', `${target * BUFFER_S}k`];
  if (crf !== null) {
    // libvpx reads -b:v beside -crf as the ceiling; VAAPI has no quality with a ceiling, so the ceiling is the target.
    if (family === 'vpx') return ['-crf', String(Math.round(crf)), '-b:v', `${target}k`];
    if (family === 'vaapi') return ['-rc_mode', 'VBR', '-b:v', `${target}k`, '-maxrate', `${target}k`, ...buffer];
    return [...qualityArguments(family, crf, encode.encoder), '-maxrate', `${target}k`, ...buffer];
  }
  const modes: Partial<Record<Family, string[]>> = { nvenc: ['-rc', 'vbr'], vaapi: ['-rc_mode', 'VBR'] };
  return [...(modes[family] ?? []), '-b:v', `${target}k`, '-maxrate', `${Math.round(target * PEAK)}k`, ...buffer];
}

/** A limit on threads that the encoder really obeys: x265 and SVT-AV1 make pools of their own beside `-threads`. */
function threadArguments(encoder: string, threads: number): string[] {
  const pools: Record<string, string[]> = {
    libx265: ['-x265-params', `pools=${threads}`],
    libsvtav1: ['-svtav1-params', `lp=${threads}`],
    'libvpx-vp9': ['-row-mt', '1'],
  };
  return ['-threads', String(threads), ...(pools[encoder] ?? [])];
}

/** Encoder, preset, rate control and threads of one encode. Pure. */
export function encoderArguments(encode: Encode, threads: number): string[] {
  const family = familyOf(encode.encoder);
  return [
    ...['-c:v', encode.encoder],
    ...presetArguments(family, encode.preset),
    ...rateArguments(family, encode),
    ...threadArguments(encode.encoder, threads),
  ];
}

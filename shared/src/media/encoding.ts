import { z } from 'zod';

export const codecs = ['h264', 'h265', 'vp8', 'vp9', 'av1'] as const;
export type Codec = (typeof codecs)[number];
export const hardwareKinds = ['nvenc', 'qsv', 'vaapi'] as const;
export type Hardware = (typeof hardwareKinds)[number];
export const containers = ['mp4', 'mkv', 'webm'] as const;

interface CodecFacts {
  software: string;
  hardware: Partial<Record<Hardware, string>>;
  crf: number;
  maxCrf: number;
  preset: string | null;
  container: (typeof containers)[number];
}

/** The encoders of each codec and what is used where a job is silent. CRF defaults are the encoders' own. */
export const codecFacts: Record<Codec, CodecFacts> = {
  h264: {
    software: 'libx264',
    hardware: { nvenc: 'h264_nvenc', qsv: 'h264_qsv', vaapi: 'h264_vaapi' },
    crf: 23,
    maxCrf: 51,
    preset: 'medium',
    container: 'mp4',
  },
  h265: {
    software: 'libx265',
    hardware: { nvenc: 'hevc_nvenc', qsv: 'hevc_qsv', vaapi: 'hevc_vaapi' },
    crf: 28,
    maxCrf: 51,
    preset: 'medium',
    container: 'mp4',
  },
  vp8: { software: 'libvpx', hardware: { vaapi: 'vp8_vaapi' }, crf: 10, maxCrf: 63, preset: null, container: 'webm' },
  vp9: {
    software: 'libvpx-vp9',
    hardware: { qsv: 'vp9_qsv', vaapi: 'vp9_vaapi' },
    crf: 31,
    maxCrf: 63,
    preset: null,
    container: 'webm',
  },
  av1: {
    software: 'libsvtav1',
    hardware: { nvenc: 'av1_nvenc', qsv: 'av1_qsv', vaapi: 'av1_vaapi' },
    crf: 35,
    maxCrf: 63,
    preset: '8',
    container: 'mp4',
  },
};

export const DEFAULT_FRAME_SIZE = { width: 1280, height: 720 };
export const DEFAULT_FPS = 30;
export const DEFAULT_DURATION_S = 10;

/** What one encode does, every choice made: the job shows it, the agent turns it into argv. null = as the source has it. */
export const encodeSchema = z
  .object({
    codec: z.enum(codecs),
    encoder: z.string().max(64).describe('ffmpeg encoder name'),
    preset: z.string().max(32).nullable(),
    crf: z.number().min(0).max(63).nullable(),
    bitrate_kbps: z.number().positive().nullable().describe('target, or the ceiling when `crf` is set too'),
    width: z.int().min(16).max(16384).nullable(),
    height: z.int().min(16).max(16384).nullable(),
    fps: z.number().positive().max(1000).nullable(),
    pix_fmt: z.string().max(32).nullable(),
    gop_s: z.number().positive().max(60).nullable().describe('longest distance between keyframes, seconds'),
    start_s: z.number().min(0).nullable(),
    duration_s: z.number().positive().nullable(),
    audio_codec: z.enum(['aac', 'libopus', 'copy', 'none']),
    audio_bitrate_kbps: z.number().positive().nullable(),
    container: z.enum(containers),
  })
  .meta({ id: 'Encode' });
export type Encode = z.infer<typeof encodeSchema>;

/** A day: longer synthetic films only fill disks. */
export const MAX_GENERATED_S = 86_400;

/** The synthetic input of a job that brings none: moving pattern, noise and a tone. */
export const generatedInputSchema = z
  .object({
    width: z.int().min(16).max(16384),
    height: z.int().min(16).max(16384),
    fps: z.number().positive().max(1000),
    duration_s: z.number().positive().max(MAX_GENERATED_S),
  })
  .meta({ id: 'GeneratedInput' });
export type GeneratedInput = z.infer<typeof generatedInputSchema>;

/** The codec that an explicit encoder name belongs to, or undefined for a name this system does not know. */
export function codecOfEncoder(encoder: string): Codec | undefined {
  return codecs.find((codec) => {
    const facts = codecFacts[codec];
    return facts.software === encoder || Object.values(facts.hardware).includes(encoder);
  });
}

/** Every encoder a job may name, software first: what agents prove at start. */
export function knownEncoders(): string[] {
  return codecs.flatMap((codec) => [codecFacts[codec].software, ...Object.values(codecFacts[codec].hardware)]);
}

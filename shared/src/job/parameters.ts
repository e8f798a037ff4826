import { z } from 'zod';
import { codecs, containers } from '../media/encoding.ts';
import { parseBitrateKbps, parseClockS, parseFrameSize } from '../media/units.ts';
import { freeValueSchema } from './free-value.ts';

const bitrate = z.union([z.string(), z.number()]).refine((text) => parseBitrateKbps(text) !== undefined, {
  error: 'is not a bitrate: write 2500k, 4M or bits per second',
});
const seconds = z
  .union([z.string(), z.number()])
  .refine((text) => parseClockS(text) !== undefined, { error: 'is not a time: write seconds or HH:MM:SS' });
const length = seconds.refine((text) => parseClockS(text) !== 0, { error: 'is no length: it must be above 0' });

/** The typed part of a job's free `parameters` map. Other keys are stored, returned and named in `warnings`. */
export const parametersSchema = z
  .looseObject({
    codec: z
      .enum([...codecs, 'hevc'])
      .optional()
      .describe('what to encode to'),
    encoder: z.string().max(64).optional().describe('an ffmpeg encoder by name, e.g. `libsvtav1`'),
    preset: z
      .union([z.string().max(32), z.number()])
      .optional()
      .describe('of the encoder: `veryfast`, or 8 for SVT-AV1'),
    crf: z
      .number()
      .min(0)
      .max(63)
      .optional()
      .describe('constant quality; a lower number is a better picture and a larger file'),
    bitrate: bitrate.optional().describe('`15000k`, `15M`; with `crf` it is the ceiling'),
    resolution: z
      .string()
      .refine((text) => parseFrameSize(text) !== undefined, {
        error: 'is not a frame size: write 1080p or 1280x720 (even sides)',
      })
      .optional()
      .describe('`1080p`, `4K` or `1280x720`'),
    width: z.int().min(16).max(16384).multipleOf(2).optional().describe('pixels'),
    height: z.int().min(16).max(16384).multipleOf(2).optional().describe('pixels'),
    fps: z.number().positive().max(1000).optional().describe('frames per second'),
    pix_fmt: z
      .string()
      .regex(/^[a-z0-9]{1,32}$/)
      .optional()
      .describe('pixel format by ffmpeg’s name, e.g. `yuv420p10le`'),
    gop_s: z.number().positive().max(60).optional().describe('longest distance between keyframes, seconds'),
    start: seconds.optional().describe('where in the input to begin'),
    duration: length.optional().describe('how much of the input to encode; the length of a generated input'),
    audio_codec: z.enum(['aac', 'libopus', 'copy', 'none']).optional().describe('`none` drops the sound'),
    audio_bitrate: bitrate.optional().describe('`128k`'),
    container: z.enum(containers).optional().describe('file format of the output'),
  })
  .catchall(freeValueSchema)
  .meta({ id: 'Parameters' });
export type Parameters = z.infer<typeof parametersSchema>;

/** Keys of the map that change nothing, for the `warnings` of the reply. */
export function unknownParameters(parameters: Parameters): string[] {
  return Object.keys(parameters).filter((key) => !Object.hasOwn(parametersSchema.shape, key));
}

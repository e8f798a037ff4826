import {
  type Codec,
  codecFacts,
  codecOfEncoder,
  DEFAULT_DURATION_S,
  DEFAULT_FPS,
  DEFAULT_FRAME_SIZE,
  type Encode,
  type GeneratedInput,
  MAX_GENERATED_S,
} from '../media/encoding.ts';
import { MAX_SIDE, MIN_SIDE, parseBitrateKbps, parseClockS, parseFrameSize } from '../media/units.ts';
import { type Parameters, unknownParameters } from './parameters.ts';
import { parseScenario, type Scenario } from './scenario.ts';

export interface ResolvedEncode {
  encode: Encode;
  /** Set when the job brings no input: what the agent generates. */
  generate: GeneratedInput | null;
  warnings: string[];
}

/** WebM holds VP8, VP9 and AV1 alone, and MP4 no VP8: another wish is granted as far as the container can. */
function resolveContainer(parameters: Parameters, codec: Codec, warnings: string[]): Encode['container'] {
  const wanted = parameters.container ?? codecFacts[codec].container;
  const free = codec === 'vp8' || codec === 'vp9' || codec === 'av1';
  const fits = wanted === 'mkv' || (wanted === 'webm' ? free : codec !== 'vp8');
  if (fits) return wanted;
  warnings.push(`parameters.container: ${wanted} cannot hold ${codec}; ${codecFacts[codec].container} is used`);
  return codecFacts[codec].container;
}

function resolveEncoder(
  scenario: Scenario,
  parameters: Parameters,
  warnings: string[],
): { codec: Codec; encoder: string } {
  if (parameters.encoder !== undefined) {
    const codec = codecOfEncoder(parameters.encoder);
    if (codec) return { codec, encoder: parameters.encoder };
    warnings.push(`parameters.encoder: "${parameters.encoder}" is not an encoder this system knows; the codec decides`);
  }
  const codec = parameters.codec === 'hevc' ? 'h265' : (parameters.codec ?? scenario.codec ?? 'h264');
  const facts = codecFacts[codec];
  const hardware = scenario.hardware && facts.hardware[scenario.hardware];
  if (scenario.hardware && !hardware)
    warnings.push(`scenario: ${codec} has no ${scenario.hardware} encoder; software is used`);
  return { codec, encoder: hardware ?? facts.software };
}

/** WebM holds Opus (and Vorbis) alone. */
function resolveAudio(
  parameters: Parameters,
  container: Encode['container'],
  warnings: string[],
): Encode['audio_codec'] {
  if (container !== 'webm') return parameters.audio_codec ?? 'aac';
  if (parameters.audio_codec === 'aac') warnings.push('parameters.audio_codec: webm cannot hold aac; libopus is used');
  return parameters.audio_codec === undefined || parameters.audio_codec === 'aac' ? 'libopus' : parameters.audio_codec;
}

/** A name like 720p fixes the height; a real film keeps its own shape, a generated one is 16:9. */
function resolveSize(scenario: Scenario, parameters: Parameters, hasInput: boolean) {
  const text = parameters.resolution;
  const exact = text !== undefined && /^\d+[x×]\d+$/i.test(text.trim());
  const named = text === undefined ? scenario.size : parseFrameSize(text);
  const width = hasInput && !exact ? null : (named?.width ?? null);
  const single = parameters.width !== undefined || parameters.height !== undefined;
  if (single && !exact) return { width: parameters.width ?? null, height: parameters.height ?? null };
  return { width: parameters.width ?? width, height: parameters.height ?? named?.height ?? null };
}

function resolveRate(scenario: Scenario, parameters: Parameters, codec: Codec) {
  const bitrate = parameters.bitrate === undefined ? null : (parseBitrateKbps(parameters.bitrate) ?? null);
  // A bitrate given explicitly wins over a CRF that only stands in the name; both given explicitly is a capped CRF.
  const named = bitrate === null ? (scenario.crf ?? codecFacts[codec].crf) : null;
  const crf = parameters.crf ?? named;
  return { bitrate_kbps: bitrate, crf: crf === null ? null : Math.min(crf, codecFacts[codec].maxCrf) };
}

/** Turns name, parameters and the presence of a real input into one encode with every choice made. Pure. */
export function resolveEncode(job: { scenario: string; parameters: Parameters; hasInput: boolean }): ResolvedEncode {
  const { parameters } = job;
  const scenario = parseScenario(job.scenario);
  const warnings = [
    ...scenario.unknown.map((part) => `scenario: the part "${part}" is not understood and has no effect`),
    ...unknownParameters(parameters).map((key) => `parameters.${key}: not known here; stored, without effect`),
  ];
  const { codec, encoder } = resolveEncoder(scenario, parameters, warnings);
  const facts = codecFacts[codec];
  const size = resolveSize(scenario, parameters, job.hasInput);
  const container = resolveContainer(parameters, codec, warnings);
  const duration = parameters.duration === undefined ? null : (parseClockS(parameters.duration) ?? null);
  const softwarePreset = facts.software === encoder ? facts.preset : null;
  const encode: Encode = {
    codec,
    encoder,
    preset: parameters.preset === undefined ? (scenario.preset ?? softwarePreset) : String(parameters.preset),
    ...resolveRate(scenario, parameters, codec),
    ...size,
    fps: parameters.fps ?? scenario.fps ?? null,
    pix_fmt: parameters.pix_fmt ?? null,
    gop_s: parameters.gop_s ?? null,
    start_s: parameters.start === undefined ? null : (parseClockS(parameters.start) ?? null),
    duration_s: duration,
    audio_codec: resolveAudio(parameters, container, warnings),
    audio_bitrate_kbps:
      parameters.audio_bitrate === undefined ? null : (parseBitrateKbps(parameters.audio_bitrate) ?? null),
    container,
  };
  return job.hasInput ? { encode, generate: null, warnings } : { ...generated(encode, warnings), warnings };
}

/** A generated input already has the wanted size, rate and length, so nothing is scaled or cut afterwards. */
function generated(encode: Encode, warnings: string[]): { encode: Encode; generate: GeneratedInput } {
  const width =
    encode.width ?? (encode.height === null ? DEFAULT_FRAME_SIZE.width : evenSide((encode.height * 16) / 9));
  const height =
    encode.height ?? (encode.width === null ? DEFAULT_FRAME_SIZE.height : evenSide((encode.width * 9) / 16));
  const fps = encode.fps ?? DEFAULT_FPS;
  const duration_s = Math.min(encode.duration_s ?? DEFAULT_DURATION_S, MAX_GENERATED_S);
  if (duration_s < (encode.duration_s ?? 0))
    warnings.push(`parameters.duration: a generated film ends after ${MAX_GENERATED_S} s`);
  return {
    encode: { ...encode, width, height, fps, start_s: null, duration_s },
    generate: { width, height, fps, duration_s },
  };
}

const evenSide = (pixels: number) => Math.min(MAX_SIDE, Math.max(MIN_SIDE, 2 * Math.round(pixels / 2)));

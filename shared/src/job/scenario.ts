import { type Codec, codecs, type Hardware, hardwareKinds } from '../media/encoding.ts';
import { type FrameSize, parseFrameSize } from '../media/units.ts';

/** What a scenario name says; a part it is silent about is absent. */
export interface Scenario {
  size?: FrameSize;
  fps?: number;
  codec?: Codec;
  hardware?: Hardware;
  crf?: number;
  preset?: string;
  /** Parts that mean nothing to the grammar: they become `warnings` of the reply. */
  unknown: string[];
}

/** A Map, because a name is free text: a plain object would find `constructor` among its codecs. */
const codecNames = new Map<string, Codec>([
  ...codecs.map((codec): [string, Codec] => [codec, codec]),
  ['hevc', 'h265'],
]);
const prefixes = new Set(['live', 'batch', 'test']);
const presetPart =
  /^(?:ultrafast|superfast|veryfast|faster|fast|medium|slow|slower|veryslow|placebo|p[1-7]|preset(?:1[0-3]|[0-9]))$/;
const sizePart = /^(8k|4k|2160p|1440p|1080p|720p|480p|360p)(\d{1,3}(?:\.\d{1,3})?)?$/;

function readPart(scenario: Scenario, part: string): boolean {
  const size = sizePart.exec(part);
  const codec = codecNames.get(part);
  const hardware = hardwareKinds.find((kind) => kind === part);
  const crf = /^crf(\d{1,2})$/.exec(part);
  if (size && Number(size[2] ?? 1) > 0) {
    scenario.size ??= parseFrameSize(size[1] ?? '');
    if (size[2]) scenario.fps ??= Number(size[2]);
  } else if (codec) scenario.codec ??= codec;
  else if (hardware) scenario.hardware ??= hardware;
  else if (crf && Number(crf[1]) <= 63) scenario.crf ??= Number(crf[1]);
  else if (presetPart.test(part)) scenario.preset ??= part.replace(/^preset/, '');
  else return false;
  return true;
}

/**
 * Reads `[live|batch|test]-(8K|4K|2160p|...|360p)[fps]-(h264|h265|hevc|vp8|vp9|av1)[-nvenc|-qsv|-vaapi][-crfNN][-preset]`,
 * parts in any order, upper or lower case. A prefix never sets the queue. The first of two parts of a kind counts.
 */
export function parseScenario(name: string): Scenario {
  const scenario: Scenario = { unknown: [] };
  const parts = name.split('-').filter((part) => part !== '');
  for (const [index, part] of parts.entries()) {
    const word = part.toLowerCase();
    if (index === 0 && prefixes.has(word)) continue;
    if (!readPart(scenario, word)) scenario.unknown.push(part);
  }
  return scenario;
}

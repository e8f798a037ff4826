import type { JobRequestInput } from '@ffrtmp/shared/job/job';
import type { Parameters } from '@ffrtmp/shared/job/parameters';
import type { Node } from '@ffrtmp/shared/node/node';

/** One of the encodes that the demo compares. */
export interface DemoEncode {
  name: string;
  /** Part of the output's file name. */
  slug: string;
  parameters: Parameters;
}

/** Of the two newer codecs the first that a node has proven; x265 needs no proof to be named in the error. */
export function demoEncodes(nodes: readonly Node[]): DemoEncode[] {
  const proven = new Set(nodes.flatMap((node) => node.encoders.filter((e) => e.works).map((e) => e.name)));
  const third: DemoEncode = proven.has('libsvtav1')
    ? { name: 'SVT-AV1 preset 10', slug: 'svtav1-10', parameters: { encoder: 'libsvtav1', preset: '10' } }
    : { name: 'x265 veryfast', slug: 'x265-veryfast', parameters: { encoder: 'libx265', preset: 'veryfast' } };
  return [
    { name: 'x264 veryfast', slug: 'x264-veryfast', parameters: { encoder: 'libx264', preset: 'veryfast' } },
    { name: 'x264 medium', slug: 'x264-medium', parameters: { encoder: 'libx264', preset: 'medium' } },
    third,
  ];
}

export interface DemoInput {
  sha256: string;
  name: string;
  /** The part of a long film that is used. */
  cut: { start: number; duration: number } | undefined;
}

/** The job of one encode: quality asked for, no retries, because somebody watches. */
export function demoRequest(encode: DemoEncode, input: DemoInput, outputName: string): JobRequestInput {
  return {
    name: encode.name,
    input: { sha256: input.sha256, name: input.name },
    parameters: { ...encode.parameters, ...input.cut, container: 'mp4' },
    outputs: [{ name: outputName }],
    quality: {},
    classification: 'test',
    max_retries: 0,
  };
}

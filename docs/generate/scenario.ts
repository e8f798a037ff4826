import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { codecFacts, codecs, DEFAULT_DURATION_S, DEFAULT_FPS, DEFAULT_FRAME_SIZE } from '@ffrtmp/shared/media/encoding';
import { code, page, table } from './markdown.ts';

const examples = [
  '',
  '1080p30-h264-veryfast',
  '4K60-h265',
  'live-720p-h264-nvenc',
  '480p24-av1-crf40-preset10',
  'batch-1440p-vp9',
  '1080p-hevc-hdr',
];

function exampleRow(scenario: string): string[] {
  const { encode, warnings } = resolveEncode({ scenario, parameters: {}, hasInput: false });
  const rate = [`${encode.width}x${encode.height}`, `${encode.fps} fps`].join(', ');
  return [
    code(scenario || ' '),
    rate,
    code(encode.encoder),
    encode.crf === null ? '' : String(encode.crf),
    encode.preset ?? '',
    encode.container,
    warnings.join('; '),
  ];
}

const codecRow = (codec: (typeof codecs)[number]) => {
  const facts = codecFacts[codec];
  return [
    codec,
    code(facts.software),
    Object.values(facts.hardware).map(code).join(', '),
    `${facts.crf} (0 to ${facts.maxCrf})`,
    facts.preset ?? '',
    facts.container,
  ];
};

export function scenarioPage(): string {
  return page('Scenario names', [
    'A scenario says in one word what to encode to:',
    '```\n[live|batch|test]-(8K|4K|2160p|1440p|1080p|720p|480p|360p)[fps]-(h264|h265|hevc|vp8|vp9|av1)[-nvenc|-qsv|-vaapi][-crfNN][-preset]\n```',
    `Parts stand in any order, upper or lower case; of two parts of a kind the first counts. The prefix is a word for people and never sets the queue. An explicit parameter wins over the name. A part that means nothing has no effect and is listed in \`warnings\` of the reply. Where name and parameters are silent, a real input keeps its own size and rate; a generated one is ${DEFAULT_FRAME_SIZE.width}x${DEFAULT_FRAME_SIZE.height}, ${DEFAULT_FPS} frames per second, h264, ${DEFAULT_DURATION_S} s.`,
    '## Examples, without an input',
    table(['scenario', 'picture', 'encoder', 'crf', 'preset', 'container', 'warnings'], examples.map(exampleRow)),
    '## Codecs',
    table(['codec', 'software', 'hardware', 'crf', 'preset', 'container'], codecs.map(codecRow)),
    'A preset is one of x264’s words, `p1` to `p7`, or `preset0` to `preset13` for encoders that count.',
  ]);
}

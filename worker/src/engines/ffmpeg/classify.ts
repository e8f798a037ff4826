import type { FailureClass } from '@ffrtmp/shared/job/outcome';

export interface Ending {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stderrTail: string;
}

export interface Failure {
  failureClass: FailureClass;
  message: string;
}

const MESSAGE_LIMIT_CHARS = 500;

/**
 * The one place where ffmpeg's words get a meaning. Tried from top to bottom over the whole tail; the first rule that
 * matches any line decides, so what is specific stands above what follows from it.
 */
const rules: readonly (readonly [FailureClass, RegExp])[] = [
  // This machine lacks something: another one may do it.
  ['resource', /No space left on device|Disk quota exceeded|Read-only file system|File too large/i],
  ['resource', /Cannot allocate memory|out of memory|malloc.*fail/i],
  ['resource', /Too many open files|Resource temporarily unavailable/i],
  ['resource', /failed to execute|error while loading shared libraries/i],
  ['resource', /No capable devices found|OpenEncodeSessionEx failed|Cannot load (lib)?(cuda|nvcuda|nvidia)/i],
  ['resource', /Cannot init CUDA|CUDA_ERROR|minimum required Nvidia driver|No NVENC capable/i],
  ['resource', /No VA display|Failed to initialise VAAPI|vaInitialize|\/dev\/dri\/|MFX session|MFX_ERR/i],
  ['resource', /Device creation failed|Device setup failed|Device or resource busy|No device available/i],
  // Somebody between us and the file.
  ['infrastructure', /Connection (refused|reset|timed out)|Network is unreachable|No route to host/i],
  ['infrastructure', /Failed to resolve hostname|Operation timed out|Server returned 5\d\d|Broken pipe/i],
  // The settings.
  ['input', /Unknown encoder|Unrecognized option|Option .* not found|Unknown (pixel|sample) format/i],
  ['input', /Unable to parse option value|Error setting option|Undefined constant|Error parsing .*value/i],
  ['input', /Possible presets|invalid preset|error setting preset|Value .* out of range|is not a valid/i],
  ['input', /No such filter|Invalid (size|frame ?rate)|width not divisible|height not divisible/i],
  ['input', /not currently supported in container|Could not find tag for codec|are supported for WebM/i],
  ['input', /Specified (pixel|sample|channel).*(invalid|not supported)|does not support|Invalid channel layout/i],
  // The source.
  ['input', /moov atom not found|Invalid data found|partial file|Header missing|EBML header parsing failed/i],
  ['input', /does not contain any stream|Stream map .* matches no streams|Could not find codec parameters/i],
  ['input', /Output file is empty|Empty output|Decoder .* not found|Protocol .* not on whitelist/i],
  ['input', /No such file or directory|Error while decoding|Error (opening|reading) input|End of file$/i],
  ['input', /Error while opening encoder|Error initializing output stream|Invalid argument/i],
  ['resource', /Permission denied|Input\/output error/i],
];

/** `[libx264 @ 0x55a4c3e222c0] words` -> `libx264: words`: the address tells nobody anything. */
const plain = (line: string) => line.replace(/\[(\S+)(?: @ 0x[0-9a-f]+)?\]\s*/gi, '$1: ').trim();

/** Lines that end every run or only announce: never the reason. */
const noise =
  /^(bench:|Conversion failed!|Exiting normally|video:|frame=|Press \[q\]|\s*(Stream|Metadata|Duration|encoder)\b|Input #|Output #)/;

function matchIn(lines: readonly string[]): Failure | undefined {
  for (const [failureClass, pattern] of rules) {
    const line = lines.find((candidate) => pattern.test(candidate));
    if (line !== undefined) return { failureClass, message: plain(line).slice(0, MESSAGE_LIMIT_CHARS) };
  }
  return undefined;
}

/** Why a run that was not ended by us did not succeed: its class, and the most telling line of ffmpeg's own words. */
export function classify(ending: Ending): Failure {
  const lines = ending.stderrTail.split(/[\r\n]+/).filter((line) => line.trim() !== '' && !noise.test(line));
  const last = plain(lines.at(-1) ?? '').slice(0, 300);
  if (ending.signal === 'SIGKILL') {
    const message = `ffmpeg was killed (SIGKILL), most likely because memory ran out; last words: ${last || 'none'}`;
    return { failureClass: 'resource', message };
  }
  if (ending.signal !== null)
    return { failureClass: 'unknown', message: `ffmpeg ended by ${ending.signal}; last words: ${last || 'none'}` };
  const silent = `ffmpeg ended with code ${ending.exitCode} and without a word`;
  return matchIn(lines) ?? { failureClass: 'unknown', message: last || silent };
}

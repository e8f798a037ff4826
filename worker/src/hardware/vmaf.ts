import { execFile } from 'node:child_process';
import { tied } from '@ffrtmp/runtime/tie';
import type { VmafProof } from '@ffrtmp/shared/node/capabilities';
import { cleanEnvironment } from '../engines/ffmpeg/environment.ts';
import { VMAF_MODEL } from '../engines/ffmpeg/quality-command.ts';
import type { Vmaf } from '../engines/ffmpeg/vmaf.ts';

const TIMEOUT_MS = 20_000;
/** Equal pictures score 97 and more with this model, whatever they show; what is far below is no VMAF. */
const EQUAL_SCORE = 90;

interface Run {
  failed: boolean;
  text: string;
}

function run(program: string, argv: readonly string[], signal: AbortSignal): Promise<Run> {
  const options = { signal, timeout: TIMEOUT_MS, killSignal: 'SIGKILL', env: cleanEnvironment('/') } as const;
  const [command, words] = tied('KILL', program, argv);
  return new Promise((resolve) => {
    execFile(command, words, options, (error, stdout, stderr) =>
      resolve({ failed: error !== null, text: `${stdout}\n${stderr}` }),
    );
  });
}

const lastLine = (text: string) => text.trim().split('\n').at(-1)?.trim().slice(0, 200) ?? '';

/** Compares some frames with themselves: a filter that is listed may still lack its model. */
async function proveFilter(ffmpeg: string, signal: AbortSignal): Promise<string | null> {
  const listed = await run(ffmpeg, ['-hide_banner', '-filters'], signal);
  if (!/^ \S+ libvmaf /m.test(listed.text)) return 'this ffmpeg has no libvmaf';
  const graph = `format=yuv420p,split[a][b];[a][b]libvmaf=model=version=${VMAF_MODEL}`;
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25', '-frames:v', '5'];
  const argv = ['-hide_banner', '-nostdin', '-nostats', ...source, '-lavfi', graph, '-f', 'null', '-'];
  const { failed, text } = await run(ffmpeg, argv, signal);
  const score = Number(/VMAF score: ([\d.]+)/.exec(text)?.[1] ?? Number.NaN);
  if (!failed && score > EQUAL_SCORE) return null;
  return `the libvmaf of this ffmpeg does not work: ${lastLine(text)}`;
}

/**
 * Finds what measures VMAF here and proves it by a real run. `program` is the path of `vmaf`, where it is installed; it
 * is used only where ffmpeg has no libvmaf that works, because it needs both films decoded once more.
 */
export async function proveVmaf(ffmpeg: string, program: string | null, signal: AbortSignal): Promise<Vmaf> {
  const reason = await proveFilter(ffmpeg, signal);
  signal.throwIfAborted();
  if (reason === null) return { by: 'libvmaf' };
  if (program === null) return { by: null, reason };
  const { failed, text } = await run(program, ['--version'], signal);
  signal.throwIfAborted();
  // The program of libvmaf 1 took other words; it has not been built for years.
  if (!failed && /\b[2-9]\.\d+/.test(text)) return { by: 'vmaf', program };
  return { by: null, reason: `${reason}, and ${program} does not run: ${lastLine(text)}` };
}

/** As the master is told. */
export const vmafProof = (vmaf: Vmaf): VmafProof => ({
  works: vmaf.by !== null,
  by: vmaf.by,
  reason: vmaf.by === null ? vmaf.reason.slice(0, 500) : null,
});

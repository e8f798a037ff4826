import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { knownEncoders } from '@ffrtmp/shared/media/encoding';
import type { Check } from '@ffrtmp/shared/node/diagnosis';
import { ffmpegVersion, proveEncoders } from '../hardware/encoders.ts';
import { findProgram, programPath } from '../hardware/program.ts';
import { proveVmaf } from '../hardware/vmaf.ts';

const missing = (name: string, error: unknown): Check => {
  if (!(error instanceof FfrtmpError)) throw error;
  return { name, status: 'problem', cause: error.code, text: error.message, fix: 'apt-get install ffmpeg' };
};

async function buildCheck(ffmpeg: string, vmafProgram: string | null, signal: AbortSignal): Promise<Check> {
  const version = await ffmpegVersion(ffmpeg, signal);
  const vmaf = await proveVmaf(ffmpeg, vmafProgram, signal);
  const by = { libvmaf: 'with libvmaf', vmaf: 'VMAF by the program vmaf' };
  const quality = vmaf.by === null ? `quality is measured by PSNR and SSIM alone: ${vmaf.reason}` : by[vmaf.by];
  return { name: 'ffmpeg', status: 'ok', cause: null, text: `${version} at ${ffmpeg}, ${quality}`, fix: null };
}

async function encoderCheck(ffmpeg: string, signal: AbortSignal): Promise<Check> {
  const proofs = await proveEncoders({ ffmpeg, names: knownEncoders(), signal });
  const works = proofs.filter((proof) => proof.works).map(({ name, fps }) => `${name} (${fps ?? '?'} fps)`);
  const failing = proofs.filter(({ works: good, reason }) => !good && !/built without/.test(reason ?? ''));
  const why = failing.map(({ name, reason }) => `${name}: ${(reason ?? '').replace(/\s+/g, ' ').slice(0, 120)}`);
  const text = [`proven: ${works.join(', ') || 'none'}`, ...why].join('; ').slice(0, 1000);
  if (works.length > 0) return { name: 'encoders', status: 'ok', cause: null, text, fix: null };
  const fix = 'install an ffmpeg with libx264: the one of Debian has it';
  return { name: 'encoders', status: 'problem', cause: 'no-encoder', text, fix };
}

/** Can this machine encode at all, and with what? Every encoder is proven by a real encode. */
export async function engineChecks(
  programs: { ffmpeg: string; ffprobe: string; vmaf: string; searchPath: string },
  signal: AbortSignal,
): Promise<Check[]> {
  try {
    const ffmpeg = findProgram(programs.ffmpeg, programs.searchPath);
    findProgram(programs.ffprobe, programs.searchPath);
    const vmaf = programPath(programs.vmaf, programs.searchPath);
    return [await buildCheck(ffmpeg, vmaf, signal), await encoderCheck(ffmpeg, signal)];
  } catch (error) {
    return [missing('ffmpeg', error)];
  }
}

import { execFile } from 'node:child_process';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { knownEncoders } from '@ffrtmp/shared/media/encoding';
import type { Check } from '@ffrtmp/shared/node/diagnosis';
import { cleanEnvironment } from '../engines/ffmpeg/environment.ts';
import { ffmpegVersion, proveEncoders } from '../hardware/encoders.ts';
import { findProgram } from '../hardware/program.ts';

const ASK_TIMEOUT_MS = 10_000;

function hasFilter(ffmpeg: string, name: string): Promise<boolean> {
  const options = { timeout: ASK_TIMEOUT_MS, killSignal: 'SIGKILL', env: cleanEnvironment('/') } as const;
  return new Promise((resolve) => {
    execFile(ffmpeg, ['-hide_banner', '-filters'], options, (error, stdout) =>
      resolve(!error && new RegExp(`^ \\S+ ${name} `, 'm').test(stdout)),
    );
  });
}

const missing = (name: string, error: unknown): Check => {
  if (!(error instanceof FfrtmpError)) throw error;
  return { name, status: 'problem', cause: error.code, text: error.message, fix: 'apt-get install ffmpeg' };
};

async function buildCheck(ffmpeg: string, signal: AbortSignal): Promise<Check> {
  const version = await ffmpegVersion(ffmpeg, signal);
  const vmaf = await hasFilter(ffmpeg, 'libvmaf');
  const quality = vmaf ? 'with libvmaf' : 'without libvmaf: quality is measured by PSNR and SSIM';
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
  programs: { ffmpeg: string; ffprobe: string; searchPath: string },
  signal: AbortSignal,
): Promise<Check[]> {
  try {
    const ffmpeg = findProgram(programs.ffmpeg, programs.searchPath);
    findProgram(programs.ffprobe, programs.searchPath);
    return [await buildCheck(ffmpeg, signal), await encoderCheck(ffmpeg, signal)];
  } catch (error) {
    return [missing('ffmpeg', error)];
  }
}

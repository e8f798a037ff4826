import { hash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { delay, type Timers } from '@ffrtmp/runtime/clock';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { CancelCause, FailureClass, Outcome } from '@ffrtmp/shared/job/outcome';
import { environmentOf, type Machine, type Work, type Workplace } from '../../../worker/src/tasks/work.ts';
import type { Chance } from './chance.ts';

export const machine: Machine = {
  ffmpeg: '/bin/ffmpeg',
  ffprobe: '/bin/ffprobe',
  ffmpegVersion: '8.0',
  cpuModel: 'a CPU',
  cpuThreads: 8,
  governor: null,
  powerMethod: 'none',
  vmaf: { by: null, reason: 'nothing is measured in a simulation' },
};

/** SIGTERM to an engine that writes its trailer. */
const TERM_MS = 300;

export interface EngineParts {
  timers: Timers;
  chance: Chance;
  attemptId: string;
  /** Longest run of an engine. */
  longestMs: number;
  /** Share of runs that fail. */
  failures: number;
  onStart: () => void;
  onEnd: () => void;
}

const failureClasses: readonly FailureClass[] = ['infrastructure', 'resource', 'input', 'unknown'];

const environment = environmentOf(machine, { encoder: null, argv: [], dropped: [] });
const ended = (outcome: Outcome): Work => ({ outcome, metrics: {}, figures: [], environment, files: [] });

/** What an engine does as the agent sees it: it starts, tells how far it is, and ends or is ended. */
export async function runEngine(parts: EngineParts, place: Workplace): Promise<Work> {
  const { chance, timers } = parts;
  // A file that cannot be fetched is thrown, as the tasks do.
  if (chance.is(parts.failures / 4)) throw new FfrtmpError('insufficient_storage', 'the disk of this node is full');
  parts.onStart();
  try {
    place.onSpawn(chance.below(30_000) + 2);
    const runMs = chance.between(50, parts.longestMs);
    const steps = 1 + Math.floor(runMs / 1500);
    for (let step = 1; step <= steps; step += 1) {
      place.log(`attempt ${parts.attemptId} step ${step}\n`);
      await delay(timers, runMs / steps, place.signal);
      place.report({ percent: (step / steps) * 100, phase: 'encode', fps: 25, speed: 1, eta_s: null, frames: step });
    }
  } catch (error) {
    if (!place.signal.aborted) throw error;
    await delay(timers, chance.between(0, TERM_MS));
    return ended({ kind: 'canceled', cause: place.signal.reason as CancelCause });
  } finally {
    parts.onEnd();
  }
  if (chance.is(parts.failures)) {
    const failureClass = chance.pick(failureClasses);
    return ended({ kind: 'failed', failureClass, message: `the engine failed: ${failureClass}`, exitCode: 1 });
  }
  return { ...ended({ kind: 'succeeded' }), figures: figuresOf(parts, place), files: filesOf(parts, place) };
}

/** Half of the comparisons find 35 dB and half 45: which, follows from the attempt. */
function figuresOf({ attemptId }: EngineParts, { task }: Workplace): Work['figures'] {
  if (task.spec.kind !== 'quality') return [];
  const value = digestOf(Buffer.from(attemptId)) < '8' ? 35 : 45;
  const dB = { name: 'psnr', value, low: value, high: value, unit: 'dB' } as const;
  return [{ ...dB, scope: [], method: 'ffmpeg-psnr', quality: 'measured', coverage: 1, source: 'a simulation' }];
}

/** The bytes name the attempt, so that no two attempts could publish the same digest by chance. */
function filesOf({ attemptId }: EngineParts, { task, folder }: Workplace): Work['files'] {
  if (task.spec.kind !== 'transcode') return [];
  const path = join(folder, 'output', task.spec.output_name);
  mkdirSync(join(folder, 'output'), { recursive: true });
  writeFileSync(path, `output of ${attemptId}`);
  return [{ role: 'output', path, name: task.spec.output_name }];
}

export const digestOf = (bytes: Buffer) => hash('sha256', bytes, 'hex');

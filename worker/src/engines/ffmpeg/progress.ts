import type { Progress } from '@ffrtmp/shared/job/job';
import type { Expected } from './command.ts';

/** One block of ffmpeg's `-progress` report; null = ffmpeg said N/A. */
export interface Snapshot {
  frame: number | null;
  fps: number | null;
  out_time_us: number | null;
  /** Media seconds per second. */
  speed: number | null;
  total_size: number | null;
  done: boolean;
}

/** A block has about 15 lines of 30 bytes; more than this without a line end is not a progress report. */
const LINE_LIMIT_CHARS = 4096;

function numberOf(text: string | undefined): number | null {
  const value = Number.parseFloat(text ?? '');
  return Number.isFinite(value) ? Math.max(0, value) : null;
}

function snapshotOf(fields: Map<string, string>, done: boolean): Snapshot {
  return {
    frame: numberOf(fields.get('frame')),
    fps: numberOf(fields.get('fps')),
    out_time_us: numberOf(fields.get('out_time_us')),
    speed: numberOf(fields.get('speed')),
    total_size: numberOf(fields.get('total_size')),
    done,
  };
}

/** A parser fed with chunks cut anywhere; returns the blocks that each chunk completes. */
export function createProgressParser(): (chunk: string) => Snapshot[] {
  let pending = '';
  let fields = new Map<string, string>();
  return (chunk) => {
    const lines = (pending + chunk).split('\n');
    pending = (lines.pop() ?? '').slice(-LINE_LIMIT_CHARS);
    const snapshots: Snapshot[] = [];
    for (const line of lines) {
      const cut = line.indexOf('=');
      if (cut < 0) continue;
      const [key, value] = [line.slice(0, cut).trim(), line.slice(cut + 1).trim()];
      fields.set(key, value);
      if (key !== 'progress') continue;
      snapshots.push(snapshotOf(fields, value === 'end'));
      fields = new Map();
    }
    return snapshots;
  };
}

/** Never 100 before the end: a container's frame count and length are often a little wrong. */
const MOST_BEFORE_THE_END = 99.9;

/** How far a run is, as the master shows it. By frames where their number is known, else by time. Pure. */
export function toProgress(
  snapshot: Snapshot,
  expected: Expected,
  startedMs: number,
  nowMs: number,
): Omit<Progress, 'phase' | 'energy'> {
  const byFrames = expected.frames && snapshot.frame !== null ? snapshot.frame / expected.frames : null;
  const outS = snapshot.out_time_us === null ? null : snapshot.out_time_us / 1e6;
  const byTime = expected.duration_s && outS !== null ? outS / expected.duration_s : null;
  const ratio = byFrames ?? byTime;
  const elapsedS = (nowMs - startedMs) / 1000;
  const left = ratio !== null && ratio > 0 ? Math.max(0, elapsedS / ratio - elapsedS) : null;
  const percent = ratio === null ? null : Math.min(MOST_BEFORE_THE_END, ratio * 100);
  return {
    percent: snapshot.done ? 100 : percent,
    fps: snapshot.fps,
    speed: snapshot.speed,
    eta_s: snapshot.done ? 0 : left,
    frames: snapshot.frame,
  };
}

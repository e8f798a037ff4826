import { type ScoredOutput, scoresOf } from '@ffrtmp/advisor/score';
import type { ReceiptLine, sumLines } from '@ffrtmp/shared/energy/receipt';
import type { Score } from '@ffrtmp/shared/energy/score';
import { totalEnergy } from '@ffrtmp/shared/energy/total';

const outputOf = ({ metrics }: ReceiptLine): ScoredOutput => ({
  width: metrics?.width ?? null,
  height: metrics?.height ?? null,
  frames: metrics?.frames ?? null,
  bytes: metrics?.output_bytes ?? null,
  mediaS: metrics?.media_s ?? null,
});

/** Seconds of all engines, or null where one did not say. */
function secondsOf(lines: readonly ReceiptLine[]): number | null {
  const known = lines.flatMap(({ metrics }) => metrics?.duration ?? []);
  return known.length === lines.length ? known.reduce((sum, seconds) => sum + seconds, 0) : null;
}

/** The scores of what a job made, over the energy of the encodes that made it. Pure. */
export function scoresOfJob(lines: readonly ReceiptLine[], sums: ReturnType<typeof sumLines>): Score[] {
  const kept = lines.filter((line) => !line.waste && line.state === 'succeeded' && line.task_kind === 'transcode');
  const unknown = sums.energy.find(({ name }) => name === 'energy_active');
  return scoresOf({
    energy: totalEnergy(sums.energy, 'energy_active') ?? unknown ?? null,
    seconds: secondsOf(kept),
    outputs: kept.map(outputOf),
    vmaf: sums.quality.find(({ name }) => name === 'vmaf')?.value ?? null,
  });
}

import { compareQuality } from './quality.ts';
import { transcode } from './transcode.ts';
import type { Work, Workplace } from './work.ts';

/** Runs a task of whatever kind it is. */
export function performTask(place: Workplace): Promise<Work> {
  const { spec } = place.task;
  return spec.kind === 'transcode' ? transcode(place, spec) : compareQuality(place, spec);
}

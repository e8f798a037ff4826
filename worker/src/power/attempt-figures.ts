import type { Figure } from '@ffrtmp/shared/energy/figure';
import { emptyShare, type Share } from './attribute.ts';
import { modelFigures, sensorFigures } from './figures.ts';
import type { Sensor } from './sensor.ts';
import { idleOf, type Sampling, type Track, type Window } from './track.ts';

/** psys covers the package, so it can never be less; on some machines it is (research/energy.md 1.2). */
function doubt({ tracks }: Sampling, sensor: Sensor, share: Share, window: Window): string {
  if (sensor.method !== 'rapl-psys') return '';
  const cpu = tracks.find((track) => track.sensor?.method === 'rapl');
  const packageUj = (cpu && window.shares.get(cpu)?.fullHighUj) ?? 0;
  return share.fullHighUj < packageUj ? ' (below its own CPU packages: not to be trusted)' : '';
}

function figuresBy(sampling: Sampling, track: Track, window: Window): Figure[] {
  const { sensor } = track;
  const share = window.shares.get(track);
  if (!sensor || !share || share.coveredS === 0 || share.windowS < sensor.minSeconds) return [];
  // A job that never touched the GPU has no part in it.
  if (sensor.sharedBy === 'gpu' && !window.gpu && share.use === 0) return [];
  return sensorFigures(share, {
    ...{ method: sensor.method, scope: [...sensor.scope], fineSeconds: sensor.fineSeconds },
    detail: `${sensor.detail()}${doubt(sampling, sensor, share, window)}`,
    unit: sensor.sharedBy === 'gpu' ? 'load on the GPU' : 'CPU time',
    idle: idleOf(sampling, sensor).remark,
  });
}

/** Why the sensors that should have given a figure gave none, for the source line of the estimate in their place. */
function silenceOf({ tracks }: Sampling, window: Window): string[] {
  return tracks.flatMap((track) => {
    const { sensor } = track;
    if (sensor?.sharedBy !== 'cpu') return [];
    const short = (window.shares.get(track)?.windowS ?? 0) < sensor.minSeconds;
    const why = short ? `an attempt under ${sensor.minSeconds} s` : (window.shares.get(track)?.gap ?? sensor.fault());
    return why === null ? [] : [`no figure by ${sensor.method}: ${why}`];
  });
}

/** An encode on a GPU whose draw nobody knows says so: the CPU's figure alone would look like the whole. */
function missingGpu({ sources, tracks }: Sampling, window: Window, measured: readonly Figure[]): Figure[] {
  if (!window.gpu || measured.some(({ scope }) => scope.includes('gpu'))) return [];
  const track = tracks.find(({ sensor }) => sensor?.sharedBy === 'gpu');
  const gap = track && (window.shares.get(track)?.gap ?? track.sensor?.fault());
  const source = gap ?? sources.causes.get('nvidia')?.text ?? 'no sensor for the GPU of this node';
  const none = { value: null, low: null, high: null, quality: 'none', coverage: 0 } as const;
  const common = {
    ...none,
    unit: 'J' as const,
    scope: ['gpu' as const],
    method: track?.sensor?.method ?? 'none',
    source,
  };
  return [
    { ...common, name: 'energy_active', scope: ['gpu'] },
    { ...common, name: 'energy_full', scope: ['gpu'] },
  ];
}

/**
 * All figures of an attempt so far: a pair for each sensor that covers it, the best first, and the model's in front
 * where no sensor of the machine or its CPU has anything to say.
 */
export function figuresOf(sampling: Sampling, window: Window): Figure[] {
  const { sources, tracks } = sampling;
  const known = tracks.flatMap((track) => figuresBy(sampling, track, window));
  const measured = [...known, ...missingGpu(sampling, window, known)];
  const methods = new Set(measured.map(({ method }) => method));
  if (sources.sensors.some(({ sharedBy, method }) => sharedBy === 'cpu' && methods.has(method))) return measured;
  const track = tracks.find(({ sensor }) => sensor === null);
  const share = (track && window.shares.get(track)) ?? emptyShare();
  const source = [sources.model.source, ...silenceOf(sampling, window)].join('; ').slice(0, 400);
  return [...modelFigures(share, { ...sources.model, source }, window.cpu.seconds() !== null), ...measured];
}

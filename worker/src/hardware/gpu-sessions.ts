import { isHardwareEncoder } from '@ffrtmp/shared/job/resources';
import type { EncoderProof } from '@ffrtmp/shared/node/capabilities';
import type { Gpu } from './gpu.ts';

/**
 * The limit of NVIDIA's consumer drivers was two sessions when it was lowest (NVENC Application Note of Video Codec SDK
 * 11.0, section 1.3), and has been raised since. Whoever knows better says `--gpu-sessions`.
 */
const SESSIONS_OF_A_GPU = 2;

const makersOf: Record<string, readonly Gpu['vendor'][]> = {
  nvenc: ['nvidia'],
  qsv: ['intel'],
  vaapi: ['intel', 'amd'],
  amf: ['amd'],
};

/** Encodes the graphics processors may run at once: those alone count whose encoder was proven. Pure. */
export function gpuSessions(gpus: readonly Gpu[], encoders: readonly EncoderProof[]): number {
  const proven = encoders.filter((one) => one.works && isHardwareEncoder(one.name));
  if (proven.length === 0) return 0;
  const makers = new Set(proven.flatMap(({ name }) => makersOf[name.split('_').at(-1) ?? ''] ?? []));
  // A proven encoder has a device, whether the kernel's list shows it in this container or not.
  return SESSIONS_OF_A_GPU * Math.max(1, gpus.filter((gpu) => makers.has(gpu.vendor)).length);
}

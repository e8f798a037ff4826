import type { JobBody } from '../jobs/plan.ts';

/** Encoder, preset and frame height of a job, as `libx264/medium/720p`: what its work is compared by. */
export function profileOf(body: string | undefined): string {
  const encode = body === undefined ? undefined : (JSON.parse(body) as Partial<JobBody>).encode;
  if (!encode) return '';
  return [encode.encoder, encode.preset ?? 'no preset', encode.height ? `${encode.height}p` : 'source'].join('/');
}

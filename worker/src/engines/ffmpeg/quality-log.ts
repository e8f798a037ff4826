import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FigureName } from '@ffrtmp/shared/energy/figure';
import type { FrameValue } from './quality-frames.ts';

/** The values of the frames that were compared, in their order, by figure. */
export type Series = Partial<Record<FigureName, readonly FrameValue[]>>;

/** Decimals that are kept: a hundredth of a decibel or point, a ten-thousandth of SSIM. */
const decimals: Partial<Record<FigureName, number>> = { psnr: 2, psnr_y: 2, ssim: 4, vmaf: 2 };

export const QUALITY_LOG_NAME = 'quality.json.gz';

/**
 * What is kept of every frame: `{version, frames, interval, psnr: [...], ...}`, gzipped. Value i belongs to frame
 * i x interval. About 7 kB for 1,000 frames of four figures, as measured on camera film.
 */
export async function writeQualityLog(path: string, series: Series, frames: number, interval: number): Promise<void> {
  const values = Object.entries(series).map(([name, all]) => {
    const kept = decimals[name as FigureName] ?? 2;
    return [name, all.map(({ value }) => Number(value.toFixed(kept)))];
  });
  const text = JSON.stringify({ version: 1, frames, interval, ...Object.fromEntries(values) });
  await writeFile(path, await promisify(gzip)(text));
}

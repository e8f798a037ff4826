import { formatBytes } from '@ffrtmp/shared/media/units';
import { figuresText } from '../../output/figure.ts';
import { pace, resultLine } from '../../output/receipt.ts';
import { renderTable } from '../../output/table.ts';
import { formatNumber, formatSeconds, orDash } from '../../output/text.ts';
import type { DemoResult } from './run.ts';

export function demoTable(results: readonly Pick<DemoResult, 'name' | 'bytes' | 'receipt'>[]): string {
  const right = 'right' as const;
  return renderTable(
    [
      { head: 'ENCODE' },
      { head: 'NODE' },
      { head: 'TIME', align: right },
      { head: 'SPEED', align: right },
      { head: 'SIZE', align: right },
      { head: 'ACTIVE ENERGY' },
      { head: 'J/MPX-FRAME', align: right },
      { head: 'PSNR', align: right },
      { head: 'SSIM', align: right },
    ],
    results.map(({ name, bytes, receipt }) => {
      const line = resultLine(receipt);
      const { seconds, speed } = pace(line);
      const perPixel = receipt.joules_per_megapixel_frame;
      return [
        name,
        orDash(line?.node_name),
        seconds === null ? '–' : formatSeconds(seconds),
        speed === null ? '–' : `${speed.toFixed(2)}x`,
        formatBytes(bytes),
        figuresText(receipt.energy, 'energy_active'),
        perPixel === null ? '–' : formatNumber(perPixel),
        figuresText(receipt.quality, 'psnr'),
        figuresText(receipt.quality, 'ssim'),
      ];
    }),
  );
}

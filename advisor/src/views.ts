const J_PER_KWH = 3.6e6;
const BITS_PER_GB = 8e9;

/** What a gigabyte costs on its way to a viewer. */
export interface Delivery {
  kwhPerGb: number;
  source: string;
}

/** Published figures, least first: they differ sixtyfold, so views are shown for each of them and never for their mean. */
export const deliveries: readonly Delivery[] = [
  { kwhPerGb: 0.001, source: 'Cloud Carbon Footprint 2024: between data centres' },
  { kwhPerGb: 0.041, source: 'Green Metrics Tool 2026: networks (Coroama 2021)' },
  { kwhPerGb: 0.059, source: 'Sustainable Web Design v4 2024 (co2.js): networks' },
];

/** An encode of one film at the quality of the other. */
export interface Encoding {
  /** Spent once, on the encode. Both energies of one scope and one label. */
  joules: number;
  bitsPerSecond: number;
}

/** From how many views on the slower encode has paid for itself. */
export type BreakEven =
  | {
      views: number;
      /** Spared with each view. */
      savedGb: number;
    }
  | { views: null; reason: string };

/**
 * How often a film of some seconds must be watched until the bits that a slow encode spares have paid for the joules it
 * takes more: (Eslow - Efast) / ((Rfast - Rslow) x T / 8e9 x k). A fraction is left as it is. Pure.
 */
export function breakEvenViews(
  { slow, fast, seconds }: { slow: Encoding; fast: Encoding; seconds: number },
  { kwhPerGb }: Delivery,
): BreakEven {
  const savedGb = ((fast.bitsPerSecond - slow.bitsPerSecond) * seconds) / BITS_PER_GB;
  if (!(savedGb > 0)) return { views: null, reason: 'the slow encode spares no bits' };
  const views = Math.max(0, slow.joules - fast.joules) / (savedGb * kwhPerGb * J_PER_KWH);
  return Number.isFinite(views)
    ? { views, savedGb }
    : { views: null, reason: 'the bits it spares cost nothing to deliver' };
}

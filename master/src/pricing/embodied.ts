import type { NodeType } from '@ffrtmp/shared/node/classification';

const HOUR_S = 3600;
/** Cloud Carbon Footprint writes a server off over 4 years: 35,040 hours. */
export const LIFE_HOURS = 4 * 365 * 24;

/** What the making of a machine emitted. */
export interface Embodied {
  kg: number;
  /** The least it may be; null where nobody has published bounds. */
  lowKg: number | null;
  text: string;
}

const SERVER_KG = 1000;
const LAPTOP_KG = 181;
const server = `${SERVER_KG} kg a server (Cloud Carbon Footprint 2024)`;

/** Published defaults. Nobody has published one of a desktop: it is counted as a server, and a laptop is its lower bound. */
export const embodiedByType: Readonly<Record<NodeType, Embodied>> = {
  server: { kg: SERVER_KG, lowKg: null, text: server },
  laptop: { kg: LAPTOP_KG, lowKg: null, text: `${LAPTOP_KG} kg a laptop (Green Metrics Tool 2026)` },
  desktop: { kg: SERVER_KG, lowKg: LAPTOP_KG, text: `a desktop as ${server}, at least a laptop’s ${LAPTOP_KG} kg` },
};

/** The label of a node that says what its own making emitted, in kilograms of CO2e. */
export const EMBODIED_LABEL = 'embodied_kg';

/** The node's own label, else what is configured for all, else its type's published default. */
export function embodiedOf(
  { labels, type }: { labels: Readonly<Record<string, string>>; type: NodeType },
  configuredKg: number | undefined,
): Embodied {
  const labelled = Number(labels[EMBODIED_LABEL] || Number.NaN);
  if (labelled >= 0 && Number.isFinite(labelled))
    return { kg: labelled, lowKg: null, text: `${labelled} kg by the node’s label ${EMBODIED_LABEL}` };
  if (configuredKg !== undefined) return { kg: configuredKg, lowKg: null, text: `${configuredKg} kg as configured` };
  return embodiedByType[type];
}

/** Grams of a machine's making that fall on a share of it for a time (M = TE x TiR/EL x RR/ToR of ISO/IEC 21031:2024). */
export const embodiedGrams = (kg: number, seconds: number, share: number) =>
  ((kg * 1000 * seconds) / (LIFE_HOURS * HOUR_S)) * share;

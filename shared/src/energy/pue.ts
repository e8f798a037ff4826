import { z } from 'zod';

/** Average PUE of the large clouds: Cloud Carbon Footprint, its constants as of 2024. */
const CLOUD_PUE = { aws: 1.135, gcp: 1.1, azure: 1.185 } as const;
/** The world's worst rooms; more is a slip of the keyboard. */
const MAX_PUE = 5;

/** Power usage effectiveness: what the whole site draws for each watt at the machines. */
export interface Pue {
  value: number;
  /** How a receipt says it. */
  text: string;
}

export const NO_PUE: Pue = { value: 1, text: 'PUE not set, 1.0' };

const isCloud = (word: unknown): word is keyof typeof CLOUD_PUE => Object.hasOwn(CLOUD_PUE, String(word));

export const pueSchema = z.union([z.string(), z.number()]).transform((word, context): Pue => {
  if (isCloud(word))
    return { value: CLOUD_PUE[word], text: `PUE ${CLOUD_PUE[word]}, ${word} (Cloud Carbon Footprint 2024)` };
  const value = Number(word);
  if (word === '' || !(value >= 1 && value <= MAX_PUE))
    context.addIssue({ code: 'custom', message: `is no PUE: write a number from 1 to ${MAX_PUE}, or aws, gcp, azure` });
  return { value, text: `PUE ${value}` };
});

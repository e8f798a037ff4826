import { z } from 'zod';

/** JSON nested deeper than this is no data any more, and overflows the stack of whoever writes it out again. */
const MAX_DEPTH = 64;

const isShallow = (value: unknown, levels: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (levels > 0 && Object.values(value).every((inner) => isShallow(inner, levels - 1)));

/** Any JSON value that is stored and returned as given. */
export const freeValueSchema = z
  .unknown()
  .refine((value) => isShallow(value, MAX_DEPTH), { error: `is nested deeper than ${MAX_DEPTH} levels` });

import { z } from 'zod';
import { uuidSchema } from '../job/job.ts';

/** Either form of a job's name. A UUID is a UUID, all digits is a sequence number, anything else is refused. */
export const jobReferenceSchema = z
  .string()
  .toLowerCase()
  .regex(/^(?:\d{1,15}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/, {
    error: 'must be a job’s UUID or its sequence number',
  });

export const jobParams = z.object({ id: jobReferenceSchema });
export const nodeParams = z.object({ id: uuidSchema });
export const attemptParams = z.object({ id: uuidSchema });

export const MAX_PAGE = 500;
export const DEFAULT_PAGE = 100;

export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE),
  cursor: z.string().max(200).optional().describe('`next_cursor` of the page before'),
};

export const okSchema = z.object({ status: z.string() });

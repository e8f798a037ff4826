import { z } from 'zod';
import { scopeSchema } from '../energy/figure.ts';

const joules = z.number().min(0).max(1e15);
const seconds = z.number().min(0).max(1e7);

/** So many entries one heartbeat carries: a day of a master's absence for eight sources. */
export const MAX_NODE_POWER = 200;

/**
 * What one source says of the whole node in one hour, whatever caused it: jobs + other + idle + rest = total. Attempts'
 * figures are parts of `jobs_j`; sums of one `run` only grow within a period, so that the latest one replaces the others.
 */
export const nodePowerSchema = z
  .object({
    period: z.iso.datetime().describe('start of the hour, UTC'),
    run: z.uuid().describe('of the agent: another one counts from nothing again'),
    method: z.string().max(64).describe('as of the attempts’ figures: `rapl`, `nvml`, `meter`, `spec-thread-median`'),
    scope: z.array(scopeSchema).min(1).max(5),
    quality: z.enum(['measured', 'calibrated', 'estimated']),
    seconds: seconds.describe('time the agent has watched'),
    covered_s: seconds.describe('time whose energy is known; the rest are gaps'),
    total_j: joules,
    jobs_j: joules.describe('full joules of the attempts: active, and the idle draw of what they reserved'),
    other_j: joules.describe('active joules of everything else on the machine'),
    idle_j: joules.describe('idle draw that nobody had reserved'),
    rest_j: joules.describe('what nothing explains, e.g. before the idle draw was measured'),
    detail: z.string().max(400),
  })
  .meta({ id: 'NodePower' });
export type NodePower = z.infer<typeof nodePowerSchema>;

import { z } from 'zod';
import { figureSchema, scopeSchema } from '../energy/figure.ts';

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
    open: z
      .boolean()
      .default(false)
      .describe('the hour goes on and is sent again with more: the master may keep it in memory for a minute'),
  })
  .meta({ id: 'NodePower' });
export type NodePower = z.infer<typeof nodePowerSchema>;

/** A node's energy by the hour or by the day, both of UTC. */
export const powerGroupings = ['hour', 'day'] as const;
export type PowerGrouping = (typeof powerGroupings)[number];

/** By the hour, so much is shown at once: a month of each source. */
export const MAX_HOURS_SHOWN = 31 * 24;

export const powerSumSchema = z.object({
  seconds: z.number().describe('time agents have watched'),
  covered_s: z.number().describe('time whose energy is known; nothing is made up for the rest'),
  coverage: z.number().nullable().describe('covered_s / seconds; null where nobody has watched'),
  total_j: z.number(),
  jobs_j: z.number(),
  other_j: z.number(),
  idle_j: z.number(),
  rest_j: z.number(),
});
export type PowerSum = z.infer<typeof powerSumSchema>;

/** One source of a node over whole periods, and beside it what the receipts of its attempts say. */
export const sourceEnergySchema = z
  .object({
    method: z.string(),
    scope: z.array(scopeSchema),
    quality: z.enum(['measured', 'calibrated', 'estimated']),
    detail: z.string().nullable().describe('of the source as the node describes it now'),
    total: powerSumSchema.describe('of all periods: jobs + other + idle + rest'),
    attempts_j: z.number().describe('full joules by this source of the attempts that ended in the periods'),
    running_j: z.number().describe('full joules so far of attempts that run, when the periods reach to now'),
    unexplained_j: z
      .number()
      .describe(
        'total.jobs_j - attempts_j - running_j: attempts count whole where they ended, and some end without a word',
      ),
    periods: z.array(powerSumSchema.extend({ period: z.string().describe('its start') })),
  })
  .meta({ id: 'SourceEnergy' });
export type SourceEnergy = z.infer<typeof sourceEnergySchema>;

export const nodeEnergySchema = z
  .object({
    node_id: z.string(),
    attempts: z.int().describe('that ended from `since` to before `until`'),
    energy: z.array(figureSchema).describe('of these attempts, one figure a name, scope and quality'),
    by: z.enum(powerGroupings),
    sources: z.array(sourceEnergySchema),
    unmatched: z.array(figureSchema).describe('full energy of attempts that ended in the periods, by no source above'),
    same_machine: z
      .array(z.string())
      .describe('addresses of other nodes on this machine: each tells the energy of all of it, so never add them'),
  })
  .meta({ id: 'NodeEnergy' });
export type NodeEnergy = z.infer<typeof nodeEnergySchema>;

import { z } from 'zod';
import type { ChipRules } from './hwmon.ts';

const rule = /^([a-z0-9_-]{1,64})=(cpu|platform|wall)$/i;

/** `ina226=platform,power_meter=wall`, or a list of pairs -> rules for board sensors. */
export const chipRulesOption = z
  .union([z.string(), z.array(z.string())])
  .default('')
  .transform((given, context): ChipRules => {
    const pairs = (typeof given === 'string' ? given.split(',') : given).map((pair) => pair.trim()).filter(Boolean);
    const rules = pairs.map((pair) => {
      const [, chip = '', scope = ''] = rule.exec(pair) ?? [];
      if (chip === '')
        context.addIssue({ code: 'custom', message: `${pair}: write chip=cpu, chip=platform or chip=wall` });
      return [chip, { scope: scope.toLowerCase() as 'cpu' | 'platform' | 'wall' }] as const;
    });
    return Object.fromEntries(rules);
  });

import { queues } from '@ffrtmp/shared/job/job';
import { type JobState, jobStates } from '@ffrtmp/shared/job/state';
import { type Command, Option } from 'commander';

/** The filter that listing and bulk changes share. */
export interface Filter {
  status?: JobState;
  queue?: (typeof queues)[number];
  label?: string;
}

export function addFilterFlags(command: Command): Command {
  return command
    .addOption(new Option('--status <STATUS>', 'only jobs in this state').choices(jobStates))
    .addOption(new Option('--queue <QUEUE>', 'only jobs of this queue').choices(queues))
    .option('--label <LABEL>', 'only jobs with this label: name or name=value');
}

export const isEmptyFilter = (filter: Filter) =>
  filter.status === undefined && filter.queue === undefined && filter.label === undefined;

import { queues } from '@ffrtmp/shared/job/job';
import { type JobState, jobStates } from '@ffrtmp/shared/job/state';
import { type Command, Option } from 'commander';
import { shellWord } from '../../output/text.ts';

/** The filter that listing and bulk changes share. */
export interface Filter {
  status?: JobState;
  queue?: (typeof queues)[number];
  label?: string;
}

/** The part of the filter that does not name a state. */
export function addPlaceFlags(command: Command): Command {
  return command
    .addOption(new Option('--queue <QUEUE>', 'only jobs of this queue').choices(queues))
    .option('--label <LABEL>', 'only jobs with this label: name or name=value');
}

export function addFilterFlags(command: Command): Command {
  return addPlaceFlags(
    command.addOption(new Option('--status <STATUS>', 'only jobs in this state').choices(jobStates)),
  );
}

/** The same filter as words of a command line, with a space before each. */
export const filterWords = (filter: Filter) =>
  (['status', 'queue', 'label'] as const)
    .map((name) => (filter[name] === undefined ? '' : ` --${name} ${shellWord(filter[name])}`))
    .join('');

export const isEmptyFilter = (filter: Filter) =>
  filter.status === undefined && filter.queue === undefined && filter.label === undefined;

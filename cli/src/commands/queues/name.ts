import { queues } from '@ffrtmp/shared/job/job';
import { Argument } from 'commander';

/** Which queue a verb is about; commander refuses other names and says which there are. */
export const queueArgument = () => new Argument('<QUEUE>', 'which queue').choices(queues);

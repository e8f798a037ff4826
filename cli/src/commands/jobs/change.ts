import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { jobOperations } from '@ffrtmp/shared/contract/jobs';
import type { Job } from '@ffrtmp/shared/job/job';
import type { Command } from 'commander';
import type { Master } from '../../api/master.ts';
import type { Cli } from '../../cli.ts';
import { examples } from '../../examples.ts';
import { jobTitle } from '../../output/job.ts';
import { count } from '../../output/text.ts';
import { addFilterFlags, type Filter, isEmptyFilter } from './filter.ts';
import type { Changed } from './matching.ts';

type Change = (typeof jobOperations)['cancel' | 'retry' | 'pause' | 'resume'];

export interface ChangeVerb {
  name: 'cancel' | 'retry' | 'pause' | 'resume';
  description: string;
  operation: Change;
  /** Changes every job that a filter matches. */
  byFilter: (master: Master, filter: Filter) => Promise<Changed>;
}

/** `ffrtmp jobs VERB ID...` or `ffrtmp jobs VERB --status ...`: what the four verbs share. */
export function changeCommand(jobs: Command, cli: Cli, verb: ChangeVerb): void {
  const command = addFilterFlags(
    jobs.command(verb.name).description(verb.description).argument('[ID...]', 'UUIDs or sequence numbers'),
  ).action((ids: string[], filter: Filter) => cli.withMaster((master) => change(cli, master, verb, ids, filter)));
  examples(command, [`ffrtmp jobs ${verb.name} 7 8`, `ffrtmp jobs ${verb.name} --queue batch --label show=news`]);
}

async function change(cli: Cli, master: Master, verb: ChangeVerb, ids: readonly string[], filter: Filter) {
  if ((ids.length === 0) === isEmptyFilter(filter)) {
    throw new FfrtmpError('invalid_request', 'name either jobs or a filter (--status, --queue, --label)');
  }
  if (ids.length === 0) {
    const reply = await verb.byFilter(master, filter);
    cli.print(reply, () => `${verb.name}: ${reply.changed} of ${count(reply.matched, 'matching job')} changed`);
    return;
  }
  const bodies: unknown[] = [];
  const lines: string[] = [];
  let failure: unknown;
  for (const id of ids) {
    try {
      const { reply, body } = await master.exchange(verb.operation, { params: { id } });
      bodies.push(body);
      lines.push(line(reply));
    } catch (error) {
      // The others still get their turn; the first failure decides the exit code.
      if (ids.length === 1 || !(error instanceof FfrtmpError)) throw error;
      cli.say(`job ${id}: ${error.message}`);
      failure ??= new FfrtmpError(error.code, `not every job could be changed by ${verb.name}`);
    }
  }
  if (lines.length > 0) cli.print(ids.length === 1 ? bodies[0] : bodies, () => lines.join('\n'));
  if (failure) throw failure;
}

const line = (job: Job) => `job ${job.sequence_number} (${jobTitle(job)}) is ${job.status}`;

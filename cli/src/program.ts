import { flagOf } from '@ffrtmp/shared/config';
import { version } from '@ffrtmp/shared/version';
import { Command } from 'commander';
import type { Cli } from './cli.ts';
import { calibrateCommand } from './commands/calibrate.ts';
import { completionCommand } from './commands/completion.ts';
import { configCheck } from './commands/config/check.ts';
import { configPrint } from './commands/config/print.ts';
import { demoCommand } from './commands/demo/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { jobsAttempts } from './commands/jobs/attempts.ts';
import { jobsCancel } from './commands/jobs/cancel.ts';
import { jobsDead } from './commands/jobs/dead.ts';
import { jobsDownload } from './commands/jobs/download.ts';
import { jobsGet } from './commands/jobs/get.ts';
import { jobsList } from './commands/jobs/list.ts';
import { jobsLogs } from './commands/jobs/logs.ts';
import { jobsPause } from './commands/jobs/pause.ts';
import { jobsReceipt } from './commands/jobs/receipt.ts';
import { jobsResume } from './commands/jobs/resume.ts';
import { jobsRetry } from './commands/jobs/retry.ts';
import { jobsSubmit } from './commands/jobs/submit.ts';
import { jobsTasks } from './commands/jobs/tasks.ts';
import { jobsUpdate } from './commands/jobs/update.ts';
import { jobsWatch } from './commands/jobs/watch.ts';
import { jobsWhy } from './commands/jobs/why.ts';
import { keysCreate } from './commands/keys/create.ts';
import { keysList } from './commands/keys/list.ts';
import { keysRevoke } from './commands/keys/revoke.ts';
import { nodesDrain } from './commands/nodes/drain.ts';
import { nodesEnergy } from './commands/nodes/energy.ts';
import { nodesGet } from './commands/nodes/get.ts';
import { nodesHistory } from './commands/nodes/history.ts';
import { nodesList } from './commands/nodes/list.ts';
import { nodesRemove } from './commands/nodes/remove.ts';
import { nodesResume } from './commands/nodes/resume.ts';
import { nodesRevoke } from './commands/nodes/revoke.ts';
import { queuesList } from './commands/queues/list.ts';
import { queuesPause } from './commands/queues/pause.ts';
import { queuesResume } from './commands/queues/resume.ts';
import { queuesSet } from './commands/queues/set.ts';
import { receiptsCommand } from './commands/receipts.ts';
import { tokensCreate } from './commands/tokens/create.ts';
import { transcodeCommand } from './commands/transcode/transcode.ts';
import { upCommand } from './commands/up.ts';
import { examples } from './examples.ts';
import { cliOptions } from './settings.ts';

/** Adds one command to its noun. Every file of `commands/` exports one of these. */
export type Verb = (noun: Command, cli: Cli) => void;

const nouns: Record<string, { summary: string; verbs: readonly Verb[] }> = {
  jobs: {
    summary: 'submit, watch and change jobs',
    verbs: [
      ...[jobsSubmit, jobsList, jobsGet, jobsWatch, jobsLogs, jobsCancel, jobsRetry, jobsPause, jobsResume],
      ...[jobsUpdate, jobsWhy, jobsReceipt, jobsTasks, jobsAttempts, jobsDownload, jobsDead],
    ],
  },
  queues: {
    summary: 'what waits, what runs, caps and pauses',
    verbs: [queuesList, queuesPause, queuesResume, queuesSet],
  },
  nodes: {
    summary: 'the machines that do the work',
    verbs: [nodesList, nodesGet, nodesDrain, nodesResume, nodesRemove, nodesRevoke, nodesEnergy, nodesHistory],
  },
  keys: { summary: 'API keys', verbs: [keysCreate, keysList, keysRevoke] },
  tokens: { summary: 'join tokens for new workers', verbs: [tokensCreate] },
  config: { summary: 'check and show the configuration', verbs: [configCheck, configPrint] },
};

/** The commands that print lines for a spreadsheet. */
const csvCommands = new Set(['receipts']);

/** Before anything is done: a job must not be canceled and then its reply refused. */
function refuseCsv(program: Command, command: Command): void {
  if (program.opts().output === 'csv' && !csvCommands.has(command.name()))
    program.error(
      `error: ffrtmp ${command.name()} prints a table or json; csv comes from ${[...csvCommands].join(', ')}`,
    );
}

/** The whole command tree. Help, completion and tests read it; nothing runs until it parses argv. */
export function buildProgram(cli: Cli): Command {
  const program = new Command('ffrtmp')
    .description('Runs FFmpeg work on a fleet of machines and hands every job an honest receipt.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => cli.stdout.write(text), writeErr: (text) => cli.stderr.write(text) })
    .configureHelp({ showGlobalOptions: true })
    .hook('preAction', refuseCsv)
    .showHelpAfterError('(--help shows the usage)');
  for (const [key, option] of Object.entries(cliOptions))
    program.option(`${flagOf(key)} <${option.placeholder}>`, option.help);
  program.option('--config <PATH>', 'configuration file instead of ./ffrtmp.yaml');
  for (const [name, noun] of Object.entries(nouns)) {
    const command = program.command(name).description(noun.summary);
    for (const verb of noun.verbs) verb(command, cli);
  }
  for (const verb of [
    transcodeCommand,
    receiptsCommand,
    upCommand,
    demoCommand,
    doctorCommand,
    calibrateCommand,
    completionCommand,
  ])
    verb(program, cli);
  examples(program, [
    'ffrtmp demo',
    'ffrtmp up',
    'ffrtmp transcode film.mkv -o film.mp4 --scenario 1080p-h264-crf20 --quality',
    'ffrtmp jobs submit --scenario 4K60-h264 --queue live --priority high',
    'ffrtmp jobs list --status running',
  ]);
  return program;
}

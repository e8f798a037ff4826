import type { WriteStream } from 'node:tty';
import { type Master, openMaster } from './api/master.ts';
import { readSettings, type Settings } from './settings.ts';

/** What a command needs of the world. Nothing else reads environment, streams or signals. */
export interface Cli {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
  /** The global flags as given, for commands that start a master themselves. */
  flags(): Readonly<Record<string, string | undefined>>;
  settings(): Settings;
  /** Runs `work` with a connection to the master and closes it afterwards. */
  withMaster<T>(work: (master: Master) => Promise<T>): Promise<T>;
  /** Prints a reply: the API's own body with `--output json`, lines with `--output csv`, else the text for people. */
  print(body: unknown, text: () => string, csv?: () => string): void;
  /** A remark for people: never part of the output that a program reads. */
  say(text: string): void;
}

export type Output = Pick<WriteStream, 'write'> & { isTTY?: boolean; columns?: number };

export interface CliParts {
  env: Cli['env'];
  cwd: string;
  stdout: Output;
  stderr: Output;
  signal: AbortSignal;
  /** The global flags as the program has parsed them. */
  flags: () => Readonly<Record<string, string | undefined>>;
}

export function createCli(parts: CliParts): Cli {
  let known: Settings | undefined;
  const settings = () => {
    known ??= readSettings({ flags: parts.flags(), env: parts.env, cwd: parts.cwd });
    return known;
  };
  const say = (text: string) => void parts.stderr.write(`${text}\n`);
  return {
    ...parts,
    settings,
    say,
    async withMaster(work) {
      const master = await openMaster(settings(), say);
      try {
        return await work(master);
      } finally {
        await master.connection.close();
      }
    },
    print(body, text, csv = text) {
      const forms = { json: () => JSON.stringify(body, null, 2), csv, table: text };
      const shown = forms[settings().output]();
      parts.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`);
    },
  };
}

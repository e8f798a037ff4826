import { type Command, Option } from 'commander';
import type { FlagValues } from './build.ts';
import { type JobFlag, jobFlags } from './flags.ts';

const collect = (text: string, before: string[] | undefined) => [...(before ?? []), text];

/** Adds the derived flags to a command, except those it fills in by itself. */
export function addJobFlags(command: Command, except: readonly string[] = []): Command {
  for (const flag of jobFlags()) {
    if (!except.includes(flag.name)) command.addOption(toOption(flag));
  }
  return command;
}

function toOption(flag: JobFlag): Option {
  if (flag.kind === 'switch') return new Option(`--${flag.name}`, flag.help);
  if (flag.kind === 'ask') return new Option(`--${flag.name} [${flag.placeholder}]`, flag.help);
  if (flag.kind === 'map') return new Option(`--${flag.name} <${flag.placeholder}>`, flag.help).argParser(collect);
  const option = new Option(`--${flag.name} <${flag.placeholder}>`, flag.help);
  return flag.choices ? option.choices(flag.choices) : option;
}

/** The values of the derived flags, by flag name, out of commander's camelCase record. */
export function flagValues(given: Readonly<Record<string, unknown>>): FlagValues {
  return Object.fromEntries(
    jobFlags()
      .map(({ name }) => [name, given[camel(name)] as FlagValues[string]])
      .filter(([, value]) => value !== undefined),
  );
}

const camel = (name: string) => name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

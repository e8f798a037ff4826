import { z } from 'zod';
import { plain } from './text.ts';

const entrySchema = z.looseObject({ msg: z.string(), err: z.looseObject({ message: z.string() }).optional() });

/** A log line of a master or agent in words: their JSON lines are for machines. */
export function logLine(name: string, line: string): string {
  try {
    const entry = entrySchema.parse(JSON.parse(line));
    return `${name}: ${plain(entry.msg)}${entry.err ? `: ${plain(entry.err.message)}` : ''}`;
  } catch {
    return `${name}: ${plain(line)}`;
  }
}

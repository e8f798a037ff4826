import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** One JSON line an entry on stderr; secrets never reach it, whatever a caller passes. */
export function createLogger(name: string, level: (typeof logLevels)[number], destination?: DestinationStream): Logger {
  const options = {
    name,
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['key', 'token', 'credential', 'authorization', '*.key', '*.token', '*.credential', '*.authorization'],
  };
  return pino(options, destination ?? pino.destination({ fd: 2, sync: true }));
}

import { foundation } from './0001-foundation.ts';

/** Forward only; the position in the list is the schema version. A released entry is never edited. */
export const migrations: readonly { name: string; sql: string }[] = [{ name: 'foundation', sql: foundation }];

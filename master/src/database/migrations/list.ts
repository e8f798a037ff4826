import { foundation } from './0001-foundation.ts';

export interface Migration {
  name: string;
  sql: string;
}

/** Forward only; the position in the list is the schema version. A released entry is never edited. */
export const migrations: readonly Migration[] = [{ name: 'foundation', sql: foundation }];

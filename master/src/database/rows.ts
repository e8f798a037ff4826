import { type Kysely, sql } from 'kysely';
import { p, type Run, type Statement, statement, type Value } from './statement.ts';
import type { Tables } from './tables.ts';

/**
 * Rows a statement: what a statement costs by itself is shared by its rows. Measured with node:sqlite, a row of `events`
 * with RETURNING alone, by 4, 16 and 64: 6.5, 5.0, 3.5 and 3.5 us.
 */
const SIZES = [64, 16, 4, 1] as const;

/** Inserts rows, each with its values in the order of the columns, and returns their numbers where it was told of any. */
export type InsertRows = (run: Run, rows: readonly (readonly Value[])[]) => Promise<number[]>;

interface Numbered {
  number: number;
}

/** SQLite's number of the row that was inserted last: asking for those of all rows costs 0.5 us each. */
export const lastNumber = statement((q) => q.selectNoFrom(sql<number>`last_insert_rowid()`.as('number')));

/**
 * An insert of as many rows as there are. `number` names a column that the database counts up: the numbers come back in
 * the order of the rows, because both databases number the rows of a statement one after the other.
 */
export function insertRows<T extends keyof Tables & string>(
  table: T,
  columns: readonly (keyof Tables[T] & string)[],
  number?: keyof Tables[T] & string,
): InsertRows {
  const bySize = SIZES.map((size) => ({ size, insert: insertOf(table, columns, size, number) }));
  return async (run, rows) => {
    const numbers: number[] = [];
    let at = 0;
    for (const { size, insert } of bySize) {
      for (; rows.length - at >= size; at += size) {
        const made = await run(insert, together(rows, at, size));
        if (number !== undefined) for (const one of await numbersOf(run, made)) numbers.push(one);
      }
    }
    return numbers;
  };
}

/** The values of some rows one behind the other; `flat` takes several times as long. */
function together(rows: readonly (readonly Value[])[], from: number, size: number): readonly Value[] {
  if (size === 1) return rows[from] ?? [];
  const values: Value[] = [];
  for (let at = from; at < from + size; at += 1) for (const value of rows[at] ?? []) values.push(value);
  return values;
}

/** The numbers of the rows that a statement made, of which PostgreSQL has told them and SQLite how many there are. */
async function numbersOf(run: Run, made: readonly Partial<Numbered>[]): Promise<number[]> {
  const told = made.flatMap((row) => row.number ?? []);
  if (told.length > 0) return told.sort((a, b) => a - b);
  const [last] = await run(lastNumber);
  return made.map((_, at) => (last?.number ?? 0) - made.length + 1 + at);
}

const insertOf = (table: string, columns: readonly string[], size: number, number: string | undefined) =>
  statement((q, dialect) => {
    const row = (at: number) => Object.fromEntries(columns.map((column) => [column, p(`${at}.${column}`)]));
    // The builder cannot know which table this is; the columns were checked against it above.
    const insert = (q as unknown as Kysely<Record<string, Record<string, Value>>>)
      .insertInto(table)
      .values(Array.from({ length: size }, (_, at) => row(at)));
    return number === undefined || dialect === 'sqlite' ? insert : insert.returning(`${number} as number`);
  }) as Statement<Partial<Numbered>>;

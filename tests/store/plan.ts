import type { DatabaseSync } from 'node:sqlite';
import type pg from 'pg';
import { compile, type Statement } from '../../master/src/database/statement.ts';

/**
 * How a statement reaches its rows, in words that are the same for both databases: an index with the columns that bound
 * the search (`tasks_claimable class_id= tenant_id=`), one `end of` an index, `scan` of a table or of an index without bounds,
 * `sort`, and `sort of ties` where all but the last column are in order already; several stand in the order of the alphabet. An index without a name of ours is called by its columns.
 */
export type Plan = string;

const asPlan = (accesses: string[]): Plan => accesses.sort().join(' + ');

export type Explain = (statement: Statement<unknown>) => Promise<Plan>;

/** Index -> what it is called in a plan. */
type Labels = ReadonlyMap<string, string>;

const access = (label: string, bounds: readonly string[], oneEnd: boolean) => {
  if (bounds.length > 0) return [label, ...bounds].join(' ');
  return oneEnd ? `end of ${label}` : `scan ${label}`;
};

/** The bounds of `(a=? AND b>?)`, `((a = $1) AND (ROW(b, c) > ROW($2, $3)))` and the like; null is a value like others. */
function boundsIn(condition: string): string[] {
  const plain = condition.replaceAll(/\b\w+\.|::\w+|\bROW\b/g, '').replaceAll('IS NULL', '=');
  const found = plain.matchAll(/(?:\(([\w, ]+)\)|\b([a-z]\w*)) ?(=|<|>)/g);
  return [...found].map(([, row, column, sign]) => `${row?.replaceAll(/, ?/g, ',') ?? column}${sign}`);
}

export function explainSqlite(database: DatabaseSync): Explain {
  const all = (sql: string) => database.prepare(sql).all() as Record<string, string | number>[];
  const labels = new Map<string, string>();
  const keys = new Map<string, string[]>();
  for (const { name } of all("SELECT name FROM sqlite_master WHERE type = 'table'")) {
    const columns = all(`SELECT name FROM pragma_table_info('${name}') WHERE pk > 0 ORDER BY pk`);
    keys.set(
      String(name),
      columns.map((column) => String(column.name)),
    );
  }
  for (const { name, tbl_name } of all("SELECT name, tbl_name FROM sqlite_master WHERE type = 'index'")) {
    const columns = all(`SELECT name FROM pragma_index_info('${name}') ORDER BY seqno`).map((column) => column.name);
    labels.set(String(name), String(name).startsWith('sqlite_') ? `${tbl_name}(${columns.join(', ')})` : String(name));
  }
  return async (statement) => {
    const lines = all(`EXPLAIN QUERY PLAN ${compile(statement, 'sqlite').sql}`).map(({ detail }) => String(detail));
    return asPlan(lines.flatMap((line) => sqliteAccess(line, labels, keys)));
  };
}

function sqliteAccess(line: string, labels: Labels, keys: ReadonlyMap<string, string[]>): string[] {
  if (line.includes('TEMP B-TREE')) return [line.includes('LAST TERM') ? 'sort of ties' : 'sort'];
  const found =
    /^(SEARCH|SCAN) (\w+)(?: USING (?:COVERING )?(?:INDEX (\w+)|(?:INTEGER )?PRIMARY KEY))?(?: \((.*)\))?/.exec(line);
  if (!found) return [];
  const [, how, table = '', index, conditions = ''] = found;
  const key = keys.get(table) ?? [];
  // The rows of a subquery, already counted where they come from.
  if (!keys.has(table) && how === 'SCAN') return [];
  const primary = how === 'SEARCH' || line.includes('PRIMARY KEY') ? `${table}(${key.join(', ')})` : table;
  const label = index === undefined ? primary : (labels.get(index) ?? index);
  return [access(label, boundsIn(conditions.replaceAll('rowid', String(key[0]))), how === 'SEARCH')];
}

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  Filter?: string;
  Plans?: Node[];
}

export async function explainPostgres(client: pg.ClientBase): Promise<Explain> {
  const { rows } = await client.query<{ name: string; label: string }>(`
    SELECT i.relname AS name, t.relname || '(' || string_agg(a.attname, ', ' ORDER BY array_position(x.indkey::int2[], a.attnum)) || ')' AS label
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (x.indkey)
    WHERE t.relnamespace = 'public'::regnamespace AND i.relname ~ '_(pkey|key)$' GROUP BY 1, t.relname`);
  const labels = new Map(rows.map(({ name, label }) => [name, label]));
  return async (statement) => {
    const { sql } = compile(statement, 'postgres');
    const explained = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
      `EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${sql}`,
    );
    const top = explained.rows[0]?.['QUERY PLAN'][0].Plan;
    return asPlan(top ? postgresAccesses(top, labels) : []);
  };
}

function postgresAccesses(node: Node, labels: Labels, above = ''): string[] {
  const own = postgresAccess(node, labels, above);
  const inner = (node.Plans ?? []).flatMap((one) => postgresAccesses(one, labels, node['Node Type']));
  return own === undefined ? inner : [own, ...inner];
}

function postgresAccess(node: Node, labels: Labels, above: string): string | undefined {
  const { 'Node Type': type, 'Index Name': index = '', 'Index Cond': condition = '', Filter: filter } = node;
  if (type.endsWith('Sort')) return type.startsWith('Incremental') ? 'sort of ties' : 'sort';
  const oneEnd = above === 'Limit' && filter === undefined;
  if (type.startsWith('Index')) return access(labels.get(index) ?? index, boundsIn(condition), oneEnd);
  return type.endsWith('Scan') && node['Relation Name'] ? `scan ${node['Relation Name']}` : undefined;
}

import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { isMainThread, workerData } from 'node:worker_threads';
import { armed, arrive, createKiller, die, reached } from './arm.ts';

/** Kill points of a master: its start, its commits by what they hold, its replies, published files, logs, checkpoints. */

/** What a commit holds, by the table that is written in it. */
const holds: [RegExp, string][] = [
  [/^insert into "?jobs"?\b/i, 'submit'],
  [/^insert into "?attempts"?\b/i, 'claim'],
  [/^insert into "?attempt_results"?\b/i, 'result'],
  [/^insert into "?files"?\b/i, 'upload'],
  [/^update "?attempts"?\b/i, 'attempt'],
  [/^update "?jobs"?\b/i, 'job'],
];
let held = new Set<string>();

function noteWrites(sql: string, statement: StatementSync): StatementSync {
  const tag = holds.find(([pattern]) => pattern.test(sql))?.[1];
  if (tag === undefined) return statement;
  const all = statement.all.bind(statement) as (...values: never[]) => unknown;
  statement.all = ((...values: never[]) => {
    held.add(tag);
    return all(...values);
  }) as typeof statement.all;
  return statement;
}

function watchDatabase(): void {
  const killer = createKiller(isMainThread ? 'in-commit' : 'in-checkpoint');
  const { exec, prepare } = DatabaseSync.prototype;
  DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql, options) {
    if (isMainThread) arrive('start:statement');
    const statement = options === undefined ? prepare.call(this, sql) : prepare.call(this, sql, options);
    if (isMainThread) return noteWrites(sql, statement);
    const get = statement.get.bind(statement) as (...values: never[]) => unknown;
    if (/wal_checkpoint/.test(sql))
      statement.get = ((...values: never[]) =>
        killer.around('in-checkpoint', () => get(...values))) as typeof statement.get;
    return statement;
  };
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql) {
    if (isMainThread) arrive('start:exec');
    if (sql === 'BEGIN IMMEDIATE') held = new Set();
    if (sql !== 'COMMIT') return exec.call(this, sql);
    const tags = [...held];
    for (const tag of tags) arrive(`before-commit:${tag}`);
    const tag = tags.find((one) => armed(`in-commit:${one}`));
    if (tag === undefined) exec.call(this, sql);
    else killer.around(`in-commit:${tag}`, () => exec.call(this, sql));
    for (const one of tags) arrive(`after-commit:${one}`);
  };
}

/** Which reply this is, by the call it answers; undefined for what changes nothing. */
function replyTo(method: string | undefined, url: string | undefined, payload: unknown): string | undefined {
  const path = url?.split('?')[0] ?? '';
  if (path.endsWith('/jobs/next')) return String(payload).includes('"lease_ms"') ? 'claim' : undefined;
  if (method === 'PATCH' && path.includes('/files/')) return 'upload';
  if (method !== 'POST') return undefined;
  if (path.endsWith('/jobs')) return 'submit';
  const last = path.split('/').at(-1) ?? '';
  return ['results', 'heartbeat', 'progress', 'logs', 'cancel', 'pause', 'resume'].includes(last) ? last : undefined;
}

function watchReplies(): void {
  const { end } = http.ServerResponse.prototype;
  http.ServerResponse.prototype.end = function (this: http.ServerResponse, ...args: unknown[]) {
    const kind = this.statusCode < 300 ? replyTo(this.req?.method, this.req?.url, args[0]) : undefined;
    if (kind !== undefined) arrive(`before-reply:${kind}`);
    if (kind !== undefined && reached(`after-reply:${kind}`)) this.once('finish', () => die(`after-reply:${kind}`));
    return (end as (...values: unknown[]) => http.ServerResponse).apply(this, args);
  } as typeof end;
}

function watchFiles(): void {
  const { rename, open } = fs.promises;
  fs.promises.rename = async (from, to) => {
    if (!String(to).includes('/files/')) return rename(from, to);
    arrive('before-publish');
    await rename(from, to);
    arrive('after-publish');
  };
  fs.promises.open = async (path, flags, mode) => {
    if (flags === 'r+') arrive('before-sync');
    return open(path, flags, mode);
  };
  const logs = new Set<number>();
  const { openSync, writeSync, closeSync } = fs;
  fs.openSync = (path, ...rest) => {
    const file = openSync(path, ...rest);
    if (String(path).endsWith('.log')) logs.add(file);
    return file;
  };
  fs.closeSync = (file) => {
    logs.delete(file);
    closeSync(file);
  };
  fs.writeSync = ((file: number, bytes: Buffer, ...rest: []) => {
    if (!logs.has(file) || !reached('half-log')) return writeSync(file, bytes, ...rest);
    writeSync(file, bytes.subarray(0, Math.ceil(bytes.length / 2)));
    return die('half-log');
  }) as typeof fs.writeSync;
  syncBuiltinESMExports();
}

// The checkpoints of a master run in a thread of their own, which is given the path of the database.
if (isMainThread || (workerData as { path?: string } | null)?.path !== undefined) watchDatabase();
if (isMainThread) {
  watchReplies();
  watchFiles();
}

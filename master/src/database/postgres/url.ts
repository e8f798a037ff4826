/** What the server does for this connection, whatever its own configuration says. */
const session: Readonly<Record<string, string | number>> = {
  // One statement is a few index look-ups; whatever takes this long is lost in a plan or behind a lock.
  statement_timeout: '15s',
  lock_timeout: '5s',
  // The transaction of a master that was cut off in the middle ends, and its row locks with it.
  idle_in_transaction_session_timeout: '15s',
  tcp_keepalives_idle: 15,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
  // A statement has one plan, chosen without regard to values or to statistics that may be missing or old: the one that
  // tests/store/plans.test.ts looks at. Without this, a table that was empty when its statement was planned is scanned
  // until the next ANALYZE.
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
};

export const isPostgresUrl = (db: string): boolean => /^postgres(ql)?:\/\//i.test(db);

/** The address with the session's settings; options of the user's own come behind them and win. */
export function sessionUrl(db: string): string {
  const url = new URL(db);
  const own = Object.entries(session).map(([name, value]) => `-c ${name}=${value}`);
  const theirs = url.searchParams.get('options');
  url.searchParams.set('options', [...own, ...(theirs === null ? [] : [theirs])].join(' '));
  if (!url.searchParams.has('application_name')) url.searchParams.set('application_name', 'ffrtmp-master');
  return url.href;
}

/** Parameters that say which server it is; the others may hold a password or the path of a key. */
const telling: readonly string[] = ['host', 'port'];

/** The address as it may be shown and logged. An address that cannot be read is not shown at all. */
export function shownUrl(db: string): string {
  if (!URL.canParse(db)) return 'postgres://(not a valid address)';
  const url = new URL(db);
  if (url.password !== '') url.password = '';
  for (const name of [...url.searchParams.keys()]) if (!telling.includes(name)) url.searchParams.delete(name);
  return url.href;
}

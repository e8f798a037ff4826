/**
 * What work costs. `attempt_prices`: the prices of an attempt that ended without a result, as figures; those of a result
 * lie with it. `carbon_samples`: live values of the grid. `daily_totals`: by day and key, what whole attempts came to
 * under one name, with how many attempts and how much of their time are in it, so that what is missing can be said.
 */
export const pricing = `
CREATE TABLE attempt_prices (
  attempt_id TEXT PRIMARY KEY REFERENCES attempts (id) ON DELETE CASCADE, body TEXT NOT NULL
) STRICT;
CREATE TABLE carbon_samples (
  zone TEXT NOT NULL, at INTEGER NOT NULL, g_per_kwh REAL NOT NULL, label TEXT NOT NULL, PRIMARY KEY (zone, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX carbon_samples_by_age ON carbon_samples (at);
CREATE TABLE daily_totals (
  tenant_id TEXT NOT NULL, dimension TEXT NOT NULL, day INTEGER NOT NULL, key TEXT NOT NULL, part TEXT NOT NULL,
  name TEXT NOT NULL, scope TEXT NOT NULL, quality TEXT NOT NULL, unit TEXT NOT NULL, method TEXT NOT NULL,
  value REAL NOT NULL, low REAL, high REAL, covered_s REAL NOT NULL, seconds REAL NOT NULL, attempts INTEGER NOT NULL,
  source TEXT NOT NULL, PRIMARY KEY (tenant_id, dimension, day, key, part, name, scope, quality, unit)
) STRICT, WITHOUT ROWID;
`;

/** What a run of one layer found: faults by name, sentences about what was broken, and figures for people. */
export interface FaultReport {
  counts: Record<string, number>;
  violations: string[];
  facts: Record<string, number>;
  /** How many trials were made, where one trial meets many faults; without it each fault is one. */
  trials?: number;
  /** The trials stand in a list and were not drawn by chance: they bound no rate. */
  listed?: boolean;
}

/** What every layer is asked to do. It ends by itself when it has made so many faults. */
export interface FaultRun {
  faults: number;
  seed: number;
  /** Trials of the same commit that were counted before this run. */
  before: number;
  /** Where each round works: a folder, an environment and an end that undoes everything. */
  inScope: <T>(work: (scope: import('../support/scope.ts').Scope) => Promise<T>) => Promise<T>;
  say: (line: string) => void;
}

export type Layer = (run: FaultRun) => Promise<FaultReport>;

export const emptyReport = (): FaultReport => ({ counts: {}, violations: [], facts: {} });

export const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0);

/** The N of 3/N. */
export const trialsOf = (report: FaultReport) => report.trials ?? sum(report.counts);

export function tally(counts: Record<string, number>, name: string, by = 1): void {
  counts[name] = (counts[name] ?? 0) + by;
}

export function merge(into: FaultReport, more: FaultReport): FaultReport {
  for (const [name, count] of Object.entries(more.counts)) tally(into.counts, name, count);
  for (const [name, count] of Object.entries(more.facts)) tally(into.facts, name, count);
  into.violations.push(...more.violations);
  if (more.listed) into.listed = true;
  if (more.trials !== undefined) into.trials = (into.trials ?? 0) + more.trials;
  return into;
}

/** Rounds side by side: two cores are kept busy by two masters, not by one. */
export async function inLanes(
  faults: number,
  perRound: number,
  lanes: number,
  round: (faults: number, index: number) => Promise<FaultReport>,
): Promise<FaultReport> {
  const report = emptyReport();
  let left = faults;
  let rounds = 0;
  async function lane(): Promise<void> {
    while (left > 0 && report.violations.length === 0) {
      const size = Math.min(perRound, left);
      left -= size;
      rounds += 1;
      merge(report, await round(size, rounds));
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  return report;
}

/** Names with their counts, most frequent first, for one line of output. */
export const countText = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

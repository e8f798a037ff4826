import { cpus, loadavg } from 'node:os';
import { openScope, type Scope } from '../../tests/support/scope.ts';

export interface Row {
  what: string;
  value: string;
  /** What bare node:http, node:sqlite or ffmpeg did in the same run. */
  reference?: string;
  /** Value over reference with its interval. */
  ratio?: string;
  limit: string;
}

export interface Report {
  gate: string;
  passed: boolean;
  /** Everything that was measured; printed as one line of JSON. */
  figures: Record<string, unknown>;
  /** The cells of the table. */
  row: Row;
}

/** Runs one gate in a world of its own, prints JSON and a row for docs/reference/bench.md; the exit code says if it is met. */
export async function runGate(gate: string, measure: (scope: Scope) => Promise<Omit<Report, 'gate'>>): Promise<void> {
  const undos: (() => Promise<void>)[] = [];
  const context = { name: gate, after: (undo: () => Promise<void>) => void undos.push(undo), diagnostic: say };
  const scope = openScope(context);
  const before = loadavg()[0] ?? 0;
  try {
    const { passed, figures, row } = await measure(scope);
    const machine = { cpu: cpus()[0]?.model ?? 'unknown', threads: cpus().length, node: process.version };
    const at = new Date().toISOString();
    const facts = { gate, passed, at, machine: { ...machine, load_before: before } };
    process.stdout.write(`${JSON.stringify({ ...facts, ...figures })}\n${rowText(row, passed)}\n`);
    process.exitCode = passed ? 0 : 1;
  } finally {
    for (const undo of undos) await undo();
  }
}

export const tableHead =
  '| gate | value | reference, same run | ratio (interval) | limit | |\n|---|---|---|---|---|---|';

const rowText = ({ what, value, reference = '—', ratio = '—', limit }: Row, passed: boolean) =>
  `| ${what} | ${value} | ${reference} | ${ratio} | ${limit} | ${passed ? 'met' : '**missed**'} |`;

/** BENCH_QUICK=1 tries the bench itself and decides nothing. */
export const quick = process.env.BENCH_QUICK === '1';

/** For people who wait: what goes on, beside the figures. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

import { cpus, loadavg } from 'node:os';
import { openScope, type Scope } from '../../tests/support/scope.ts';

export interface Report {
  gate: string;
  passed: boolean;
  /** Everything that was measured; printed as one line of JSON. */
  figures: Record<string, unknown>;
  /** The cells of the table: what, value, limit. */
  row: { what: string; value: string; limit: string };
}

/** Runs one gate in a world of its own, prints JSON and a row for docs/reference/bench.md; the exit code says if it is met. */
export async function runGate(gate: string, measure: (scope: Scope) => Promise<Omit<Report, 'gate'>>): Promise<void> {
  const undos: (() => Promise<void>)[] = [];
  const context = { name: gate, after: (undo: () => Promise<void>) => void undos.push(undo), diagnostic: say };
  const scope = openScope(context);
  const before = loadavg()[0] ?? 0;
  try {
    const { passed, figures, row } = await measure(scope);
    const machine = { cpu: cpus()[0]?.model ?? 'unknown', threads: cpus().length, load_before: before };
    const at = new Date().toISOString();
    process.stdout.write(`${JSON.stringify({ gate, passed, at, machine, ...figures })}\n`);
    process.stdout.write(`| ${row.what} | ${row.value} | ${row.limit} | ${passed ? 'met' : '**missed**'} |\n`);
    process.exitCode = passed ? 0 : 1;
  } finally {
    for (const undo of undos) await undo();
  }
}

/** For people who wait: what goes on, beside the figures. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

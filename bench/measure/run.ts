/**
 * Runs the gates one after the other, each a process of its own, and prints one Markdown table at the end. Every gate's
 * line of JSON goes to out/bench.jsonl as well. Arguments are names of gates; without any, all of them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { say, tableHead } from './gate.ts';

const bench = join(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(bench, '..', 'out');

/** The lines a gate printed, and its exit code: 0 met, 1 missed or broken. */
async function run(gate: string): Promise<{ lines: string[]; code: number | null }> {
  const child = spawn(process.execPath, [join(bench, `${gate}.ts`)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const [code] = (await once(child, 'close')) as [number | null];
  return { lines, code };
}

const all = readdirSync(bench).flatMap((name) => /^(.+)\.ts$/.exec(name)?.[1] ?? []);
const wanted = process.argv.slice(2).filter((name) => name !== '');
const unknown = wanted.find((name) => !existsSync(join(bench, `${name}.ts`)));
if (unknown !== undefined) throw new Error(`there is no gate ${unknown}: ${all.join(', ')}`);

const rows: string[] = [];
const reports: string[] = [];
let met = true;
for (const gate of wanted.length > 0 ? wanted : all.sort()) {
  say(`== ${gate}`);
  const { lines, code } = await run(gate);
  met &&= code === 0;
  reports.push(...lines.filter((line) => line.startsWith('{')));
  const row = lines.filter((line) => line.startsWith('|'));
  rows.push(...(row.length > 0 ? row : [`| ${gate} | broke with ${code} | | | | **missed** |`]));
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'bench.jsonl'), `${reports.join('\n')}\n`);
process.stdout.write(`${reports.join('\n')}\n\n${tableHead}\n${rows.join('\n')}\n`);
process.exitCode = met ? 0 : 1;

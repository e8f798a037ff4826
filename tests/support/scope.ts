import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertNoProcessOf } from './leaks.ts';

/** The part of node:test's context that a scope needs. */
interface Context {
  name: string;
  /** Node has it since 21.7, its type package not yet. */
  readonly passed?: boolean;
  after(run: () => Promise<void>): void;
  diagnostic(message: string): void;
}

/** One test's own world: a temporary directory that is its home, its TMPDIR and its mark on every process it starts. */
export interface Scope {
  /** Removed at the end. Every process of this scope carries it in its environment. */
  dir: string;
  /** The whole environment of the scope's programs: nothing of the developer's machine leaks in. */
  env: Record<string, string>;
  /** A fresh folder below `dir`. */
  folder(name: string): string;
  /** Runs at the end, last first, whatever happened. */
  onEnd(undo: () => Promise<void> | void): void;
  /** Shown when the test failed: the end of a program's output. */
  onFailure(tell: () => string): void;
}

export interface ScopeOptions {
  /** Why temporary files may stay behind, e.g. "kill -9 of the agent"; without a reason they are a fault. */
  leavesTemporaries?: string;
}

/** Opens the world of one test; at its end everything is undone and it is asserted that nothing is left. */
export function openScope(t: Context, options: ScopeOptions = {}): Scope {
  const dir = mkdtempSync(join(tmpdir(), 'ffrtmp-test-'));
  const undos: (() => Promise<void> | void)[] = [];
  const tales: (() => string)[] = [];
  const folder = (name: string) => {
    const path = join(dir, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const env = { PATH: process.env.PATH ?? '', LANG: 'C', HOME: folder('home'), TMPDIR: folder('tmp') };
  t.after(async () => {
    if (t.passed === false) for (const tell of tales) t.diagnostic(tell());
    const faults = await undoAll(undos);
    const assertions = [() => assertNoProcessOf(dir), () => options.leavesTemporaries || assertEmpty(env.TMPDIR)];
    for (const assertion of assertions) {
      try {
        assertion();
      } catch (error) {
        faults.push(error);
      }
    }
    rmSync(dir, { recursive: true, force: true });
    if (faults.length === 1) throw faults[0];
    if (faults.length > 1) throw new AggregateError(faults, faults.map(String).join('\n'));
  });
  return { dir, env, folder, onEnd: (undo) => undos.push(undo), onFailure: (tell) => tales.push(tell) };
}

async function undoAll(undos: (() => Promise<void> | void)[]): Promise<unknown[]> {
  const faults: unknown[] = [];
  for (const undo of undos.reverse()) {
    try {
      await undo();
    } catch (error) {
      faults.push(error);
    }
  }
  return faults;
}

function assertEmpty(folder: string): void {
  const left = readdirSync(folder, { recursive: true });
  if (left.length > 0) throw new Error(`temporary files were left behind: ${left.slice(0, 20).join(', ')}`);
}

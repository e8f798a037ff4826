import { createHash } from 'node:crypto';
import type { Clock, Timers } from '@ffrtmp/runtime/clock';
import type { Chance } from './chance.ts';

/** Wall clock at the beginning of every simulation. */
export const EPOCH_MS = Date.UTC(2030, 0, 1);

/** Whatever lives and dies as one: a master, an agent, a client. Its timers and its letters die with it. */
export interface Life {
  readonly name: string;
  alive: boolean;
  /** It stands still (SIGSTOP) until then: what happens to it waits. */
  frozenUntilMs: number;
  readonly bornAtMs: number;
}

interface Happening {
  atMs: number;
  /** Drawn from the seed: what happens at the same time happens in any order, but always in the same one. */
  tie: number;
  life: Life;
  run: (() => void) | undefined;
}

/** Virtual time, one queue of what happens in it, and the trace of what has happened. */
export interface World {
  readonly chance: Chance;
  nowMs: () => number;
  life: (name: string) => Life;
  /** Calls `run` after `ms` unless its life has ended by then; the function it returns calls it off. */
  schedule: (ms: number, life: Life, run: () => void) => () => void;
  timersOf: (life: Life) => Timers;
  /** The clocks of one life: a monotonic one that begins with it, and a wall clock that is off by `offsetMs`. */
  clockOf: (life: Life, offsetMs: () => number) => Clock;
  newId: () => string;
  /** One line of the trace. */
  note: (text: string) => void;
  /** Lets time pass until `done`, or for `limitMs` at most. */
  pass: (done: () => boolean, limitMs: number) => Promise<void>;
  traceHash: () => string;
  /** Errors that nobody caught: a fault of the product, whatever the invariants say. */
  faults: string[];
}

/** A binary heap by time and tie. */
function createHeap() {
  const items: Happening[] = [];
  const before = (a: Happening, b: Happening) => a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
  const at = (index: number) => items[index] as Happening;
  function swap(a: number, b: number): void {
    [items[a], items[b]] = [at(b), at(a)];
  }
  function sink(): void {
    for (let index = 0; ; ) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2])
        if (child < items.length && before(at(child), at(least))) least = child;
      if (least === index) return;
      swap(index, least);
      index = least;
    }
  }
  return {
    push(item: Happening): void {
      let index = items.push(item) - 1;
      while (index > 0 && before(at(index), at((index - 1) >> 1))) {
        swap(index, (index - 1) >> 1);
        index = (index - 1) >> 1;
      }
    },
    pop(): Happening | undefined {
      const top = items[0];
      const last = items.pop();
      if (last !== undefined && last !== top) {
        items[0] = last;
        sink();
      }
      return top;
    },
  };
}

/** Every promise that can go on has gone on: nothing in a simulation waits for real input or output. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export function createWorld(chance: Chance, print: ((line: string) => void) | undefined): World {
  const heap = createHeap();
  const hash = createHash('sha256');
  const ties = chance.fork('ties');
  const ids = chance.fork('ids');
  const faults: string[] = [];
  let nowMs = 0;

  function note(text: string): void {
    const line = `${nowMs.toFixed(3)} ${text}\n`;
    hash.update(line);
    print?.(line);
  }

  function schedule(ms: number, life: Life, run: () => void): () => void {
    const happening: Happening = { atMs: nowMs + Math.max(0, ms), tie: ties.next(), life, run };
    heap.push(happening);
    return () => {
      happening.run = undefined;
    };
  }

  async function happen(happening: Happening): Promise<void> {
    const { run, life, atMs } = happening;
    if (run === undefined || !life.alive) return;
    nowMs = Math.max(nowMs, atMs);
    if (life.frozenUntilMs > nowMs) {
      happening.atMs = life.frozenUntilMs;
      return heap.push(happening);
    }
    try {
      run();
    } catch (error) {
      faults.push(`${life.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    await turn();
  }

  return {
    chance,
    faults,
    note,
    schedule,
    nowMs: () => nowMs,
    life: (name) => ({ name, alive: true, frozenUntilMs: 0, bornAtMs: nowMs }),
    timersOf: (life) => ({
      // As in Node, no timer is shorter than a millisecond.
      after: (ms, run) => schedule(Math.max(1, ms), life, run),
      // A little later, so that what arrives meanwhile shares the turn.
      nextTurn: (run) => void schedule(ties.between(0, 0.2), life, run),
    }),
    clockOf: (life, offsetMs) => ({
      now: () => Math.floor(EPOCH_MS + nowMs + offsetMs()),
      monotonicMs: () => nowMs - life.bornAtMs,
    }),
    newId() {
      const time = Math.floor(EPOCH_MS + nowMs)
        .toString(16)
        .padStart(12, '0');
      return `${time.slice(0, 8)}-${time.slice(8)}-7${ids.hex(3)}-8${ids.hex(3)}-${ids.hex(12)}`;
    },
    async pass(done, limitMs) {
      const endMs = nowMs + limitMs;
      while (!done() && nowMs < endMs) {
        const next = heap.pop();
        if (!next) return;
        await happen(next);
      }
    },
    traceHash: () => hash.copy().digest('hex'),
  };
}

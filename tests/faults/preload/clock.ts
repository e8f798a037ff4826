/**
 * Shifts the wall clock of one process, back and forth, while it runs: FAULT_CLOCK is a list of `[after ms, shift ms]`.
 * Its monotonic clock stays true, as a set clock leaves it.
 */
const jumps = JSON.parse(process.env.FAULT_CLOCK ?? '[]') as [afterMs: number, shiftMs: number][];
const { now } = Date;
const shiftMs = () => jumps.findLast(([afterMs]) => performance.now() >= afterMs)?.[1] ?? 0;

globalThis.Date = class extends Date {
  static override now(): number {
    return now() + shiftMs();
  }
  constructor(...args: [] | [number]) {
    super(...((args.length === 0 ? [now() + shiftMs()] : args) as [number]));
  }
} as DateConstructor;

import type { Priority, Queue } from '@ffrtmp/shared/job/job';
import { priorities, queues } from '@ffrtmp/shared/job/job';
import type { FailureClass } from '@ffrtmp/shared/job/outcome';
import fc from 'fast-check';

/** What a job asks for, in plain words. Amounts are such that rounding to buckets changes none of them. */
export interface Wish {
  encoder: string;
  threads: number | null;
  ramMb: number;
  gpu: number;
  diskMb: number;
  pool: string;
  label: string | null;
}

export interface Submission {
  tenant: number;
  queue: Queue;
  priority: Priority;
  wish: Wish;
  quality: boolean;
  /** From now, or null. */
  notBeforeMs: number | null;
  maxRetries: number;
}

/** A machine as it registers. */
export interface Machine {
  slots: number;
  threads: number;
  ramMb: number;
  gpu: number;
  encoders: readonly string[];
  pool: string;
  label: string | null;
}

/** `pick` chooses among what there is at that moment, counted round. */
export type Step =
  | { do: 'submit'; job: Submission }
  | { do: 'claim'; claims: { node: number; slots: number }[] }
  | { do: 'finish'; pick: number }
  | { do: 'fail'; pick: number; failureClass: FailureClass; random: number }
  | { do: 'lose'; node: number }
  | { do: 'pause' | 'resume' | 'cancel' | 'retry'; pick: number }
  | { do: 'move'; pick: number; queue: Queue; priority: Priority }
  | { do: 'hold'; tenant: number; queue: Queue; paused: boolean }
  | { do: 'cap'; tenant: number; queue: Queue; maxRunning: number | null }
  | { do: 'wait'; ms: number }
  | { do: 'drain'; node: number; draining: boolean }
  | { do: 'register'; node: number; machine: number }
  | { do: 'disk'; node: number; freeMb: number };

export const MIN_MS = 60_000;
export const LEASE_MS = 30 * MIN_MS;
export const AGING_MS = 10 * MIN_MS;
export const RESERVE_MS = 5 * MIN_MS;
export const OFFLINE_MS = 2 * MIN_MS;
/** Any day; ids and times only need an order. */
export const START_MS = Date.parse('2026-11-20T00:00:00Z');

/** Tenants by their weights. */
export const WEIGHTS = [1, 2, 5] as const;

const cpu = ['libx264', 'libx265'];
export const machines: readonly Machine[] = [
  { slots: 2, threads: 8, ramMb: 16_384, gpu: 0, encoders: cpu, pool: 'default', label: null },
  { slots: 4, threads: 16, ramMb: 32_768, gpu: 2, encoders: [...cpu, 'h264_nvenc'], pool: 'default', label: 'a' },
  { slots: 1, threads: 2, ramMb: 2048, gpu: 0, encoders: ['libx264'], pool: 'default', label: 'b' },
  { slots: 6, threads: 4, ramMb: 8192, gpu: 1, encoders: ['libx264', 'h264_nvenc'], pool: 'far', label: 'a' },
  { slots: 3, threads: 12, ramMb: 4096, gpu: 0, encoders: cpu, pool: 'default', label: 'a' },
];
export const NODES = 4;

const anyQueue = fc.constantFrom(...queues);
const anyPriority = fc.constantFrom(...priorities);
const node = fc.nat({ max: NODES - 1 });
const tenant = fc.nat({ max: WEIGHTS.length - 1 });
const pick = fc.nat({ max: 1000 });

const mostly = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: others.length * 3, arbitrary: fc.constant(usual) },
    { weight: others.length, arbitrary: fc.constantFrom(...others) },
  );

const special: fc.Arbitrary<Wish> = fc.record({
  encoder: mostly('libx264', 'libx265', 'h264_nvenc'),
  threads: fc.constantFrom(null, null, 1, 2, 4, 8, 12),
  ramMb: mostly(0, 1024, 4096, 8192),
  gpu: mostly(0, 1, 2),
  diskMb: mostly(0, 4096),
  pool: mostly('default', 'far'),
  label: mostly(null, 'a', 'b'),
});

const plain = { encoder: 'libx264', threads: null, ramMb: 0, gpu: 0, diskMb: 0, pool: 'default', label: null };
/** Half of the jobs are alike: only then many wait in one lane. */
const anyWish = fc.oneof(fc.constant(plain), special);

/** Most jobs meet in one queue, one priority and one tenant, or there would be no order to get wrong. */
const anyJob: fc.Arbitrary<Submission> = fc.record({
  tenant: mostly(0, 1, 2),
  queue: mostly<Queue>('default', 'live', 'batch'),
  priority: mostly<Priority>('medium', 'high', 'low'),
  wish: anyWish,
  quality: mostly(false, true),
  notBeforeMs: mostly(null, 5000, 7 * MIN_MS),
  maxRetries: fc.nat({ max: 2 }),
});

const failures = fc.constantFrom<FailureClass>('input', 'resource', 'infrastructure', 'unknown');

/** Arbitraries with their weights: work comes and goes mostly, the rest is what people and machines do now and then. */
const kinds: { weight: number; arbitrary: fc.Arbitrary<Step> }[] = [
  { weight: 26, arbitrary: fc.record({ do: fc.constant('submit'), job: anyJob }) },
  {
    weight: 26,
    arbitrary: fc.record({
      do: fc.constant('claim'),
      claims: fc.array(fc.record({ node, slots: fc.integer({ min: 1, max: 4 }) }), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('finish'), pick }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('fail'),
      pick,
      failureClass: failures,
      random: fc.constantFrom(0, 0.5, 0.999),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose'), node }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constantFrom('pause', 'resume', 'resume', 'cancel', 'retry'), pick }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('move'), pick, queue: anyQueue, priority: anyPriority }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('hold'), tenant, queue: anyQueue, paused: mostly(false, true) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('cap'),
      tenant,
      queue: anyQueue,
      maxRunning: fc.constantFrom(null, null, 0, 1, 2),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(1, 4000, 6 * MIN_MS, 11 * MIN_MS) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drain'), node, draining: mostly(false, true) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('register'), node, machine: fc.nat({ max: machines.length - 1 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('disk'), node, freeMb: fc.constantFrom(0, 2048, 1 << 20) }) },
];

export const stepsOf = (commands: number): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof(...kinds), { minLength: commands, maxLength: commands, size: 'max' });
export const anyOrder = fc.constantFrom('strict' as const, 'weighted' as const);

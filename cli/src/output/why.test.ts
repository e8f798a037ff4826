import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyText } from './why.ts';

const nothing = { slots: 0, threads: 0, ram_mb: 0, gpu_sessions: 0 };

test('what is free stands beside what is needed, for the amounts that are asked for', () => {
  const nodes = {
    one: {
      free: { slots: 1, threads: 0, ram_mb: 9000, gpu_sessions: 1 },
      needed: { slots: 1, threads: 2, ram_mb: 4096, gpu_sessions: 0 },
    },
    two: { free: nothing, needed: { ...nothing, slots: 1, gpu_sessions: 1 } },
    full: { free: { ...nothing, slots: 1 }, needed: { ...nothing, slots: 1 }, disk_free_mb: 12.7, disk_needed_mb: 50 },
  };
  assert.equal(
    whyText({ reason: 'no_free_resources', message: 'both are busy', details: { nodes, ahead: 3 } }),
    [
      'both are busy',
      '',
      'NODE  LACKS                FREE                         NEEDED',
      'one   threads              1 slot, 0 threads, 9000 MiB  1 slot, 2 threads, 4096 MiB',
      'two   slots, GPU sessions  0 slots, 0 GPU sessions      1 slot, 1 GPU session',
      'full  disk                 1 slot, 12 MiB of disk       1 slot, 50 MiB of disk',
    ].join('\n'),
  );
});

test('several nodes that could never run it are named with what each lacks; one stands in the sentence already', () => {
  const why = { reason: 'no_encoder', message: 'no connected node has it' } as const;
  const one = { one: 'has no working av1_nvenc' };
  assert.equal(whyText({ ...why, details: { nodes: one } }), why.message);
  assert.equal(
    whyText({ ...why, details: { nodes: { ...one, second: 'is in the pool gpu, not default' } } }),
    `${why.message}\n\nNODE    WHY NOT\none     has no working av1_nvenc\nsecond  is in the pool gpu, not default`,
  );
});

test('a fleet is cut short, and details of another shape leave the sentence alone', () => {
  const nodes = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`n${index}`, 'has no libx265']));
  const text = whyText({ reason: 'no_encoder', message: 'none has it', details: { nodes } });
  assert.match(text, /\nand 5 more: --output json lists them all$/);
  assert.equal(
    whyText({ reason: 'turn', message: 'two stand before it', details: { nodes: ['one'] } }),
    'two stand before it',
  );
});

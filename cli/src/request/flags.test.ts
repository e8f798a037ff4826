import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobRequestSchema } from '@ffrtmp/shared/job/job';
import { parametersSchema } from '@ffrtmp/shared/job/parameters';
import { jobFlags } from './flags.ts';

const flags = jobFlags();
const named = (name: string) => flags.find((flag) => flag.name === name);

test('every field of a job request and every known parameter has a flag', () => {
  for (const field of Object.keys(jobRequestSchema.shape)) {
    assert.ok(
      flags.some((flag) => flag.path[0] === field),
      `no flag for ${field}`,
    );
  }
  for (const parameter of Object.keys(parametersSchema.shape)) {
    assert.deepEqual(named(parameter.replaceAll('_', '-'))?.path, ['parameters', parameter]);
  }
});

test('no two flags have the same name and none starts with no-', () => {
  const names = flags.map((flag) => flag.name);
  assert.deepEqual([...new Set(names)], names);
  assert.deepEqual(
    names.filter((name) => name.startsWith('no-')),
    [],
  );
});

test('numbers, choices, maps and requests are told apart', () => {
  assert.deepEqual(
    [
      'crf',
      'bitrate',
      'queue',
      'label',
      'param',
      'quality',
      'quality-sample',
      'output-name',
      'timeout-sec',
      'cpu-threads',
      'gpu-sessions',
      'node-selector',
      'require-capable',
      'deadline',
    ].map((name) => {
      const flag = named(name);
      return [name, flag?.kind, flag?.numeric, flag?.choices?.length ?? 0, flag?.path.join('.')];
    }),
    [
      ['crf', 'value', true, 0, 'parameters.crf'],
      ['bitrate', 'value', true, 0, 'parameters.bitrate'],
      ['queue', 'value', false, 3, 'queue'],
      ['label', 'map', false, 0, 'labels'],
      ['param', 'map', true, 0, 'parameters'],
      ['quality', 'ask', false, 3, 'quality.metrics'],
      ['quality-sample', 'value', true, 0, 'quality.sample'],
      ['output-name', 'value', false, 0, 'outputs.0.name'],
      ['timeout-sec', 'value', true, 0, 'limits.timeout_sec'],
      ['cpu-threads', 'value', true, 0, 'resources.cpu_threads'],
      ['gpu-sessions', 'value', true, 0, 'resources.gpu_sessions'],
      ['node-selector', 'map', false, 0, 'node_selector'],
      ['require-capable', 'switch', false, 0, 'require_capable'],
      ['deadline', 'value', false, 0, 'deadline'],
    ],
  );
});

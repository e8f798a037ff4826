import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '@ffrtmp/shared/config';
import { agentOptions } from './config.ts';

const read = (argv: string[], file?: unknown) => readConfig('worker', agentOptions, { argv, env: {}, file });

test('Labels come as pairs, from the command line or as a list of the file', () => {
  assert.deepEqual(read([]).labels, {});
  assert.deepEqual(read(['--labels', 'rack=a1, site=berlin=mitte']).labels, { rack: 'a1', site: 'berlin=mitte' });
  assert.deepEqual(read([], { worker: { labels: ['rack=a,b'] } }).labels, { rack: 'a,b' });
});

test('A label without a value, with a bad name or of the agent’s own finding is refused', () => {
  for (const [labels, message] of [
    ['rack', /rack: write name=value/],
    ['=a', /=a: write name=value/],
    ['Rack=a', /lower-case/],
    ['os=plan9', /os: is found out by the agent itself/],
    [`long=${'x'.repeat(256)}`, /more than 255 letters/],
  ] as const)
    assert.throws(() => read(['--labels', labels]), { code: 'bad_config', message });
});

test('Pool and GPU sessions are the fleet’s default and the agent’s own finding unless they are given', () => {
  const { pool, gpuSessions } = read([]);
  assert.deepEqual([pool, gpuSessions], ['default', undefined]);
  assert.deepEqual([read(['--pool', 'gpu', '--gpu-sessions', '0']).gpuSessions], [0]);
  assert.throws(() => read(['--pool', 'A b', '--gpu-sessions', '-1']), /--pool.*\n--gpu-sessions/s);
});

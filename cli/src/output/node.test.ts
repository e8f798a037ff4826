import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '@ffrtmp/shared/node/node';
import { nodeDetails, nodeList, nodeTable } from './node.ts';

const at = '2026-11-20T12:00:00.000Z';
const node: Node = {
  id: '01a1f958-1d25-7d7e-a812-814201503ba3',
  address: 'worker-01',
  name: 'worker-01',
  type: 'server',
  cpu_threads: 32,
  cpu_model: 'a CPU',
  has_gpu: true,
  gpu_type: 'a GPU',
  gpu_capabilities: ['h264_nvenc'],
  gpu_sessions: 2,
  ram_bytes: 64_000_000_000,
  battery: false,
  pool: 'studio',
  labels: { site: 'berlin' },
  encoders: [{ name: 'h264_nvenc', works: true, fps: 400, reason: null }],
  power_sources: [],
  ffmpeg_version: 'ffmpeg version 7.1',
  status: 'available',
  slots: 4,
  running: 1,
  free: { slots: 3, threads: 24, ram_mb: 50_000, gpu_sessions: 1 },
  reserved: true,
  load: null,
  version: '0.1.0',
  protocol: 1,
  master_as_worker: false,
  last_heartbeat: at,
  registered_at: at,
};

test('a node shows its pool, what is free of what it has, and that it is kept for a bigger task', () => {
  assert.equal(
    nodeTable([node], Date.parse(at) + 5000),
    [
      'ADDRESS    STATUS               TYPE    RUNS  POOL    FREE THREADS         FREE RAM  FREE GPU  ENERGY  ENCODERS    SEEN  ID',
      `worker-01  available, reserved  server   1/4  studio         24/32  52.4 GB/64.0 GB       1/2  –       h264_nvenc   5 s  ${node.id}`,
    ].join('\n'),
  );
  const details = nodeDetails(node);
  assert.match(details, /^pool +studio\nfree +3 slots, 24 threads, 52.4 GB memory, 1 of 2 GPU sessions$/m);
  assert.match(details, /^reserved +kept free for a task that needs more of it/m);
});

test('what an older master does not say of a node is not made up', () => {
  const { free: _free, reserved: _reserved, pool: _pool, gpu_sessions: _sessions, ...old } = node;
  const [, row] = nodeTable([old], Date.parse(at)).split('\n');
  assert.match(row ?? '', /^worker-01 {2}available {2}server +1\/4 {2}– +32 +64.0 GB +– /);
  assert.doesNotMatch(nodeDetails(old), /^(?:pool|free|reserved)/m);
});

test('nodes that are one machine are named once below the list', () => {
  const [one, two, three] = ['one', 'two', 'three'].map((address) => ({
    ...node,
    address,
    same_machine: [] as string[],
  }));
  assert.ok(one && two && three);
  assert.equal(nodeList([one, three], 0), nodeTable([one, three], 0));
  const shared = [{ ...one, same_machine: ['two'] }, { ...two, same_machine: ['one'] }, three];
  assert.match(nodeList(shared, 0), /\n\none, two are one machine: each tells the energy of all of it$/);
  assert.match(nodeDetails({ ...one, same_machine: ['two'] }), /^same machine +two: never add their energy$/m);
});

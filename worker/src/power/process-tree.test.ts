import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { machineBusySeconds, processTreeCpuSeconds } from './process-tree.ts';

const proc = mkdtempSync(join(tmpdir(), 'ffrtmp-proc-'));
after(() => rmSync(proc, { recursive: true }));

function plant(pid: number, ticks: number[], children: Record<number, number[]>) {
  for (const [thread, list] of Object.entries(children)) {
    mkdirSync(join(proc, String(pid), 'task', thread), { recursive: true });
    writeFileSync(join(proc, String(pid), 'task', thread, 'children'), list.map((child) => `${child} `).join(''));
  }
  writeFileSync(
    join(proc, String(pid), 'stat'),
    `${pid} (a) (b c) R 1 ${pid} 1 0 -1 4194304 9 9 9 9 ${ticks.join(' ')} 20 0`,
  );
}

test('a tree counts its living children of every thread and those already reaped', () => {
  plant(10, [100, 50, 30, 20], { 10: [11], 12: [13] });
  plant(11, [1, 2, 3, 4], { 11: [] });
  plant(13, [10, 0, 0, 0], { 13: [] });
  assert.equal(processTreeCpuSeconds(proc, 10), 2.2);
  assert.equal(processTreeCpuSeconds(proc, 99), null);
});

test('the machine is busy with everything but idling and waiting', () => {
  writeFileSync(join(proc, 'stat'), 'cpu  100 20 30 9999 8888 4 6 50 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n');
  assert.equal(machineBusySeconds(proc), 1.6);
  assert.equal(machineBusySeconds(join(proc, 'nowhere')), null);
});

test('a real child that computes is seen in the tree of its parent', async () => {
  const burn = 'const end = Date.now() + 300; while (Date.now() < end); console.log(1); setInterval(() => {}, 1e6)';
  const child = spawn(process.execPath, ['-e', burn]);
  const before = processTreeCpuSeconds('/proc', process.pid) ?? 0;
  await once(child.stdout, 'data');
  const own = processTreeCpuSeconds('/proc', child.pid ?? 0) ?? 0;
  const tree = (processTreeCpuSeconds('/proc', process.pid) ?? 0) - before;
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.ok(own > 0.1, `${own}`);
  assert.ok(tree > 0.1, `${tree}`);
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lookAround } from '../../worker/src/hardware/surroundings.ts';
import { packageTemperature } from '../../worker/src/power/idle-store.ts';
import { ownCgroup } from '../../worker/src/power/job-cgroup.ts';
import { machineThreads } from '../../worker/src/power/process-tree.ts';
import { plantTree, type Tree } from '../support/power-trees.ts';
import { openScope } from '../support/scope.ts';

const around = (t: TestContext, tree: Tree) => {
  const root = plantTree(join(openScope(t).dir, 'machine'), tree);
  return lookAround({ proc: join(root, 'proc'), sys: join(root, 'sys') });
};
const nothing = { wsl: false, container: false, sockets: 1, cloud: null, nvidia: false };

test('a bare machine of two sockets with an NVIDIA card', (t) => {
  const cpu = (index: number, socket: number): Tree => ({
    [`sys/devices/system/cpu/cpu${index}/topology/physical_package_id`]: String(socket),
  });
  const tree: Tree = {
    ...{ ...cpu(0, 0), ...cpu(1, 0), ...cpu(2, 1), ...cpu(3, 1) },
    'proc/sys/kernel/osrelease': '6.12.0-amd64',
    'proc/self/cgroup': '0::/system.slice/ffrtmp-agent.service',
    'sys/bus/pci/devices/0000:01:00.0/vendor': '0x10de',
    'sys/bus/pci/devices/0000:01:00.0/class': '0x030200',
    'sys/bus/pci/devices/0000:01:00.1/vendor': '0x8086',
    'sys/bus/pci/devices/0000:01:00.1/class': '0x020000',
  };
  assert.deepEqual(around(t, tree), { ...nothing, sockets: 2, nvidia: true });
});

test('an NVIDIA sound or network function alone is no card that could encode', (t) => {
  const tree = { 'sys/bus/pci/devices/a/vendor': '0x10de', 'sys/bus/pci/devices/a/class': '0x040300' };
  assert.deepEqual(around(t, tree), nothing);
});

test('Windows Subsystem for Linux, containers of several makes, and clouds are known by their marks', (t) => {
  assert.equal(around(t, { 'proc/sys/kernel/osrelease': '5.15.153.1-microsoft-standard-WSL2' }).wsl, true);
  for (const path of ['/docker/3f5', '/kubepods.slice/pod1', '/machine.slice/libpod-77.scope', '/lxc.payload.one'])
    assert.equal(around(t, { 'proc/1/cgroup': `0::${path}` }).container, true, path);
  const clouds = { 'Amazon EC2': 'AWS', Google: 'GCP', 'Dell Inc.': null };
  for (const [vendor, cloud] of Object.entries(clouds))
    assert.equal(around(t, { 'sys/class/dmi/id/sys_vendor': vendor }).cloud, cloud);
  const hyperv = { 'sys/class/dmi/id/sys_vendor': 'Microsoft Corporation' };
  assert.equal(around(t, { ...hyperv, 'sys/class/dmi/id/product_name': 'Virtual Machine' }).cloud, 'Azure');
  assert.equal(around(t, { ...hyperv, 'sys/class/dmi/id/product_name': 'Surface' }).cloud, null);
});

test('an attempt’s own cgroup is found in the v1 tree as well, and the agent’s is nobody’s own', (t) => {
  const root = plantTree(openScope(t).dir, {
    'proc/self/cgroup': '2:cpu,cpuacct:/agent\n0::/',
    'proc/7/cgroup': '2:cpu,cpuacct:/job\n0::/',
    'proc/8/cgroup': '2:cpu,cpuacct:/agent\n0::/',
    'cgroup/cpu,cpuacct/job/cpuacct.usage': '2500000000',
    'cgroup/cpu,cpuacct/agent/cpuacct.usage': '1',
  });
  const roots = { proc: join(root, 'proc'), cgroup: join(root, 'cgroup') };
  assert.equal(ownCgroup(roots, 7)?.(), 2.5);
  assert.equal(ownCgroup(roots, 8), null);
  assert.equal(ownCgroup(roots, 9), null, 'it has ended');
});

test('threads are those of the machine, and the temperature that of its CPU', (t) => {
  const root = plantTree(openScope(t).dir, {
    'proc/stat': 'cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\ncpu12 1 2 3\nintr 5',
    'sys/class/thermal/thermal_zone0/type': 'acpitz',
    'sys/class/thermal/thermal_zone0/temp': '27800',
    'sys/class/thermal/thermal_zone1/type': 'x86_pkg_temp',
    'sys/class/thermal/thermal_zone1/temp': '45500',
  });
  assert.equal(machineThreads(join(root, 'proc')), 3);
  assert.equal(machineThreads('/nowhere'), 1);
  assert.equal(packageTemperature(join(root, 'sys')), 45.5);
  assert.equal(packageTemperature('/nowhere'), null);
});

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PlantedGroup {
  usec?: number;
  bytes?: number;
  /** Lines of `io.stat`. */
  io?: string;
}

/** 64 hexadecimal digits, as container engines name what they run. */
export const containerId = (start: string) => start.padEnd(64, '0');

/** The files of a group as the kernel (6.8, Ubuntu 24.04) shows them, as far as anybody here looks at them. */
export function plantGroup(root: string, path: string, { usec, bytes, io }: PlantedGroup): void {
  const folder = join(root, path);
  mkdirSync(folder, { recursive: true });
  if (usec !== undefined)
    writeFileSync(join(folder, 'cpu.stat'), `usage_usec ${usec}\nuser_usec ${usec}\nsystem_usec 0\nnr_periods 0\n`);
  if (bytes !== undefined) writeFileSync(join(folder, 'memory.current'), `${bytes}\n`);
  if (io !== undefined) writeFileSync(join(folder, 'io.stat'), io);
}

/** A host with systemd, services, and containers of docker, podman and Kubernetes, each where its engine puts it. */
export function plantHost(root: string): void {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'cgroup.controllers'), 'cpuset cpu io memory hugetlb pids rdma misc\n');
  plantGroup(root, '.', { usec: 900_000_000, io: '' });
  plantGroup(root, 'init.scope', { usec: 10_000_000, bytes: 5_000_000, io: '' });
  plantGroup(root, 'system.slice', {
    usec: 500_000_000,
    bytes: 900_000_000,
    io: '8:0 rbytes=100 wbytes=200 rios=1 wios=2\n',
  });
  plantGroup(root, 'system.slice/cron.service', { usec: 1_500_000, bytes: 1_000_000, io: '' });
  plantGroup(root, `system.slice/docker-${containerId('2f7c0d91aa3e')}.scope`, {
    ...{ usec: 400_000_000, bytes: 700_000_000 },
    io: '8:0 rbytes=1000 wbytes=2000 rios=1 wios=2 dbytes=0 dios=0\n259:0 rbytes=30 wbytes=40 rios=1 wios=2\n',
  });
  plantGroup(root, `docker/${containerId('0badcafe0000')}`, { usec: 7_000_000, bytes: 70, io: '' });
  plantGroup(root, 'user.slice/user-1000.slice/session-3.scope', { usec: 20_000_000, bytes: 1, io: '' });
  plantGroup(root, 'user.slice', { usec: 20_000_000, bytes: 100_000_000, io: '' });
  const pod = 'kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice';
  plantGroup(root, 'kubepods.slice', { usec: 60_000_000, bytes: 50_000_000, io: '' });
  plantGroup(root, `${pod}/cri-containerd-${containerId('feedfacebeef')}.scope`, {
    usec: 60_000_000,
    bytes: 50_000_000,
  });
}

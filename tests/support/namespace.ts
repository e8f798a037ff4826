import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Scope } from './scope.ts';

const missing = ['/usr/bin/unshare', '/usr/sbin/ip'].filter((path) => !existsSync(path));

/** Why the kernel's namespaces cannot be used here, for `skip`; false where they can. */
export const noNamespaces: string | false =
  process.getuid?.() !== 0 ? 'needs root' : missing.length > 0 && `needs ${missing.join(' and ')}`;

/** For `within`: the program has `folder` on a disk of `megabytes` of its own, which goes when it ends. */
export const onSmallDisk = (folder: string, megabytes: number): string[] => {
  const mount = `mount -t tmpfs -o size=${megabytes}m,mode=700 tmpfs "$0" && exec "$@"`;
  return ['/usr/bin/unshare', '--mount', '--propagation', 'private', '/bin/sh', '-c', mount, folder];
};

/** How a path looks to another process: in its own mounts. */
export const asSeenBy = (pid: number, path: string) => `/proc/${pid}/root${path}`;

export interface Network {
  name: string;
  address: string;
  /** Runs a program in it. */
  within: string[];
}

const ip = (...words: string[]) => void execFileSync('/usr/sbin/ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });

let made = 0;

/** A network of its own with nothing but loopback; removed at the end. */
export function openNetwork(scope: Scope): Network {
  made += 1;
  const name = `ffrtmp-${process.pid}-${made}`;
  ip('netns', 'add', name);
  scope.onEnd(() => ip('netns', 'del', name));
  ip('-n', name, 'link', 'set', 'lo', 'up');
  return { name, address: '127.0.0.1', within: ['/usr/sbin/ip', 'netns', 'exec', name] };
}

/** Two networks with a cable between them, as two machines have. */
export function openTwoNetworks(scope: Scope): [Network, Network] {
  const here = { ...openNetwork(scope), address: '10.99.7.1' };
  const there = { ...openNetwork(scope), address: '10.99.7.2' };
  ip('-n', here.name, 'link', 'add', 'cable', 'type', 'veth', 'peer', 'name', 'cable', 'netns', there.name);
  for (const { name, address } of [here, there]) {
    ip('-n', name, 'address', 'add', `${address}/24`, 'dev', 'cable');
    ip('-n', name, 'link', 'set', 'cable', 'up');
  }
  return [here, there];
}

/** For `within`: the rest of what makes another machine, its host name and its identity. */
export function asMachine(scope: Scope, name: string): string[] {
  const id = `${name}00000000000000000000000000000000`.replace(/[^0-9a-f]/g, '0').slice(0, 32);
  const bind = 'echo "$1" > "$2" && { [ ! -e /etc/machine-id ] || mount --bind "$2" /etc/machine-id; }';
  const become = `${bind} && hostname "$0" && shift 2 && exec "$@"`;
  const file = `${scope.folder('machines')}/${name}`;
  const own = ['/usr/bin/unshare', '--mount', '--uts', '--propagation', 'private'];
  return [...own, '/bin/sh', '-c', become, name, id, file];
}

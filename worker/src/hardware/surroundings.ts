import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What stands around the CPU and decides which power sensors can be there. */
export interface Surroundings {
  wsl: boolean;
  container: boolean;
  sockets: number;
  cloud: 'AWS' | 'GCP' | 'Azure' | null;
  /** An NVIDIA card on the PCI bus, whether its driver works or not. */
  nvidia: boolean;
}

const readOr = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

const namesIn = (folder: string) => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

function inContainer(proc: string): boolean {
  // The marks of Docker and Podman lie outside of the trees, so a recorded machine is judged by its trees alone.
  if (proc === '/proc' && (existsSync('/.dockerenv') || existsSync('/run/.containerenv'))) return true;
  const words = `${readOr(`${proc}/1/cgroup`)}${readOr(`${proc}/self/cgroup`)}`;
  return (
    /docker|kubepods|containerd|libpod|\/lxc/.test(words) || /(?:^|\0)container=/.test(readOr(`${proc}/1/environ`))
  );
}

function socketsOf(sys: string): number {
  const root = `${sys}/devices/system/cpu`;
  const cpus = namesIn(root).filter((name) => /^cpu\d+$/.test(name));
  const ids = cpus.map((cpu) => readOr(`${root}/${cpu}/topology/physical_package_id`).trim()).filter(Boolean);
  return Math.max(1, new Set(ids).size);
}

const NVIDIA = '0x10de';
/** PCI class 0x03: display controllers, which includes compute cards without a display. */
const isDisplay = (text: string) => text.startsWith('0x03');

export function lookAround(roots: { proc: string; sys: string }): Surroundings {
  const { proc, sys } = roots;
  const vendor = readOr(`${sys}/class/dmi/id/sys_vendor`).trim();
  const product = readOr(`${sys}/class/dmi/id/product_name`).trim();
  const azure = vendor === 'Microsoft Corporation' && product === 'Virtual Machine';
  const cloud = vendor === 'Amazon EC2' ? 'AWS' : vendor === 'Google' ? 'GCP' : azure ? 'Azure' : null;
  const devices = namesIn(`${sys}/bus/pci/devices`).map((name) => `${sys}/bus/pci/devices/${name}`);
  return {
    wsl: /microsoft/i.test(readOr(`${proc}/sys/kernel/osrelease`)),
    container: inContainer(proc),
    sockets: socketsOf(sys),
    cloud,
    nvidia: devices.some(
      (device) => readOr(`${device}/vendor`).trim() === NVIDIA && isDisplay(readOr(`${device}/class`).trim()),
    ),
  };
}

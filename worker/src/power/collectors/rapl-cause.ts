import type { Cause } from '../sensor.ts';

/** What tells the causes apart when there are no counters to read. */
export interface RaplFindings {
  /** Why a counter that exists could not be read; null when there is none. */
  code: string | null;
  /** Does the root exist? */
  folder: boolean;
  /** Only core zones, no package: what some AMD kernels show. */
  coreOnly: boolean;
  vendor: string;
  virtual: boolean;
  wsl: boolean;
  container: boolean;
}

const permission: Cause = {
  cause: 'permission',
  text: 'RAPL counters are readable by root only (CVE-2020-8694)',
  fix: 'run the agent as root, or let its group read them: chgrp ffrtmp /sys/class/powercap/*/energy_uj && chmod g+r /sys/class/powercap/*/energy_uj',
};
const mask: Cause = {
  cause: 'container-mask',
  text: 'the powercap tree is empty: inside a container it is masked, even for root',
  fix: 'mount /sys/devices/virtual/powercap of the host read-only at another path and name it with --powercap-root',
};
const wsl: Cause = {
  cause: 'wsl',
  text: 'this is Windows Subsystem for Linux, a virtual machine without RAPL counters',
  fix: 'run the agent on Linux itself, poll a plug with --meter-url, or bring a profile with --power-profile',
};
const vm: Cause = {
  cause: 'vm',
  text: 'this is a virtual machine, and the host shows it no RAPL counters',
  fix: 'measure on the host, poll a meter with --meter-url, or bring a profile made by ffrtmp calibrate on such a host',
};
const amdCore: Cause = {
  cause: 'amd-core-domain',
  text: 'this AMD CPU shows core counters alone, whose values are tiny or aberrant; the package counter is missing',
  fix: 'use Linux 5.17 or newer, and no hypervisor or firmware setting that hides the package counter',
};
const arm: Cause = {
  cause: 'no-counter',
  text: 'this ARM CPU has no RAPL counters',
  fix: 'poll a plug with --meter-url, name a board sensor with --hwmon, or bring a profile with --power-profile',
};
const unloaded: Cause = {
  cause: 'module',
  text: 'the kernel shows no powercap tree',
  fix: 'modprobe intel_rapl_msr (AMD Zen needs Linux 5.8 or newer), and have it loaded at boot: echo intel_rapl_msr > /etc/modules-load.d/rapl.conf',
};

/** The one cause that fits what was found, the most certain first. Pure. */
export function raplCause(found: RaplFindings): Cause {
  if (found.code === 'EACCES' || found.code === 'EPERM') return permission;
  if (found.code !== null) {
    const text = `RAPL counters exist but cannot be read (${found.code})`;
    return { cause: 'unreadable', text, fix: 'see dmesg | grep -i rapl' };
  }
  if (found.coreOnly) return amdCore;
  if (found.wsl) return wsl;
  if (found.virtual) return vm;
  if (found.folder || found.container) return mask;
  return found.vendor === 'ARM' ? arm : unloaded;
}

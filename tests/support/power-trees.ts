import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files of a recorded tree by path; a value that begins with `-> ` is a link. */
export type Tree = Readonly<Record<string, string>>;

/** Lays a tree below a folder. */
export function plantTree(root: string, tree: Tree): string {
  for (const [path, text] of Object.entries(tree)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), file);
    else writeFileSync(file, `${text}\n`);
  }
  return root;
}

export interface Zone {
  name: string;
  energyUj: number;
  maxUj?: number;
  /** Long-term limit; absent where the zone names none. */
  limitW?: number;
}

export const CLIENT_RANGE_UJ = 262_143_328_850;
export const DRAM_RANGE_UJ = 65_712_999_613;

/**
 * A powercap tree as Linux shows it below /sys: the zones nested under their control type in devices/virtual/powercap,
 * and flat links to all of them in class/powercap.
 */
export function powercapTree(zones: Readonly<Record<string, Zone>>): Tree {
  const tree: Record<string, string> = {};
  for (const [folder, zone] of Object.entries(zones)) {
    const [type = '', ...indexes] = folder.split(':');
    const chain = indexes.map((_, depth) => [type, ...indexes.slice(0, depth + 1)].join(':'));
    const place = ['devices/virtual/powercap', type, ...chain].join('/');
    tree[`${place}/name`] = zone.name;
    tree[`${place}/energy_uj`] = String(zone.energyUj);
    tree[`${place}/max_energy_range_uj`] = String(zone.maxUj ?? CLIENT_RANGE_UJ);
    if (zone.limitW !== undefined) {
      tree[`${place}/constraint_0_name`] = 'long_term';
      tree[`${place}/constraint_0_max_power_uw`] = String(zone.limitW * 1e6);
    }
    tree[`class/powercap/${folder}`] = `-> ../../${place}`;
    tree[`class/powercap/${type}`] ??= `-> ../../devices/virtual/powercap/${type}`;
    tree[`devices/virtual/powercap/${type}/enabled`] = '1';
  }
  return tree;
}

/** The counter of a zone, wherever it lies in the tree. */
export const counterIn = (sys: string, folder: string) => join(sys, 'class/powercap', folder, 'energy_uj');

/** What Docker and containerd lay over the tree: the class folder with its links, and nothing behind them. */
export function maskPowercap(sys: string): void {
  rmSync(join(sys, 'devices/virtual/powercap'), { recursive: true });
  mkdirSync(join(sys, 'devices/virtual/powercap'));
}

const topology = (sockets: number): Tree =>
  Object.fromEntries(
    Array.from({ length: sockets * 2 }, (_, cpu) => [
      `devices/system/cpu/cpu${cpu}/topology/physical_package_id`,
      String(cpu % sockets),
    ]),
  );

/** Machines as their trees were seen, with values of research/energy.md section 9 where it names them. */
export const machines = {
  /** Core i7-7600U: watts under load as microjoules of one second; all zones beside each other say 61.47. */
  client: {
    vendor: 'GenuineIntel',
    tree: {
      ...topology(1),
      ...powercapTree({
        'intel-rapl:0': { name: 'package-0', energyUj: 15_730_000, limitW: 15 },
        'intel-rapl:0:0': { name: 'core', energyUj: 14_000_000 },
        'intel-rapl:0:1': { name: 'uncore', energyUj: 540_000 },
        'intel-rapl:0:2': { name: 'dram', energyUj: 1_230_000 },
        'intel-rapl:1': { name: 'psys', energyUj: 29_970_000 },
        'intel-rapl-mmio:0': { name: 'package-0', energyUj: 15_730_000 },
      }),
    },
  },
  /** Two sockets of a Xeon, whose memory counters have a range of their own. */
  server: {
    vendor: 'GenuineIntel',
    tree: {
      ...topology(2),
      ...powercapTree({
        'intel-rapl:0': { name: 'package-0', energyUj: 95_000_000, limitW: 150 },
        'intel-rapl:0:0': { name: 'dram', energyUj: 11_000_000, maxUj: DRAM_RANGE_UJ, limitW: 40 },
        'intel-rapl:1': { name: 'package-1', energyUj: 88_000_000, limitW: 150 },
        'intel-rapl:1:0': { name: 'dram', energyUj: 9_000_000, maxUj: DRAM_RANGE_UJ, limitW: 40 },
      }),
    },
  },
  /** Threadripper 1950X: each die shows the same 68 W, and the wall 125 W. */
  mirrored: {
    vendor: 'AuthenticAMD',
    tree: {
      ...topology(1),
      ...powercapTree({
        'intel-rapl:0': { name: 'package-0-die-0', energyUj: 68_000_000, maxUj: 65_532_610_987 },
        'intel-rapl:0:0': { name: 'core', energyUj: 8_900_000, maxUj: 65_532_610_987 },
        'intel-rapl:1': { name: 'package-0-die-1', energyUj: 68_000_000, maxUj: 65_532_610_987 },
      }),
    },
  },
  /** A tablet whose firmware locks the MSR: the memory-mapped tree alone. */
  mmioOnly: {
    vendor: 'GenuineIntel',
    tree: {
      ...topology(1),
      ...powercapTree({ 'intel-rapl-mmio:0': { name: 'package-0', energyUj: 6_400_000, limitW: 7 } }),
    },
  },
  /** A core domain and nothing around it, as some AMD kernels and firmwares leave it. */
  amdCore: {
    vendor: 'AuthenticAMD',
    tree: { ...topology(1), ...powercapTree({ 'intel-rapl:0': { name: 'core', energyUj: 8_900_000 } }) },
  },
} satisfies Record<string, { vendor: string; tree: Tree }>;

/** What tells CPU generations apart, as `hardware/cpu.ts` reads it. */
export interface CpuIdentity {
  vendor: string;
  name: string;
  family: number | null;
  model: number | null;
  stepping: number | null;
  /** ARM part number, e.g. 0xd0c for Neoverse N1. */
  part: number | null;
}

/** Watts of a whole server for each hardware thread, idle and full: the draw of the wall, memory included. */
export interface ThreadWatts {
  generation: string;
  idleW: number;
  fullW: number;
  /** Servers behind the median; 0 = the generic median over all generations. */
  servers: number;
}

/**
 * Medians of SPECpower_ssj2008 results to March 2026, by CPU generation, recomputed from the data of ccf-coefficients
 * (research/energy.md 4.2; the means published there hold outliers, e.g. 1.86 W idle for Haswell).
 */
const table = {
  haswell: { generation: 'Haswell', idleW: 0.66, fullW: 3.83, servers: 17 },
  broadwell: { generation: 'Broadwell', idleW: 0.53, fullW: 3.09, servers: 17 },
  skylake: { generation: 'Skylake-SP', idleW: 0.53, fullW: 4.15, servers: 72 },
  cascadeLake: { generation: 'Cascade Lake', idleW: 0.6, fullW: 4.05, servers: 69 },
  iceLake: { generation: 'Ice Lake', idleW: 0.76, fullW: 3.88, servers: 16 },
  sapphireRapids: { generation: 'Sapphire Rapids', idleW: 0.9, fullW: 3.99, servers: 61 },
  emeraldRapids: { generation: 'Emerald Rapids', idleW: 0.8, fullW: 3.57, servers: 19 },
  graniteRapids: { generation: 'Granite Rapids', idleW: 0.56, fullW: 2.69, servers: 22 },
  epyc1: { generation: 'EPYC 1', idleW: 0.75, fullW: 2.33, servers: 9 },
  epyc2: { generation: 'EPYC 2', idleW: 0.44, fullW: 1.66, servers: 36 },
  epyc3: { generation: 'EPYC 3', idleW: 0.42, fullW: 1.92, servers: 28 },
  epyc4: { generation: 'EPYC 4', idleW: 0.38, fullW: 1.85, servers: 41 },
  epyc5: { generation: 'EPYC 5', idleW: 0.22, fullW: 1.18, servers: 41 },
  neoverseN1: { generation: 'Neoverse-N1', idleW: 0.62, fullW: 1.92, servers: 7 },
} as const satisfies Record<string, ThreadWatts>;

const intelModels: Record<number, ThreadWatts> = {
  63: table.haswell,
  79: table.broadwell,
  86: table.broadwell,
  106: table.iceLake,
  108: table.iceLake,
  143: table.sapphireRapids,
  173: table.graniteRapids,
  174: table.graniteRapids,
  207: table.emeraldRapids,
};

/** Desktop chips share family and model with servers (i9-7900X and Skylake-SP), hence the look at the name. */
function intelWatts({ family, model, stepping, name }: CpuIdentity): ThreadWatts | undefined {
  if (family !== 6 || model === null || !/xeon/i.test(name)) return undefined;
  if (model === 85) return (stepping ?? 0) >= 5 ? table.cascadeLake : table.skylake;
  return intelModels[model];
}

function amdWatts({ family, model, name }: CpuIdentity): ThreadWatts | undefined {
  if (model === null || !/epyc/i.test(name)) return undefined;
  if (family === 23) return model < 0x30 ? table.epyc1 : model === 0x31 ? table.epyc2 : undefined;
  if (family === 25) return model === 0x01 ? table.epyc3 : model === 0x11 || model === 0xa0 ? table.epyc4 : undefined;
  return family === 26 ? table.epyc5 : undefined;
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half) - 1] ?? 0)) / 2;
}

const rows: readonly ThreadWatts[] = Object.values(table);

/** The row of this CPU's generation, or the median over all generations for one that the table does not hold. */
export function threadWatts(cpu: CpuIdentity): ThreadWatts {
  const arm = cpu.part === 0xd0c ? table.neoverseN1 : undefined;
  const row = cpu.vendor === 'GenuineIntel' ? intelWatts(cpu) : cpu.vendor === 'AuthenticAMD' ? amdWatts(cpu) : arm;
  const generic = {
    generation: 'generic',
    idleW: median(rows.map((each) => each.idleW)),
    fullW: median(rows.map((each) => each.fullW)),
    servers: 0,
  };
  return row ?? generic;
}

import type { Profile } from '@ffrtmp/shared/energy/profile';
import {
  type BoaviztaCpu,
  boaviztaWatts,
  type Cloud,
  cloudVcpuW,
  regressionRange,
  specServerWatts,
  teadsWatts,
} from './curves.ts';
import { curveModel, linearModel, type Model } from './model.ts';
import { profileModel } from './profile.ts';
import { type CpuIdentity, type ThreadWatts, threadWatts } from './thread-watts.ts';

/** What is known of a machine without a sensor. */
export interface ModelFacts {
  cpu: CpuIdentity & { virtual: boolean };
  /** Hardware threads of the machine (of the virtual machine, where it is one). */
  threads: number;
  sockets: number;
  ramGb: number;
  /** Of one socket: a setting, or the long-term limit that RAPL names; null when nobody knows. */
  tdpW: number | null;
  cloud: Cloud | null;
  profile: Profile | null;
}

/** About 90 % half-widths (research/energy.md 4.3); those of per-thread and generic figures are judgement. */
const HALF_WIDTH = { regression: 0.35, perThread: 0.5, tdp: 1, generic: 1.5 } as const;
const SPEC = 'SPECpower results to 2026-03';

/** Regression on the size of the machine: bare metal alone, for a virtual machine does not know its host's. */
function regressionModel({ cpu, threads, sockets, ramGb, tdpW }: ModelFacts): Model | null {
  if (tdpW === null || cpu.virtual) return null;
  const machine = { tdpW: tdpW * sockets, ramGb };
  const within = (value: number, [low, high]: readonly [number, number]) => value >= low && value <= high;
  if (!within(machine.tdpW, regressionRange.tdpW) || !within(ramGb, regressionRange.ramGb)) return null;
  // Desktop boards are no servers, whatever their TDP.
  if (!/xeon|epyc|neoverse|ampere/i.test(cpu.name)) return null;
  const source = `regression on 212 SPECpower servers 2017 to 2022: TDP ${machine.tdpW} W, ${Math.round(ramGb)} GB`;
  const halfWidth = HALF_WIDTH.regression;
  const facts = { method: 'spec-regression', quality: 'estimated', scope: ['wall'], halfWidth, source } as const;
  return curveModel(facts, threads, (busy) => specServerWatts(machine, busy));
}

const perThreadText = ({ idleW, fullW }: Pick<ThreadWatts, 'idleW' | 'fullW'>) =>
  `${idleW.toFixed(2)} W idle, ${fullW.toFixed(2)} W full a thread`;

function threadModel({ cpu, threads }: ModelFacts): Model | null {
  const row = threadWatts(cpu);
  if (row.servers === 0) return null;
  const source = `${SPEC}, ${row.generation}, median of ${row.servers} servers: ${perThreadText(row)}`;
  const halfWidth = HALF_WIDTH.perThread;
  const facts = { method: 'spec-thread-median', quality: 'estimated', scope: ['wall'], halfWidth, source } as const;
  return linearModel(facts, threads, row);
}

function cloudModel({ cloud, threads }: ModelFacts): Model | null {
  if (cloud === null) return null;
  const row = cloudVcpuW[cloud];
  const source = `Cloud Carbon Footprint 2024, ${cloud} generic: ${perThreadText(row)}`;
  const halfWidth = HALF_WIDTH.perThread;
  const facts = { method: 'vcpu-coefficient', quality: 'estimated', scope: ['wall'], halfWidth, source } as const;
  return linearModel(facts, threads, row);
}

const boaviztaKind = (name: string): BoaviztaCpu | null =>
  /xeon\S* gold/i.test(name) ? 'Xeon Gold' : /xeon\S* silver/i.test(name) ? 'Xeon Silver' : null;

function tdpModel({ cpu, threads, sockets, tdpW }: ModelFacts): Model | null {
  const common = { quality: 'estimated', scope: ['cpu'], halfWidth: HALF_WIDTH.tdp } as const;
  if (tdpW !== null && !cpu.virtual) {
    const source = `Teads 2021, share of the TDP by load, ${sockets} x ${tdpW} W`;
    const facts = { ...common, method: 'tdp-curve', source };
    return curveModel(facts, threads, (busy) => teadsWatts(tdpW * sockets, busy));
  }
  const kind = boaviztaKind(cpu.name);
  if (kind === null || cpu.virtual) return null;
  const facts = { ...common, method: 'cpu-curve', source: `Boavizta 2022, curve of ${kind}, ${sockets} x` };
  return curveModel(facts, threads, (busy) => sockets * boaviztaWatts(kind, busy));
}

function genericModel({ threads }: ModelFacts): Model {
  const row = threadWatts({ vendor: '', name: '', family: null, model: null, stepping: null, part: null });
  const source = `${SPEC}, median over 14 server generations, CPU unknown: ${perThreadText(row)}`;
  const halfWidth = HALF_WIDTH.generic;
  const facts = { method: 'generic-thread', quality: 'estimated', scope: ['wall'], halfWidth, source } as const;
  return linearModel(facts, threads, row);
}

/**
 * The best model there is for this machine, in the order of research/energy.md 3: calibrated, regression, per thread by
 * generation, by cloud, TDP curve, and for an unknown CPU the median of all. Pure.
 */
export function chooseModel(facts: ModelFacts): Model {
  if (facts.profile) return profileModel(facts.profile, facts.threads);
  return regressionModel(facts) ?? threadModel(facts) ?? cloudModel(facts) ?? tdpModel(facts) ?? genericModel(facts);
}

import { between } from './model.ts';

/** Share of the TDP at 0, 10, 50 and 100 % busy: Teads, also in the Impact Framework and Boavizta (2021). */
const teadsShares = [
  [0, 0.12],
  [0.1, 0.32],
  [0.5, 0.75],
  [1, 1.02],
] as const;

/** Watts of a CPU package by its TDP. Pure. */
export const teadsWatts = (tdpW: number, busy: number) => tdpW * between(teadsShares)(busy);

/** P = a ln(b(u + c)) + d with u in per cent: coefficients of boaviztapi, fitted by its authors, errors not stated. */
const boaviztaFits = {
  default: [171.2, 0.0354, 36.89, -10.13],
  'Xeon Gold': [35.5688, 0.2438, 9.6694, -0.6087],
  'Xeon Silver': [20.7794, 0.3043, 8.4241, 0.8613],
} as const;
export type BoaviztaCpu = keyof typeof boaviztaFits;

/** Watts of one CPU package of this kind. Pure. */
export function boaviztaWatts(kind: BoaviztaCpu, busy: number): number {
  const [a, b, c, d] = boaviztaFits[kind];
  return a * Math.log(b * (busy * 100 + c)) + d;
}

/** Watts of a vCPU, idle and full: the generic rows of Cloud Carbon Footprint (2024). */
export const cloudVcpuW = {
  AWS: { idleW: 0.74, fullW: 3.5 },
  GCP: { idleW: 0.71, fullW: 4.26 },
  Azure: { idleW: 0.78, fullW: 3.76 },
} as const;
export type Cloud = keyof typeof cloudVcpuW;

/**
 * Watts of a whole server at 0, 10 .. 100 % busy = c0 + c1 x (TDP of all sockets) + c2 x GB of memory, fitted on 212
 * single-node SPECpower results 2017 to 2022; 13.4 % mean error in 5-fold validation (research/energy.md 4.2).
 */
const regression = [
  [7.3, 0.0607, 0.17],
  [-3.4, 0.2382, 0.216],
  [-4.6, 0.2856, 0.239],
  [-6.2, 0.3381, 0.249],
  [-7.3, 0.3891, 0.256],
  [-8.1, 0.4445, 0.26],
  [-9.3, 0.5131, 0.261],
  [-10.6, 0.588, 0.264],
  [-12.1, 0.6762, 0.269],
  [-15.0, 0.7976, 0.257],
  [-17.6, 0.9292, 0.248],
] as const;

/** Where the fit holds: outside of this it is not used. */
export const regressionRange = { tdpW: [80, 820], ramGb: [16, 512] } as const;

/** Watts of the machine at the wall. Pure. */
export function specServerWatts(machine: { tdpW: number; ramGb: number }, busy: number): number {
  const { tdpW, ramGb } = machine;
  const points = regression.map(
    ([c0, c1, c2], index) => [index / 10, Math.max(0.05 * tdpW, c0 + c1 * tdpW + c2 * ramGb)] as const,
  );
  return between(points)(busy);
}

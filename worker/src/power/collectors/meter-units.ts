/** Units a meter may answer in: of power, or of energy since some beginning. Factors to W and to J. */
export const meterUnits = {
  W: { kind: 'power', factor: 1 },
  mW: { kind: 'power', factor: 1e-3 },
  kW: { kind: 'power', factor: 1e3 },
  J: { kind: 'energy', factor: 1 },
  Wh: { kind: 'energy', factor: 3600 },
  kWh: { kind: 'energy', factor: 3.6e6 },
} as const;
export type MeterUnit = keyof typeof meterUnits;

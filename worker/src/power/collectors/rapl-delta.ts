/** What is fixed of one RAPL zone. */
export interface ZoneLimits {
  /** `max_energy_range_uj`. */
  maxUj: number;
  /** The most this zone may draw for long: `constraint_*_max_power_uw`, else a generous guess. */
  capW: number;
}

/**
 * The counter is 32 bits of hardware times a unit, and the kernel shows its largest value as the range. So the unit is
 * range / (2^32 - 1) and the counter wraps at range + unit, not at range (linux intel_rapl_common.c). Rounded to uJ.
 */
export function delta(prevUj: number, curUj: number, maxUj: number): number {
  if (curUj >= prevUj) return curUj - prevUj;
  const unit = maxUj / 4_294_967_295;
  return Math.round(maxUj + unit - prevUj + curUj);
}

/** Above this the counter was reset (suspend, driver reload): no machine draws three times its limit on average. */
const IMPOSSIBLE = 3;
/** Two wraps look like one, so a pause must stay well below the time that one wrap takes at full power. */
const SAFE_SHARE_OF_WRAP = 0.5;

export type ZoneEnergy = { uj: number } | { gap: 'implausible' | 'ambiguous-wrap' };

/** Energy of one zone between two good reads, or why it is not known. Nothing is invented for a gap. */
export function zoneEnergy(prevUj: number, curUj: number, seconds: number, zone: ZoneLimits): ZoneEnergy {
  if (seconds > (SAFE_SHARE_OF_WRAP * zone.maxUj) / 1e6 / zone.capW) return { gap: 'ambiguous-wrap' };
  // No counter stands above its range, and no clock of ours runs backwards: then the reads are not what they seem.
  if (prevUj > zone.maxUj || curUj > zone.maxUj || seconds < 0) return { gap: 'implausible' };
  const uj = delta(prevUj, curUj, zone.maxUj);
  // Two reads within the counter's own refresh of about 1 ms may differ by a whole step; they say nothing about power.
  const spanS = Math.max(seconds, 0.01);
  return uj / 1e6 / spanS > IMPOSSIBLE * zone.capW ? { gap: 'implausible' } : { uj };
}

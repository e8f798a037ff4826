/** What one attempt asks of an interval. */
export interface Claim {
  /** CPU seconds, or seconds of a fully used GPU engine. */
  use: number;
  /** Its share of the machine, 0 to 1: so much of the idle draw is its own. */
  reserved: number;
}

/** What was seen between two readings of one source. Energies in uJ. */
export interface Interval {
  seconds: number;
  /** null = a gap: failed read, reset, or too long to rule out a second wrap. */
  energyUj: number | null;
  /** The part that the machine would have drawn without any work; null where that was never measured. */
  idleUj: number | null;
  /** Use by everything that is no attempt of this agent; null when the kernel did not say. */
  othersUse: number | null;
  claims: ReadonlyMap<string, Claim>;
}

/** One attempt's part of an interval, with what it may have been at least and at most. */
export interface Part {
  /** null where the idle draw is not known. */
  activeUj: number | null;
  fullUj: number;
  activeLowUj: number;
  activeHighUj: number;
  fullLowUj: number;
  fullHighUj: number;
}

/** The whole interval: parts, other, idle and rest add up to its energy. */
export interface Split {
  parts: ReadonlyMap<string, Part>;
  /** Active energy of everything else on the machine. */
  otherUj: number;
  /** Idle draw that nobody had reserved. */
  idleUj: number;
  /** What nothing explains. */
  restUj: number;
}

/** One second of AVX code may draw up to four times what one of scalar code does (Kepler's guide, research 1.5). */
const UNEVEN = 4;

/** Share of `use` in itself and `rest`, when a second of the one counts `factor` seconds of the other. */
const shareOf = (use: number, rest: number, factor = 1) => (use > 0 ? (use * factor) / (use * factor + rest) : 0);

function withIdle(claim: Claim, rest: number, even: number | null, activeUj: number, idleUj: number): Part {
  const share = even ?? shareOf(claim.use, rest);
  const low = activeUj * (even === null ? shareOf(claim.use, rest * UNEVEN) : 0);
  const high = activeUj * (even === null ? shareOf(claim.use, rest, UNEVEN) : 1);
  return {
    activeUj: activeUj * share,
    fullUj: activeUj * share + idleUj,
    activeLowUj: low,
    activeHighUj: high,
    fullLowUj: low + idleUj,
    fullHighUj: high + idleUj,
  };
}

/** The idle draw lies hidden in the energy: its share may be any, so the whole is the most an attempt can have caused. */
function withoutIdle(claim: Claim, rest: number, even: number | null, energyUj: number): Part {
  const low = even === null ? energyUj * shareOf(claim.use, rest * UNEVEN) : rest > 0 ? 0 : energyUj * even;
  const fullUj = energyUj * (even ?? shareOf(claim.use, rest));
  return { activeUj: null, fullUj, activeLowUj: 0, activeHighUj: 0, fullLowUj: low, fullHighUj: energyUj };
}

/**
 * Splits the energy of one interval: what goes beyond the idle draw by use, the idle draw by what is reserved. Attempts
 * that used nothing measurable share evenly, because somebody caused it and nobody else is known. null for a gap. Pure.
 */
export function split(interval: Interval): Split | null {
  const { energyUj, claims } = interval;
  if (energyUj === null) return null;
  const used = [...claims.values()].reduce((sum, { use }) => sum + use, 0);
  const others = interval.othersUse ?? 0;
  const total = used + others;
  const even = total > 0 || claims.size === 0 ? null : 1 / claims.size;
  const parts = new Map<string, Part>();
  if (interval.idleUj === null) {
    let jobsUj = 0;
    for (const [id, claim] of claims) {
      const part = withoutIdle(claim, total - claim.use, even, energyUj);
      jobsUj += part.fullUj;
      parts.set(id, part);
    }
    return { parts, otherUj: 0, idleUj: 0, restUj: energyUj - jobsUj };
  }
  const idleUj = Math.min(energyUj, interval.idleUj);
  const activeUj = energyUj - idleUj;
  const reserved = [...claims.values()].reduce((sum, claim) => sum + claim.reserved, 0);
  // Several agents, or more slots than threads, may reserve a machine more than once: it is still idle only once.
  const scale = reserved > 1 ? 1 / reserved : 1;
  for (const [id, claim] of claims)
    parts.set(id, withIdle(claim, total - claim.use, even, activeUj, idleUj * claim.reserved * scale));
  return {
    parts,
    otherUj: activeUj * shareOf(others, used),
    idleUj: idleUj * (1 - reserved * scale),
    // With nobody at work that could have caused it, energy beyond the idle draw stays unexplained.
    restUj: total > 0 || claims.size > 0 ? 0 : activeUj,
  };
}

/** What an attempt has gathered from one source over the intervals of its window. Energies in uJ. */
export interface Share extends Omit<Part, 'activeUj'> {
  activeUj: number;
  windowS: number;
  coveredS: number;
  use: number;
  othersUse: number;
  /** Did it ever share the machine with another attempt, or run while the use of others was unknown? */
  shared: boolean;
  /** Covered time without a known idle draw. */
  idleUnknownS: number;
  /** The counter's energy and its second opinion, over the intervals that have both. */
  firstUj: number;
  secondUj: number;
  /** Why the latest gap was one. */
  gap: string | null;
}

export const emptyShare = (): Share => ({
  ...{ windowS: 0, coveredS: 0, use: 0, othersUse: 0, shared: false, idleUnknownS: 0, gap: null },
  ...{ activeUj: 0, fullUj: 0, activeLowUj: 0, activeHighUj: 0, fullLowUj: 0, fullHighUj: 0 },
  ...{ firstUj: 0, secondUj: 0 },
});

/** Adds one attempt's part of an interval to what it has. Pure. */
export function addPart(share: Share, id: string, interval: Interval, parts: Split | null, gap: string | null): Share {
  const windowS = share.windowS + interval.seconds;
  const part = parts?.parts.get(id);
  if (!part) return { ...share, windowS, gap: gap ?? share.gap };
  const used = [...interval.claims.values()].reduce((sum, claim) => sum + claim.use, 0);
  const use = interval.claims.get(id)?.use ?? 0;
  return {
    ...share,
    windowS,
    coveredS: share.coveredS + interval.seconds,
    activeUj: share.activeUj + (part.activeUj ?? 0),
    fullUj: share.fullUj + part.fullUj,
    activeLowUj: share.activeLowUj + part.activeLowUj,
    activeHighUj: share.activeHighUj + part.activeHighUj,
    fullLowUj: share.fullLowUj + part.fullLowUj,
    fullHighUj: share.fullHighUj + part.fullHighUj,
    use: share.use + use,
    othersUse: share.othersUse + (interval.othersUse ?? 0) + (used - use),
    shared: share.shared || interval.claims.size > 1 || interval.othersUse === null,
    idleUnknownS: share.idleUnknownS + (part.activeUj === null ? interval.seconds : 0),
  };
}

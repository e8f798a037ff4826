/** Cost of one task in its tenant's clock: the threads it books, so that big tasks count for what they take. */
export const costOf = (threads: number) => Math.max(1, threads);

/** Clocks of tenants in each group of lanes (a queue and priority), and the clock of the group itself. */
export interface TenantClocks {
  clockOf: (group: string, tenantId: string) => number;
  served: (group: string, tenantId: string, cost: number, weight: number) => void;
}

/** Layers over `below`: what is served here shows here alone until it is merged. Without `below` it is the ground. */
export function tenantClocks(
  below?: TenantClocks,
): TenantClocks & { served: TenantClocks['served']; merge: () => void } {
  /** By group, then by tenant: a claim asks for every lane of a group, and a text made for each costs more than the look. */
  const own = new Map<string, Map<string, number>>();
  const groups = new Map<string, number>();
  const log: Parameters<TenantClocks['served']>[] = [];
  const groupClock = (group: string) => groups.get(group) ?? 0;
  const clockOf = (group: string, tenantId: string) =>
    Math.max(own.get(group)?.get(tenantId) ?? 0, groupClock(group), below?.clockOf(group, tenantId) ?? 0);
  return {
    clockOf,
    served(group, tenantId, cost, weight) {
      const start = clockOf(group, tenantId);
      groups.set(group, Math.max(groupClock(group), start));
      const tenants = own.get(group) ?? new Map<string, number>();
      own.set(group, tenants.set(tenantId, start + cost / weight));
      if (below) log.push([group, tenantId, cost, weight]);
    },
    merge() {
      for (const entry of log) below?.served(...entry);
    },
  };
}

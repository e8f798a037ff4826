import { readFileSync } from 'node:fs';
import { type Profile, profileSchema } from '@ffrtmp/shared/energy/profile';
import type { Cause } from '../sensor.ts';
import { between, curveModel, type Model } from './model.ts';

/** About 90 % bounds where no check says more (research/energy.md 4.3): three points, and two. */
export const halfWidthFor = (points: number) => (points >= 3 ? 0.3 : 0.4);

/** The bounds of a profile are never narrower than this: its checks ran minutes after its points, on the same day. */
export const HALF_WIDTH_MIN = 0.1;

export type LoadedProfile = { ok: true; profile: Profile } | { ok: false; cause: Cause };

const unusable = (text: string): LoadedProfile => ({
  ok: false,
  cause: { cause: 'profile', text, fix: 'make one on this kind of machine: ffrtmp calibrate' },
});

/** Reads a profile; one of another kind of CPU is refused, because its watts say nothing about this machine. */
export function loadProfile(path: string, cpuModel: string): LoadedProfile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return unusable(`there is no power profile at ${path}`);
  }
  let parsed: ReturnType<typeof profileSchema.safeParse>;
  try {
    parsed = profileSchema.safeParse(JSON.parse(text));
  } catch {
    return unusable(`${path} is no JSON`);
  }
  if (!parsed.success) return unusable(`${path} is no power profile: ${parsed.error.issues[0]?.message ?? ''}`);
  const { data } = parsed;
  if (data.cpu_model !== cpuModel)
    return unusable(`${path} was made on ${data.cpu_model}, and this machine is ${cpuModel}`);
  return { ok: true, profile: data };
}

/**
 * The model of a profile. On a machine with other threads (a virtual machine of the same host type) the draw is scaled
 * by them: its share of the host's threads is its share of the host (research/energy.md 4.3). Pure.
 */
export function profileModel(profile: Profile, threads: number): Model {
  const scale = threads / profile.threads;
  const points = profile.points
    .toSorted((a, b) => a.busy - b.busy)
    .map(({ busy, watts: w }) => [busy, w * scale] as const);
  const { method, scope } = profile.reference;
  const scaled = scale === 1 ? '' : `, scaled from ${profile.threads} to ${threads} threads`;
  const facts = {
    method: `calibrated-${profile.points.length}-point`,
    quality: 'calibrated',
    scope,
    halfWidth: profile.half_width,
    source: `calibrated against ${method} on ${profile.made_at.slice(0, 10)}: ${points.map(([busy, w]) => `${w.toFixed(1)} W at ${Math.round(busy * 100)} %`).join(', ')}${scaled}`,
  } as const;
  return curveModel(facts, threads, between(points));
}

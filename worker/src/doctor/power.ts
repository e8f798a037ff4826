import type { Check } from '@ffrtmp/shared/node/diagnosis';
import { ageText, type MeasuredIdle } from '../power/idle-store.ts';
import type { Energy, Sensor } from '../power/sensor.ts';
import type { PowerSources } from '../power/sources.ts';

/** What one sensor showed over the moment that doctor looked at it. */
export interface Look {
  sensor: Sensor;
  energy: Energy;
  seconds: number;
}

export interface PowerFindings {
  sources: Pick<PowerSources, 'sensors' | 'model' | 'causes'>;
  looks: readonly Look[];
  idle: ReadonlyMap<string, MeasuredIdle>;
  idleMaxAgeMs: number;
  nowMs: number;
}

const check = (name: string, status: Check['status'], text: string, rest: Partial<Check> = {}): Check => ({
  ...{ name, status, text: text.slice(0, 1000), cause: null, fix: null },
  ...rest,
});

const named = { meter: 'external meter', nvidia: 'GPU power', profile: 'power profile', rapl: 'power' } as const;

/** Watts of a look, or null for a gap. */
const wattsOf = ({ energy, seconds }: Look) => ('uj' in energy && seconds > 0 ? energy.uj / 1e6 / seconds : null);

function sensorChecks({ looks }: PowerFindings): Check[] {
  return looks.map((look) => {
    const { sensor, energy } = look;
    const name = sensor.sharedBy === 'gpu' ? 'GPU power' : 'power';
    const what = `${sensor.detail()} (${sensor.scope.join(' + ')})`;
    const watts = wattsOf(look);
    if (watts !== null) return check(name, 'ok', `${what}: ${watts.toFixed(1)} W now`);
    const why = sensor.fault() ?? ('gap' in energy ? energy.gap : 'no reading');
    const cause = sensor.sharedBy === 'gpu' ? 'nvidia-driver' : sensor.method;
    return check(name, 'warning', `${what} gives nothing now: ${why}`, { cause });
  });
}

/** Causes matter where their sensor would be the one to use: a machine with a meter needs no RAPL. */
function causeChecks({ sources }: PowerFindings): Check[] {
  const measured = sources.sensors.some(({ sharedBy }) => sharedBy === 'cpu');
  return (Object.keys(named) as (keyof typeof named)[]).flatMap((source) => {
    const found = sources.causes.get(source);
    if (!found || (source === 'rapl' && measured)) return [];
    return [check(named[source], 'warning', found.text, { cause: found.cause, fix: found.fix })];
  });
}

function modelChecks({ sources }: PowerFindings): Check[] {
  const { sensors, model } = sources;
  if (sensors.some(({ sharedBy }) => sharedBy === 'cpu')) return [];
  const text = `figures are ${model.quality} by ${model.method}, +-${Math.round(model.halfWidth * 100)} %: ${model.source}`;
  return [check('estimate', 'note', text)];
}

const quiet = 'leave the node without work for a minute while its agent runs: the agent measures it by itself';

function idleChecks({ sources, idle, idleMaxAgeMs, nowMs }: PowerFindings): Check[] {
  return sources.sensors.map((sensor) => {
    const known = idle.get(sensor.method);
    const name = 'idle draw';
    if (!known || known.detail !== sensor.detail())
      return check(name, 'note', `${sensor.method}: not measured yet, so there are no active joules`, { fix: quiet });
    const age = nowMs - Date.parse(known.measured_at);
    const text = `${sensor.method}: ${known.watts.toFixed(1)} W, measured ${ageText(Math.abs(age))} ${age < 0 ? 'ahead' : 'ago'}`;
    if (age >= 0 && age <= idleMaxAgeMs) return check(name, 'ok', text);
    return check(name, 'warning', `${text}: stale, so there are no active joules`, { cause: 'stale-idle', fix: quiet });
  });
}

/** psys covers the package: where it says less, it is not to be trusted (research/energy.md 1.2). */
function platformChecks({ looks }: PowerFindings): Check[] {
  const wattsBy = (method: string) => {
    const look = looks.find(({ sensor }) => sensor.method === method);
    return look ? wattsOf(look) : null;
  };
  const [platform, cpu] = [wattsBy('rapl-psys'), wattsBy('rapl')];
  if (platform === null || cpu === null || platform >= cpu) return [];
  const text = `psys says ${platform.toFixed(1)} W and its own CPU packages ${cpu.toFixed(1)} W: psys is not to be trusted here`;
  return [check('power', 'warning', text, { cause: 'psys' })];
}

/** What this machine's energy figures are made from, and why nothing better is. Pure. */
export const powerChecks = (found: PowerFindings): Check[] => [
  ...sensorChecks(found),
  ...causeChecks(found),
  ...platformChecks(found),
  ...modelChecks(found),
  ...idleChecks(found),
];

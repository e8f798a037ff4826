import { type Opened, type Reading, refused, type Sensor } from '../sensor.ts';
import { type MeterUnit, meterUnits } from './meter-units.ts';

export interface MeterSettings {
  /** A user and password in it are sent as basic authentication. */
  url: string;
  /** Where the number stands: `emeters.0.power`. */
  path: string;
  unit: MeterUnit;
  intervalMs: number;
  /** Monotonic, in ms. */
  clock: () => number;
}

/** A plug answers within tens of milliseconds; a Redfish controller may take a second. */
const TIMEOUT_MS = 3000;
/** Older than this many polls an answer says nothing about now. */
const STALE_POLLS = 3;
/** Longer answers are no answer of a meter. */
const MAX_LETTERS = 200_000;

/** Follows `a.0.b` into parsed JSON; undefined where there is no number (or a text that is one). Pure. */
export function numberAt(document: unknown, path: string): number | undefined {
  let at: unknown = document;
  for (const step of path.split('.').filter(Boolean)) {
    if (at === null || typeof at !== 'object') return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  const value = typeof at === 'string' && at.trim() !== '' ? Number(at) : at;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function requestOf(url: string): { target: string; headers: Record<string, string> } {
  const parsed = new URL(url);
  const { username, password } = parsed;
  if (username === '') return { target: url, headers: {} };
  [parsed.username, parsed.password] = ['', ''];
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { target: parsed.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } };
}

/** One answer of the meter as a number, or an error whose message says what was wrong with it. */
async function ask({ url, path }: MeterSettings, signal: AbortSignal): Promise<number> {
  const { target, headers } = requestOf(url);
  const reply = await fetch(target, { headers, signal, redirect: 'error' });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
  if (text.length > MAX_LETTERS) throw new Error('an answer too long for a meter');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error(`no JSON but "${text.trim().slice(0, 20)}"`);
  }
  const value = numberAt(document, path);
  if (value === undefined) throw new Error(`no number at ${path}`);
  if (value < 0) throw new Error(`a negative value at ${path}`);
  return value;
}

const reasonOf = (error: unknown): string => {
  const { name, message, cause } = error as Error & { cause?: { code?: string } };
  if (name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1000} s`;
  return cause?.code ?? message;
};

/** What the meter has said so far. States: `atMs` null until the first answer. */
interface Meter {
  /** Rises whenever what came before cannot be joined to what comes after. */
  series: number;
  /** Energy of this series up to the latest answer, J. */
  sumJ: number;
  /** Of the latest answer: power in W, or the counter in J. */
  latest: number;
  atMs: number | null;
  fault: string | null;
}

/** Takes one more answer in: power holds until the next answer, a counter that shrinks begins another series. Pure. */
export function heard(meter: Meter, value: number, atMs: number, unit: MeterUnit, staleMs: number): Meter {
  const { kind, factor } = meterUnits[unit];
  const latest = value * factor;
  const fresh = meter.atMs !== null && atMs - meter.atMs <= staleMs && atMs >= meter.atMs;
  const next = { ...meter, latest, atMs, fault: null };
  if (kind === 'energy') {
    if (meter.atMs === null || latest < meter.latest) return { ...next, series: meter.series + 1, sumJ: latest };
    return { ...next, sumJ: latest };
  }
  if (!fresh) return { ...next, series: meter.series + 1, sumJ: 0 };
  return { ...next, sumJ: meter.sumJ + (meter.latest * (atMs - (meter.atMs ?? atMs))) / 1000 };
}

/** A sensor outside of the machine: a plug, a PDU, a Redfish or IPMI bridge. Reading: series and joules. */
export function openMeter(settings: MeterSettings): Opened & { polled: () => Promise<void> } {
  const { unit, intervalMs, clock, url } = settings;
  const staleMs = STALE_POLLS * intervalMs + TIMEOUT_MS;
  const ended = new AbortController();
  let meter: Meter = { series: 0, sumJ: 0, latest: 0, atMs: null, fault: 'no answer yet' };
  let polling: Promise<void> | null = null;
  const poll = async () => {
    try {
      const value = await ask(settings, AbortSignal.any([ended.signal, AbortSignal.timeout(TIMEOUT_MS)]));
      meter = heard(meter, value, clock(), unit, staleMs);
    } catch (error) {
      meter = { ...meter, fault: reasonOf(error) };
    }
  };
  const pollOnce = () => {
    polling ??= poll().finally(() => {
      polling = null;
    });
    return polling;
  };
  if (!URL.canParse(url)) {
    const refusal = refused('meter', `${url} is no address of a meter`);
    return { ...refusal, polled: async () => undefined };
  }
  const timer = setInterval(() => void pollOnce(), intervalMs).unref();
  void pollOnce();
  const host = new URL(url).host;
  const sensor: Sensor = {
    ...{ method: 'meter', scope: ['wall'], sharedBy: 'cpu', minSeconds: 0, fineSeconds: (10 * intervalMs) / 1000 },
    detail: () => `meter at ${host}, ${settings.path} in ${unit}`,
    read: (): Reading | null => {
      const age = meter.atMs === null ? Number.POSITIVE_INFINITY : clock() - meter.atMs;
      if (age > staleMs) return null;
      const since = meterUnits[unit].kind === 'power' ? (meter.latest * age) / 1000 : 0;
      return [meter.series, meter.sumJ + since];
    },
    between: (from, to) =>
      from[0] === to[0] ? { uj: ((to[1] ?? 0) - (from[1] ?? 0)) * 1e6 } : { gap: 'the meter began anew' },
    fault: () => meter.fault && `the meter at ${host}: ${meter.fault}`,
    close: () => {
      clearInterval(timer);
      ended.abort();
    },
  };
  return { ok: true, sensor, polled: pollOnce };
}

import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { MasterHost } from './master-host.ts';
import type { Answer } from './routing.ts';
import type { Life, World } from './world.ts';

/** How bad the network is: probabilities of one request. */
export interface Weather {
  loseRequest: number;
  loseReply: number;
  duplicate: number;
  delay: number;
  /** How long what is delayed takes at most. */
  longestMs: number;
}

export const fairWeather: Weather = { loseRequest: 0, loseReply: 0, duplicate: 0, delay: 0, longestMs: 0 };

/** What a caller was told, and what the master did, for journals. */
export interface Exchange {
  caller: string;
  method: string;
  path: string;
  body: string | undefined;
  sentAtMs: number;
  performedAtMs: number;
  /** Somebody still waited for the answer when the request arrived. */
  awaited: boolean;
  answer: Answer;
}

export interface NetworkParts {
  world: World;
  master: MasterHost;
  weather: () => Weather;
  /** A request reached a master that answers. */
  onArrived: (request: { path: string; body: string | undefined }) => void;
  /** The master answered a request, whether or not the answer arrives. */
  onPerformed: (exchange: Exchange) => void;
  /** The answer arrived at a caller that lives. */
  onAnswered: (exchange: Exchange) => void;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Network {
  /** The way to the master for one life with its key. */
  fetchFor: (life: Life) => Fetch;
  /** The master has died: whoever waits for it learns so. */
  broken: () => void;
  /** A caller has died: its connections close. */
  hungUp: (life: Life) => void;
  /** Callers whose way is cut until then. */
  cut: (caller: string, untilMs: number) => void;
}

export const MASTER_URL = 'http://master';
/** undici's patience with a reply that does not come, from connect.ts. */
const HEADERS_TIMEOUT_MS = 90_000;
const SECRET = /ff[knj]_[\w-]{43}/g;

const unreachable = (why: string) => new FfrtmpError('master_unreachable', `no master answers (${why})`);

interface Call {
  life: Life;
  url: string;
  init: RequestInit;
  sentAtMs: number;
  number: number;
  settle: (outcome: Answer | FfrtmpError) => void;
  done: boolean;
  /** Ends when the caller goes away. */
  gone: AbortController;
}

export function createNetwork(parts: NetworkParts): Network {
  const { world, master } = parts;
  const chance = world.chance.fork('network');
  const wire = world.life('network');
  const open = new Set<Call>();
  const cuts = new Map<string, number>();
  let calls = 0;

  const latencyMs = () => {
    const weather = parts.weather();
    return chance.is(weather.delay) ? chance.between(1, weather.longestMs) : chance.between(0.1, 3);
  };
  const isCut = (name: string) => (cuts.get(name) ?? 0) > world.nowMs();

  /** Nobody answers: the caller finds out at once, or only when its patience ends. */
  function lose(call: Call): void {
    const waitMs = chance.is(0.5) ? latencyMs() : HEADERS_TIMEOUT_MS;
    world.schedule(waitMs, call.life, () => call.settle(unreachable('the connection broke')));
  }

  async function arrive(call: Call, reply: boolean): Promise<void> {
    const { init, number } = call;
    const path = call.url.slice(MASTER_URL.length);
    const headers = Object.fromEntries(new Headers(init.headers).entries());
    const key = headers.authorization?.replace(/^Bearer /, '');
    const body = init.body === undefined ? undefined : String(init.body);
    const method = init.method ?? 'GET';
    if (!master.core()) {
      const refused = () => call.settle(unreachable('the connection is refused'));
      if (reply) world.schedule(latencyMs(), call.life, refused);
      return;
    }
    world.note(`#${number} arrives${reply ? '' : ' again'}`);
    parts.onArrived({ path, body });
    const awaited = !call.gone.signal.aborted;
    const answer = await master.perform({ method, path, key, headers, body, signal: call.gone.signal });
    if (!answer) return;
    const exchange = {
      caller: call.life.name,
      method,
      path,
      body,
      sentAtMs: call.sentAtMs,
      performedAtMs: world.nowMs(),
      awaited,
      answer,
    };
    world.note(`#${number} is answered ${answer.status} ${answer.text.replace(SECRET, 'secret')}`);
    parts.onPerformed(exchange);
    master.passed('before the reply');
    if (!reply || !master.core()) return;
    if (chance.is(parts.weather().loseReply) || isCut(call.life.name)) return lose(call);
    world.schedule(latencyMs(), call.life, () => {
      if (!call.done) parts.onAnswered(exchange);
      call.settle(answer);
    });
    master.passed('after the reply');
  }

  function send(call: Call): void {
    const weather = parts.weather();
    if (chance.is(weather.loseRequest) || isCut(call.life.name)) {
      lose(call);
      return;
    }
    world.schedule(latencyMs(), wire, () => void arrive(call, true));
    if (chance.is(weather.duplicate)) world.schedule(latencyMs(), wire, () => void arrive(call, false));
  }

  function openCall(life: Life, url: string, init: RequestInit): Promise<Response> {
    return new Promise((resolve, reject) => {
      calls += 1;
      const call: Call = {
        ...{ life, url, init, number: calls, sentAtMs: world.nowMs(), done: false, gone: new AbortController() },
        settle(outcome) {
          if (call.done) return;
          call.done = true;
          open.delete(call);
          if (outcome instanceof FfrtmpError) reject(outcome);
          else resolve(new Response(outcome.text, { status: outcome.status }));
        },
      };
      open.add(call);
      world.note(`#${calls} ${life.name} ${init.method} ${url} ${String(init.body ?? '').replace(SECRET, 'secret')}`);
      const abort = () => {
        if (call.done) return;
        call.done = true;
        open.delete(call);
        world.note(`#${call.number} is given up`);
        world.schedule(latencyMs(), wire, () => call.gone.abort());
        reject(init.signal?.reason);
      };
      if (init.signal?.aborted) return abort();
      init.signal?.addEventListener('abort', abort, { once: true });
      send(call);
    });
  }

  return {
    fetchFor: (life) => (url, init) => openCall(life, url, init),
    cut: (caller, untilMs) => void cuts.set(caller, untilMs),
    hungUp(life) {
      for (const call of open) {
        if (call.life !== life) continue;
        open.delete(call);
        world.schedule(latencyMs(), wire, () => call.gone.abort());
      }
    },
    broken() {
      for (const call of open) {
        world.schedule(latencyMs(), call.life, () => call.settle(unreachable('the master is gone')));
      }
    },
  };
}

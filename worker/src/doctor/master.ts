import type { Endpoint } from '@ffrtmp/runtime/connect';
import { openConnection } from '@ffrtmp/runtime/connect';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import type { Check } from '@ffrtmp/shared/node/diagnosis';

const TIMEOUT_MS = 10_000;
/** Leases are kept by the master's clock alone; a wrong one here spoils logs, hours of energy and certificates. */
const SKEW_MAX_MS = 5000;

/** The Date header counts whole seconds. */
function clockCheck(theirs: string | null, ours: number): Check {
  const name = 'clock';
  const at = theirs === null ? Number.NaN : Date.parse(theirs);
  if (Number.isNaN(at))
    return { name, status: 'note', cause: null, text: 'could not be compared with the master’s', fix: null };
  const skewMs = ours - at;
  const text = `${(Math.abs(skewMs) / 1000).toFixed(0)} s ${skewMs < 0 ? 'behind' : 'ahead of'} the master’s`;
  if (Math.abs(skewMs) <= SKEW_MAX_MS) return { name, status: 'ok', cause: null, text, fix: null };
  return { name, status: 'warning', cause: 'clock-skew', text, fix: 'keep both by NTP: timedatectl set-ntp true' };
}

const noClock: Check = clockCheck(null, 0);

/** The way to the master: reachable, trusted, and how far its clock is away. */
export async function masterChecks(find: () => Promise<Endpoint>, joined: boolean): Promise<Check[]> {
  try {
    const endpoint = await find();
    const connection = openConnection(endpoint);
    try {
      const startedMs = performance.now();
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const reply = await connection.client.settings.fetch(`${connection.url}/version`, { signal });
      const tookMs = performance.now() - startedMs;
      const { version } = (await reply.json()) as { version?: string };
      const state = joined ? 'this agent has joined it' : 'this agent has not joined it yet';
      const text = `${connection.url} answers in ${tookMs.toFixed(0)} ms, version ${version ?? 'unknown'}; ${state}`;
      const master: Check = { name: 'master', status: 'ok', cause: null, text, fix: null };
      return [master, clockCheck(reply.headers.get('date'), Date.now())];
    } finally {
      await connection.close();
    }
  } catch (error) {
    const cause = error instanceof FfrtmpError ? error.code : 'master_unreachable';
    const fix = 'name it with --master URL; the master’s log holds the line that joins a worker';
    return [{ name: 'master', status: 'problem', cause, text: (error as Error).message.slice(0, 1000), fix }, noClock];
  }
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type Opened, type Reading, refused } from '../sensor.ts';

/** One long-lived child instead of a spawn a sample: a start of nvidia-smi takes 20 to 500 ms. */
const EVERY_MS = 200;
/** Older than this a value says nothing about now. */
const STALE_MS = 2000;
/** Between two starts of a child that ended. */
const AGAIN_MS = 30_000;
const HELP_TIMEOUT_MS = 10_000;
const FINE_SECONDS = 10;

/** What one GPU has drawn since this agent follows it. Power holds until the next line. */
interface Drawn {
  sumUj: number;
  watts: number;
  atMs: number;
}

function fieldsOf(program: string): Promise<string | null> {
  const options = { timeout: HELP_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
  return new Promise((resolve) => {
    execFile(program, ['--help-query-gpu'], options, (error, stdout) => resolve(error ? null : stdout));
  });
}

/** Columns by their names in the heading `# gpu pid type sm mem enc dec …`: newer drivers have more of them. Pure. */
export function pmonLoad(heading: string, line: string): { pid: number; load: number } | null {
  const names = heading.replace(/^#\s*/, '').trim().split(/\s+/);
  const cells = line.trim().split(/\s+/);
  const cellOf = (name: string) => {
    const value = Number(cells[names.indexOf(name)]);
    return Number.isFinite(value) ? value : 0;
  };
  const pid = cellOf('pid');
  return pid > 0 ? { pid, load: (cellOf('sm') + cellOf('enc') + cellOf('dec')) / 100 } : null;
}

/** A child whose lines are followed; started again a while after it ended, until closed. */
function follow(program: string, argv: string[], onLine: (line: string) => void, onEnd: (why: string) => void) {
  let child: ChildProcess | null = null;
  let again: NodeJS.Timeout | undefined;
  let closed = false;
  function start(): void {
    child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
    if (child.stdout) createInterface({ input: child.stdout }).on('line', onLine);
    child.once('error', (error) => ended(error.message));
    child.once('exit', (code) => ended(`nvidia-smi ended with ${code}`));
    child.unref();
  }
  function ended(why: string): void {
    if (closed || again) return;
    onEnd(why);
    again = setTimeout(() => {
      again = undefined;
      start();
    }, AGAIN_MS).unref();
  }
  start();
  return () => {
    closed = true;
    clearTimeout(again);
    child?.kill('SIGKILL');
  };
}

/** GPU power where libnvidia-ml cannot be called: integrated from `nvidia-smi`. Reading: series and uJ of each GPU. */
export async function openNvidiaSmi(program: string, clock: () => number): Promise<Opened> {
  const help = await fieldsOf(program);
  if (help === null) return refused('nvidia-driver', `${program} does not run`, 'install the NVIDIA driver');
  const field = help.includes('power.draw.instant') ? 'power.draw.instant' : 'power.draw';
  const drawn = new Map<string, Drawn>();
  let series = 0;
  let fault: string | null = 'no line of nvidia-smi yet';
  const onPower = (line: string) => {
    const [index = '', text = ''] = line.split(',').map((cell) => cell.trim());
    const watts = Number(text);
    if (!/^\d+$/.test(index) || text === '' || !Number.isFinite(watts) || watts < 0) {
      fault = `nvidia-smi says "${text.slice(0, 40)}" for the power of a GPU`;
      return;
    }
    const atMs = clock();
    const before = drawn.get(index);
    // What lies between two lines that are far apart is not known, so what follows is another series.
    if (!before || atMs - before.atMs > STALE_MS) series += 1;
    const sumUj = before ? before.sumUj + before.watts * (atMs - before.atMs) * 1000 : 0;
    drawn.set(index, { sumUj, watts, atMs });
    fault = null;
  };
  const query = [`--query-gpu=index,${field}`, '--format=csv,noheader,nounits', '-lms', String(EVERY_MS)];
  const endPower = follow(program, query, onPower, (why) => {
    fault = why;
  });

  let heading = '';
  let loads = new Map<number, number>();
  const onLoad = (line: string) => {
    if (/^#.*\bpid\b/.test(line)) heading = line;
    const found = line.startsWith('#') ? null : pmonLoad(heading, line);
    if (found) loads.set(found.pid, (loads.get(found.pid) ?? 0) + found.load);
  };
  const endLoads = follow(program, ['pmon', '-s', 'u', '-d', '1'], onLoad, () => undefined);

  const read = (): Reading | null => {
    const now = clock();
    const all = [...drawn.values()];
    if (all.length === 0 || all.some(({ atMs }) => now - atMs > STALE_MS)) return null;
    return [series, ...all.map(({ sumUj, watts, atMs }) => sumUj + watts * (now - atMs) * 1000)];
  };
  return {
    ok: true,
    sensor: {
      ...{ method: 'nvidia-smi', scope: ['gpu'], sharedBy: 'gpu', minSeconds: 0, fineSeconds: FINE_SECONDS },
      detail: () => `nvidia-smi ${field} every ${EVERY_MS} ms, integrated`,
      read,
      between: (from, to) => {
        if (from[0] !== to[0] || from.length !== to.length) return { gap: 'nvidia-smi was silent' };
        const uj = to.reduce((sum, now, index) => (index === 0 ? 0 : sum + now - (from[index] ?? 0)), 0);
        return { uj };
      },
      fault: () => fault,
      // pmon prints one line a second and process: each stands for its second.
      loads: () => {
        const taken = loads;
        loads = new Map();
        return heading === '' ? null : taken;
      },
      close: () => {
        endPower();
        endLoads();
      },
    },
  };
}

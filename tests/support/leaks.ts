import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

function readProc(pid: string, name: string): string {
  try {
    return name === 'cwd' ? readlinkSync(`/proc/${pid}/cwd`) : readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return ''; // It ended meanwhile, or it is not ours to look at.
  }
}

export interface LivingProcess {
  pid: number;
  command: string;
}

/** Processes whose environment, arguments or working directory mention `mark`, this process apart. Zombies count not. */
export function processesOf(mark: string): LivingProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.flatMap((pid) => {
    const command = readProc(pid, 'cmdline');
    const mentions = [command, readProc(pid, 'environ'), readProc(pid, 'cwd')].some((text) => text.includes(mark));
    return mentions && command !== '' ? [{ pid: Number(pid), command: command.replaceAll('\0', ' ').trim() }] : [];
  });
}

export function assertNoProcessOf(mark: string): void {
  const left = processesOf(mark);
  const lines = left.map(({ pid, command }) => `${pid} ${command.slice(0, 160)}`);
  if (left.length > 0) throw new Error(`processes were left behind:\n${lines.join('\n')}`);
}

/** Sockets, servers, children and file watchers of this process; timers and the standard streams are not handles. */
const handleKinds = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeServerWrap',
  'ProcessWrap',
  'FSEventWrap',
  'UDPWrap',
]);
const openHandles = () => process.getActiveResourcesInfo().filter((kind) => handleKinds.has(kind));
/** Closing takes a few turns of the loop, never time. */
const MAX_TURNS = 200;

/** Asserts that no more handles are open than before (`const before = openHandleCount()`), after letting closes finish. */
export async function assertNoHandleLeft(before = 0): Promise<void> {
  for (let turn = 0; turn < MAX_TURNS && openHandles().length > before; turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
  const left = openHandles();
  if (left.length > before) throw new Error(`handles were left open: ${left.join(', ')}`);
}

export const openHandleCount = () => openHandles().length;

/** Zombies count as gone: they only wait for their parent. */
export const isAlive = (pid: number) => readProc(String(pid), 'cmdline') !== '';

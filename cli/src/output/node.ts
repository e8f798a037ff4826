import { formatBytes } from '@ffrtmp/shared/media/units';
import type { Node } from '@ffrtmp/shared/node/node';
import { renderPairs, renderTable } from './table.ts';
import { count, formatAge, orDash, plain } from './text.ts';

/** All nodes, and below them which are one machine: a sum over the nodes would count it more than once. */
export function nodeList(nodes: readonly Node[], nowMs: number): string {
  const machines = nodes.map(({ address, same_machine }) => [address, ...(same_machine ?? [])].sort().map(plain));
  const shared = new Set(machines.filter((names) => names.length > 1).map((names) => names.join(', ')));
  const notes = [...shared].map((names) => `${names} are one machine: each tells the energy of all of it`);
  return [nodeTable(nodes, nowMs), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
}

export function nodeTable(nodes: readonly Node[], nowMs: number): string {
  return renderTable(
    [
      { head: 'ADDRESS' },
      { head: 'STATUS' },
      { head: 'TYPE' },
      { head: 'RUNS', align: 'right' },
      { head: 'POOL' },
      { head: 'FREE THREADS', align: 'right' },
      { head: 'FREE RAM', align: 'right' },
      { head: 'FREE GPU', align: 'right' },
      { head: 'ENERGY' },
      { head: 'ENCODERS' },
      { head: 'SEEN', align: 'right' },
      { head: 'ID' },
    ],
    nodes.map((node) => [
      node.address,
      statusText(node),
      node.type,
      `${node.running}/${node.slots}`,
      orDash(node.pool),
      of(node.free?.threads, node.cpu_threads),
      ofBytes(node.free?.ram_mb, node.ram_bytes),
      node.gpu_sessions ? of(node.free?.gpu_sessions, node.gpu_sessions) : '–',
      orDash(node.power_sources[0]?.quality),
      orDash(provenEncoders(node).join(' ')),
      node.last_heartbeat === null ? 'never' : formatAge(node.last_heartbeat, nowMs),
      node.id,
    ]),
  );
}

const MIB = 1 << 20;

/** Kept free for a bigger task: it looks idle and takes nothing else, so it says so. */
const statusText = (node: Node) => (node.reserved ? `${node.status}, reserved` : node.status);
/** What an older master does not say is not made up. */
const of = (free: number | undefined, total: number) => (free === undefined ? String(total) : `${free}/${total}`);
const ofBytes = (freeMb: number | undefined, total: number) =>
  freeMb === undefined ? formatBytes(total) : `${formatBytes(freeMb * MIB)}/${formatBytes(total)}`;

const provenEncoders = (node: Node) => node.encoders.filter((encoder) => encoder.works).map((encoder) => encoder.name);

function freeText({ free, gpu_sessions: sessions }: Node): string | undefined {
  if (!free) return undefined;
  const gpu = sessions ? `, ${free.gpu_sessions} of ${count(sessions, 'GPU session')}` : '';
  return `${count(free.slots, 'slot')}, ${count(free.threads, 'thread')}, ${formatBytes(free.ram_mb * MIB)} memory${gpu}`;
}

const vmafText = ({ by, reason }: NonNullable<Node['vmaf']>) =>
  by === null ? `none: ${plain(reason ?? 'unknown reason')}` : `by ${by === 'vmaf' ? 'the program vmaf' : by}`;

export function nodeDetails(node: Node): string {
  return renderPairs([
    ['node', `${plain(node.address)} (${node.id})`],
    ['name', plain(node.name)],
    ['status', `${node.status}, runs ${node.running} of ${node.slots}`],
    ['reserved', node.reserved ? 'kept free for a task that needs more of it than is free now' : undefined],
    [
      'same machine',
      node.same_machine?.length ? `${node.same_machine.map(plain).join(', ')}: never add their energy` : undefined,
    ],
    ['pool', node.pool ?? undefined],
    ['free', freeText(node)],
    ['type', node.type],
    ['cpu', `${plain(node.cpu_model)}, ${node.cpu_threads} threads`],
    ['gpu', node.has_gpu ? plain(node.gpu_type ?? 'yes') : 'none'],
    ['ram', formatBytes(node.ram_bytes)],
    ['ffmpeg', node.ffmpeg_version ?? 'none'],
    ['vmaf', node.vmaf ? vmafText(node.vmaf) : undefined],
    ['load', node.load?.cpu_percent == null ? undefined : `${node.load.cpu_percent.toFixed(0)} % of the machine’s CPU`],
    ['disk free', node.load?.disk_free_bytes == null ? undefined : formatBytes(node.load.disk_free_bytes)],
    ...node.power_sources.map(
      (source) => ['energy', `${source.quality} by ${source.method}: ${plain(source.detail)}`] as const,
    ),
    ...node.encoders.map(
      (encoder) =>
        [
          encoder.works ? 'encoder' : 'no encoder',
          encoder.works
            ? `${encoder.name}${encoder.fps === null ? '' : `, ${encoder.fps.toFixed(0)} fps at 640x360`}`
            : `${encoder.name}: ${plain(encoder.reason ?? 'unknown reason')}`,
        ] as const,
    ),
    [
      'labels',
      Object.entries(node.labels)
        .map(([name, value]) => `${name}=${plain(value)}`)
        .join(', ') || undefined,
    ],
    ['version', `${node.version}, protocol ${node.protocol}`],
    ['registered', node.registered_at],
    ['last heard of', node.last_heartbeat ?? 'never'],
  ]);
}

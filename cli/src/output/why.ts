import type { Why } from '@ffrtmp/shared/job/job';
import { freeResourcesSchema } from '@ffrtmp/shared/node/node';
import { z } from 'zod';
import { renderTable } from './table.ts';
import { count, plain } from './text.ts';

/** Details are for programs and may change; what does not look like this is not shown, and the message says it anyway. */
const roomSchema = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      free: freeResourcesSchema,
      needed: freeResourcesSchema,
      disk_free_mb: z.number().nullish(),
      disk_needed_mb: z.number().nullish(),
    }),
  ),
});
type Room = z.infer<typeof roomSchema>['nodes'][string];
const lacksSchema = z.object({ nodes: z.record(z.string(), z.string()) });

/** A fleet of hundreds would scroll the sentence away. */
const MAX_NODES = 20;

/** The sentence, and below it node by node what is missing. */
export function whyText(why: Why): string {
  const table = roomTable(why) ?? lacksTable(why);
  return table === undefined ? plain(why.message) : `${plain(why.message)}\n\n${table}`;
}

function roomTable({ details }: Why): string | undefined {
  const nodes = Object.entries(roomSchema.safeParse(details).data?.nodes ?? {});
  if (nodes.length === 0) return undefined;
  const rows = nodes.map(([name, room]) => {
    const asked = amountsOf(room).filter(({ needed }) => needed > 0);
    const lacking = asked.filter(({ free, needed }) => free < needed);
    return [
      name,
      lacking.map((amount) => amount.name).join(', ') || '–',
      asked.map(({ free, text }) => text(free)).join(', '),
      asked.map(({ needed, text }) => text(needed)).join(', '),
    ];
  });
  return shortTable(['NODE', 'LACKS', 'FREE', 'NEEDED'], rows);
}

interface Amount {
  name: string;
  free: number;
  needed: number;
  text: (amount: number) => string;
}

/** A node that did not say what its disk has free is believed, here as in placement. */
function amountsOf({ free, needed, disk_free_mb: diskFree, disk_needed_mb: diskNeeded }: Room): Amount[] {
  const mebibytes = (what: string) => (amount: number) => `${Math.floor(amount)} MiB${what}`;
  const disk = { free: diskFree ?? Number.POSITIVE_INFINITY, needed: diskFree == null ? 0 : (diskNeeded ?? 0) };
  return [
    { name: 'slots', free: free.slots, needed: needed.slots, text: (amount) => count(amount, 'slot') },
    { name: 'threads', free: free.threads, needed: needed.threads, text: (amount) => count(amount, 'thread') },
    { name: 'memory', free: free.ram_mb, needed: needed.ram_mb, text: mebibytes('') },
    {
      name: 'GPU sessions',
      free: free.gpu_sessions,
      needed: needed.gpu_sessions,
      text: (amount) => count(amount, 'GPU session'),
    },
    { name: 'disk', ...disk, text: mebibytes(' of disk') },
  ];
}

function lacksTable({ details }: Why): string | undefined {
  const nodes = Object.entries(lacksSchema.safeParse(details).data?.nodes ?? {});
  return nodes.length < 2 ? undefined : shortTable(['NODE', 'WHY NOT'], nodes);
}

function shortTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = rows.slice(0, MAX_NODES);
  const more = rows.length - shown.length;
  const columns = heads.map((head) => ({ head }));
  return renderTable(columns, shown) + (more > 0 ? `\nand ${more} more: --output json lists them all` : '');
}

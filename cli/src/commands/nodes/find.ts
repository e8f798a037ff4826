import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { uuidSchema } from '@ffrtmp/shared/job/job';
import type { Master } from '../../api/master.ts';

/** People call a node by its address; the API by its UUID. */
export async function nodeId(master: Master, name: string): Promise<string> {
  if (uuidSchema.safeParse(name).success) return name;
  const { nodes } = await master.call(nodeOperations.list, {});
  const found = nodes.find((node) => node.address === name) ?? nodes.find((node) => node.name === name);
  if (found) return found.id;
  const known = nodes.map((node) => node.address).join(', ');
  throw new FfrtmpError('not_found', `there is no node ${name}; the nodes are: ${known === '' ? 'none' : known}`);
}

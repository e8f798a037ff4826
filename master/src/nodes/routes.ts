import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Capabilities } from '@ffrtmp/shared/node/capabilities';
import { iso } from '../clock.ts';
import { type Handler, handle } from '../http/serve.ts';
import type { NodeParts } from './parts.ts';
import { register } from './register.ts';
import type { LiveNode } from './registry.ts';
import { deleteNode, profilesOf, setDraining } from './store.ts';

export function findNode(parts: Pick<NodeParts, 'registry'>, id: string): LiveNode {
  const node = parts.registry.get(id);
  if (!node) throw new FfrtmpError('not_found', `there is no node ${id}`);
  return node;
}

async function drain(parts: NodeParts, id: string, draining: boolean): Promise<LiveNode> {
  const node = findNode(parts, id);
  await parts.db.write(async (tx) => {
    await tx.run(setDraining, { id: node.row.id, draining: Number(draining) });
    await parts.events.append(tx, {
      tenantId: node.row.tenant_id,
      kind: 'node',
      to: draining ? 'draining' : 'resumed',
      reason: node.row.id,
    });
  });
  const updated = parts.registry.put({ ...node.row, draining: Number(draining), last_heartbeat: node.seenAt });
  parts.onNodeReady(node.row.id);
  return updated;
}

export function nodeRoutes(parts: NodeParts): Handler[] {
  const { registry } = parts;
  return [
    handle(nodeOperations.register, async ({ body, caller, reply }) => {
      const { node, credential } = await register(parts, body, caller);
      reply.code(credential === null ? 200 : 201);
      return { ...registry.view(node), credential, timing: parts.timing };
    }),
    handle(nodeOperations.list, async () => {
      const nodes = registry.all().map(registry.view);
      return { nodes, count: nodes.length };
    }),
    handle(nodeOperations.get, async ({ params }) => registry.view(findNode(parts, params.id))),
    handle(nodeOperations.drain, async ({ params }) => registry.view(await drain(parts, params.id, true))),
    handle(nodeOperations.resume, async ({ params }) => registry.view(await drain(parts, params.id, false))),
    handle(nodeOperations.remove, async ({ params }) => {
      const node = findNode(parts, params.id);
      const running = parts.runningOn(node.row.id);
      if (running > 0) throw new FfrtmpError('conflict', `the node runs ${running} attempts: drain it first`);
      await parts.db.write(async (tx) => {
        await parts.endCredentials(tx, node.row.id);
        await tx.run(deleteNode, { id: node.row.id });
        await parts.events.append(tx, {
          tenantId: node.row.tenant_id,
          kind: 'node',
          to: 'removed',
          reason: node.row.id,
        });
      });
      registry.remove(node.row.id);
      parts.onNodeGone(node.row.id);
      return { status: 'removed' };
    }),
    handle(nodeOperations.revoke, async ({ params }) => {
      const node = findNode(parts, params.id);
      await parts.db.write(async (tx) => {
        await parts.endCredentials(tx, node.row.id);
        await parts.events.append(tx, {
          tenantId: node.row.tenant_id,
          kind: 'node',
          to: 'revoked',
          reason: node.row.id,
        });
      });
      // Before its work is free again: otherwise the node's own parked claim could be the one that takes it.
      parts.onNodeGone(node.row.id);
      await parts.takeBack(node.row.id, 'the node was revoked');
      return { status: 'revoked' };
    }),
    handle(nodeOperations.history, async ({ params, query }) => {
      const node = findNode(parts, params.id);
      const rows = await parts.db.read(profilesOf, { node: node.row.id, limit: query.limit });
      return {
        profiles: rows.map((row) => ({
          valid_from: iso(row.valid_from),
          facts: JSON.parse(row.facts) as Capabilities,
        })),
      };
    }),
    handle(nodeOperations.energy, async ({ params, query }) => {
      const node = findNode(parts, params.id);
      const since = query.since === undefined ? 0 : Date.parse(query.since);
      const until = query.until === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(query.until);
      const energy = await parts.energyOf(node, { since, until, by: query.by });
      return { node_id: node.row.id, ...energy, same_machine: registry.sameMachine(node) };
    }),
  ];
}

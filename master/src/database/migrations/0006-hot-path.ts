/**
 * Fewer pages a claim and a result write. Where attempts were found by node, each node had a page of its own, written with
 * every claim and every result of it; by their end they stand behind one another, and the node is looked for in the index.
 */
export const hotPath = `
DROP INDEX attempts_by_node;
DROP INDEX attempts_ended;
CREATE INDEX attempts_ended ON attempts (ended_at, node_id) WHERE ended_at IS NOT NULL;
DROP INDEX attempts_live;
DROP INDEX attempts_live_on_node;
CREATE INDEX attempts_live ON attempts (node_id, class_id, tenant_id) WHERE ended_at IS NULL;
`;

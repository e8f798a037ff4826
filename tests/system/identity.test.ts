import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorTable } from '@ffrtmp/shared/contract/errors';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import { engine } from '../support/engine.ts';
import { submit, waitForEncode, waitForJob } from '../support/events.ts';
import { attemptsOf, submitFilm } from '../support/film.ts';
import { type RunningMaster, restartMaster, startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { binary, runProgram } from '../support/process.ts';
import { openScope, type Scope } from '../support/scope.ts';
import { jobDirs } from '../support/until.ts';

const tiny = { scenario: '360p-h264-ultrafast', parameters: { duration: 1 } };
/** A master that is back is found again within this, after a short absence. */
const SECONDS_MS = 5000;

/** An agent that must not become ready: its exit and what it says. */
function refused(scope: Scope, master: RunningMaster, address: string, dataDir: string, more: readonly string[] = []) {
  const args = [
    '--register',
    '--master',
    master.url,
    '--api-key',
    master.adminKey,
    '--allow-master-as-worker',
    '--yes',
  ];
  const own = ['--address', address, '--data-dir', dataDir, '--metrics-port', '0', '--ffmpeg', engine(scope)];
  return runProgram(scope, binary('agent'), [...args, ...own, ...more]);
}

test('An agent that restarts is the same node, and a master that restarts has it back within seconds', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const args = ['--ffmpeg', engine(scope)];
  const first = await startAgent(scope, master, { address: 'one', args });
  await first.program.stop();
  const again = await startAgent(scope, master, { address: 'one', dataDir: first.dataDir, args });
  assert.equal(again.nodeId, first.nodeId);
  const { nodes } = await master.client.call(nodeOperations.list, {});
  assert.deepEqual(
    nodes.map(({ id, status }) => [id, status]),
    [[first.nodeId, 'available']],
  );

  await master.program.stop();
  const back = await restartMaster(scope, master);
  const readyMs = performance.now();
  const { id } = await submit(back, tiny);
  await waitForJob(back, id, (job) => job.status === 'running', SECONDS_MS);
  t.diagnostic(`the idle agent took work ${Math.round(performance.now() - readyMs)} ms after the master was back`);
  assert.equal((await waitForJob(back, id)).status, 'completed');
});

test('An agent whose node is revoked ends and says why, and its work goes to another', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const args = ['--ffmpeg', engine(scope, { paced: true })];
  const agent = await startAgent(scope, master, { address: 'one', args });
  const { id } = await submitFilm(master, await clip('motion', { seconds: 4 }), { scenario: '360p-h264-ultrafast' });
  await waitForEncode(master, id);
  const revokedMs = performance.now();
  await master.client.call(nodeOperations.revoke, { params: { id: agent.nodeId } });
  const { code } = await agent.program.exited;
  const tookMs = performance.now() - revokedMs;
  t.diagnostic(`it ended ${Math.round(tookMs)} ms after the call`);
  assert.ok(tookMs < SECONDS_MS, 'it does not wait for its next heartbeat');
  assert.equal(code, errorTable.unauthorized.exit);
  assert.match(agent.program.stderr(), /^error: .*(?:revoked|credential|key)/m);
  assert.deepEqual(jobDirs(agent.dataDir), []);
  const other = await startAgent(scope, master, { address: 'two', args });
  assert.equal((await waitForJob(master, id)).status, 'completed');
  assert.deepEqual(
    (await attemptsOf(master, id)).map(({ state, cause, node_id }) => [state, cause, node_id]),
    [
      ['canceled', 'the node was revoked', agent.nodeId],
      ['succeeded', null, other.nodeId],
    ],
  );
});

test('A second agent is refused: under the same address with the holder’s name, in the same folder at once', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const holder = await startAgent(scope, master, { address: 'one', args: ['--ffmpeg', engine(scope)] });
  const twin = await refused(scope, master, 'one', scope.folder('twin'));
  assert.equal(twin.code, errorTable.address_taken.exit);
  assert.ok(twin.stderr.includes(holder.nodeId), twin.stderr);
  const lodger = await refused(scope, master, 'two', holder.dataDir);
  assert.equal(lodger.code, errorTable.data_dir_locked.exit);
  assert.match(lodger.stderr, /another agent uses .*--data-dir/);
  const heart = await refused(scope, master, 'three', scope.folder('slow'), ['--heartbeat-interval', '30s']);
  assert.equal(heart.code, errorTable.bad_config.exit);
  assert.match(heart.stderr, /30000 ms .*45000 ms/, 'both the interval and the lease are named');
  assert.equal(holder.program.stderr().includes('error'), false);
  const job = await waitForJob(master, (await submit(master, tiny)).id);
  assert.deepEqual([job.status, job.node_id], ['completed', holder.nodeId]);
});

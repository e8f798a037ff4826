import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobOperations } from '@ffrtmp/shared/contract/jobs';
import { nodeOperations } from '@ffrtmp/shared/contract/nodes';
import type { Event } from '@ffrtmp/shared/contract/system';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { engine } from '../support/engine.ts';
import { waitForEncode, waitForEvent, waitForJob, waitForProgress } from '../support/events.ts';
import { attemptsOf, submitFilm } from '../support/film.ts';
import { runCli, startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { openScope } from '../support/scope.ts';

const scenario = '360p-h264-ultrafast';
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.max(a, b);
const fullOf = (figures: readonly Figure[]) => figures.find(({ name }) => name === 'energy_full')?.value ?? Number.NaN;

test('Two jobs at once, everything else and the idle draw are the energy of their node, and its receipts say the same', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope, { args: ['--lease', '5s'] });
  const args = ['--powercap-root', scope.folder('no-powercap'), '--ffmpeg', engine(scope, { paced: true })];
  const agent = await startAgent(scope, master, { address: 'one', args: [...args, '--max-concurrent-jobs', '2'] });
  const film = await clip('motion', { seconds: 3 });
  const jobs = await Promise.all([1, 2].map(() => submitFilm(master, film, { scenario })));
  await Promise.all(jobs.map(({ id }) => waitForEncode(master, id)));
  for (const { id } of jobs) assert.equal((await waitForJob(master, id)).status, 'completed');
  // Its last word brings the books up to the moment it goes.
  await agent.program.stop();

  const full = await Promise.all(jobs.map(async ({ id }) => fullOf((await attemptsOf(master, id))[0]?.figures ?? [])));
  const receipts = full.reduce((sum, value) => sum + value, 0);
  const printed = await runCli(scope, master, ['nodes', 'energy', 'one', '--output', 'json']);
  const { sources, unmatched, same_machine } = nodeOperations.energy.replies[200].parse(JSON.parse(printed.stdout));
  const [source, ...more] = sources;
  assert.ok(source);
  assert.deepEqual([more, unmatched, same_machine], [[], [], []]);
  assert.equal(source.quality, 'estimated', 'this machine has no sensor, and the figure says so');
  const { total_j, jobs_j, other_j, idle_j, rest_j } = source.total;
  t.diagnostic(`${total_j} J = jobs ${jobs_j} + others ${other_j} + idle ${idle_j} + rest ${rest_j}`);
  assert.ok(full.every((value) => value > 0) && idle_j > 0);
  assert.ok(close(total_j, receipts + other_j + idle_j + rest_j), `${total_j} J`);
  assert.ok(close(jobs_j, receipts) && close(source.attempts_j, receipts), `${jobs_j} J and ${receipts} J`);
  assert.ok(Math.abs(source.unexplained_j) <= 1e-6 * receipts, `${source.unexplained_j} J unexplained`);

  const text = await runCli(scope, master, ['nodes', 'energy', 'one']);
  assert.match(text.stdout, /^the whole node, estimated by \S+ over \S+$/m);
  assert.match(text.stdout, /^20\d\d-\d\d-\d\d .* J$/m);
  assert.match(text.stdout, /^unexplained +0 J$/m);
});

test('kill -9 of an agent in the middle of an encode leaves what it had used as waste', async (t) => {
  const scope = openScope(t, { leavesTemporaries: 'kill -9 of the agent' });
  const master = await startMaster(scope, { args: ['--lease', '5s'] });
  const args = ['--powercap-root', scope.folder('no-powercap'), '--ffmpeg', engine(scope, { paced: true })];
  const agent = await startAgent(scope, master, { address: 'one', args });
  const { id } = await submitFilm(master, await clip('motion', { seconds: 20 }), { scenario });
  const seen = await waitForProgress(master, id, ({ energy }) => fullOf(energy) > 0);
  const [first] = await attemptsOf(master, id);
  await agent.program.stop('SIGKILL');
  const isLost = ({ kind, attempt_id, to }: Event) => kind === 'attempt' && attempt_id === first?.id && to === 'lost';
  await waitForEvent(master, isLost);
  const { energy, energy_waste } = await master.client.call(jobOperations.receipt, { params: { id } });
  const wasted = energy_waste.find(({ name }) => name === 'energy_full');
  assert.ok(wasted && fullOf(energy_waste) >= fullOf(seen.energy), JSON.stringify(energy_waste));
  assert.deepEqual(energy, []);
  assert.match(wasted.source, /^until \d\d:\d\d:\d\d UTC, then lost; /);
  assert.ok(wasted.coverage > 0 && wasted.coverage < 1, `${wasted.coverage}`);
});

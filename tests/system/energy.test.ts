import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Figure } from '@ffrtmp/shared/energy/figure';
import { engine } from '../support/engine.ts';
import { waitForEncode, waitForJob } from '../support/events.ts';
import { attemptsOf, submitFilm } from '../support/film.ts';
import { type RunningMaster, startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { openScope } from '../support/scope.ts';

const START_UJ = 65_000_000;
const PACKAGE_UJ = 12_345_678;
const RANGE_UJ = 262_143_328_850;

/** A powercap tree as the kernel shows it, with the one zone that counts on every make of CPU. Returns its counter. */
function plantPackage(root: string): string {
  const zone = join(root, 'intel-rapl:0');
  mkdirSync(zone);
  writeFileSync(join(zone, 'name'), 'package-0\n');
  writeFileSync(join(zone, 'max_energy_range_uj'), `${RANGE_UJ}\n`);
  writeFileSync(join(zone, 'energy_uj'), `${START_UJ}\n`);
  return join(zone, 'energy_uj');
}

async function figureOf(master: RunningMaster, id: string, name: Figure['name']) {
  const [attempt] = await attemptsOf(master, id);
  const figure = attempt?.figures.find((one) => one.name === name);
  assert.ok(attempt && figure, `no ${name}: ${JSON.stringify(attempt?.figures)}`);
  return { attempt, figure };
}

test('A counter that advances during an attempt is in its receipt to the microjoule', async (t) => {
  const scope = openScope(t);
  const root = scope.folder('powercap');
  const counter = plantPackage(root);
  const master = await startMaster(scope);
  const args = ['--powercap-root', root, '--ffmpeg', engine(scope, { paced: true })];
  await startAgent(scope, master, { address: 'one', args });
  const { id } = await submitFilm(master, await clip('motion', { seconds: 3 }), { scenario: '360p-h264-ultrafast' });
  await waitForEncode(master, id);
  writeFileSync(counter, `${START_UJ + PACKAGE_UJ}\n`);
  const job = await waitForJob(master, id);
  assert.equal(job.status, 'completed', job.error ?? '');
  const { figure, attempt } = await figureOf(master, id, 'energy_full');
  // Until the idle draw of the node is measured, everything is the most that the attempt can have caused.
  assert.equal(Math.round((figure.high ?? 0) * 1e6), PACKAGE_UJ);
  assert.deepEqual([figure.method, figure.scope, figure.coverage], ['rapl', ['cpu'], 1]);
  assert.ok(figure.quality === 'measured' || figure.quality === 'attributed', figure.quality);
  assert.ok((figure.low ?? 0) <= (figure.value ?? 0) && (figure.value ?? 0) <= (figure.high ?? 0));
  t.diagnostic(`${figure.value} J of ${PACKAGE_UJ / 1e6} J: ${figure.source}`);
  assert.equal(attempt.environment?.power_source, 'rapl');

  const idle = await submitFilm(master, await clip('motion', { seconds: 1 }), { scenario: '360p-h264-ultrafast' });
  await waitForJob(master, idle.id);
  assert.equal((await figureOf(master, idle.id, 'energy_full')).figure.value, 0, 'the next attempt owes nothing');
});

test('Without a sensor the figure is a labelled estimate that follows the CPU time of the work', async (t) => {
  const scope = openScope(t);
  const master = await startMaster(scope);
  const args = ['--powercap-root', scope.folder('no-powercap'), '--ffmpeg', engine(scope)];
  await startAgent(scope, master, { address: 'one', args });
  const film = await clip('noise', { seconds: 8 });
  const joules: number[] = [];
  const perCpuSecond: number[] = [];
  for (const duration of [4, 8]) {
    const { id } = await submitFilm(master, film, { scenario: '360p-h264-medium', parameters: { duration } });
    const job = await waitForJob(master, id);
    assert.equal(job.status, 'completed', job.error ?? '');
    const { figure, attempt } = await figureOf(master, id, 'energy_active');
    assert.equal(figure.quality, 'estimated');
    assert.match(figure.source, /SPECpower/);
    assert.ok(figure.value !== null && figure.low !== null && figure.high !== null);
    assert.ok(figure.low < figure.value && figure.value < figure.high);
    joules.push(figure.value);
    perCpuSecond.push(figure.value / (attempt.metrics?.cpu_s ?? 0));
  }
  const ratio = (joules[1] ?? 0) / (joules[0] ?? 1);
  t.diagnostic(`${joules.map((value) => value.toFixed(2)).join(' and ')} J: the double work took ${ratio.toFixed(2)}`);
  assert.ok(ratio > 2 * 0.7 && ratio < 2 * 1.3, `twice the work took ${ratio} times the energy`);
  assert.ok(Math.abs((perCpuSecond[1] ?? 0) / (perCpuSecond[0] ?? 1) - 1) < 0.02, 'the same watts for each CPU second');
});

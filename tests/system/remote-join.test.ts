import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { errorTable } from '@ffrtmp/shared/contract/errors';
import { engine } from '../support/engine.ts';
import { framesOf } from '../support/film.ts';
import { clip } from '../support/media.ts';
import { asMachine, noNamespaces, openTwoNetworks } from '../support/namespace.ts';
import { repository, runProgram, startProgram } from '../support/process.ts';
import { openScope } from '../support/scope.ts';

const READY_MS = 90_000;

test('The printed line joins another machine over TLS, with the right CA alone, and work runs there', {
  skip: noNamespaces,
}, async (t) => {
  const scope = openScope(t);
  const [here, there] = openTwoNetworks(scope);
  const path = `${dirname(engine(scope))}:${scope.env.PATH}`;
  const on = (within: readonly string[], line: string, name: string): [string, string[], object] => [
    within[0] ?? '',
    [...within.slice(1), '/bin/bash', '-c', `exec ${line}`],
    { name, cwd: repository, env: { PATH: path, HOME: scope.folder(`home-${name}`) } },
  ];
  const data = scope.folder('up');
  const up = startProgram(scope, ...on(here.within, `bin/ffrtmp up --data-dir ${data}`, 'up'));
  const [, line = ''] = await up.waitForLine(/^join another machine:\s+(bin\/agent .*)$/, READY_MS);
  assert.match(line, new RegExp(`--master https://${here.address}:8080 --token \\S+ --ca-fingerprint sha256:\\w{64}`));
  const elsewhere = [...there.within, ...asMachine(scope, 'machine-b')];

  const wrong = line.replace(/\w{64}/, (digits) => [...digits].reverse().join(''));
  const refused = await runProgram(scope, ...on(elsewhere, wrong, 'refused'));
  assert.equal(refused.code, errorTable.untrusted_certificate.exit);
  assert.match(refused.stderr, /shows another CA .* than the join line names/);

  const agent = startProgram(scope, ...on(elsewhere, line, 'machine-b'));
  const [, nodeId] = await agent.waitForLine(/^agent ready: node (\S+) \(machine-b\)/, READY_MS);
  const cli = async (words: string) => {
    const asked = `bin/ffrtmp --data-dir ${join(data, 'master')} ${words}`;
    const { code, stdout, stderr } = await runProgram(scope, ...on(here.within, asked, 'cli'));
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const { nodes } = JSON.parse(await cli('nodes list --output json')) as { nodes: { id: string }[] };
  assert.equal(nodes.length, 2);
  for (const { id } of nodes) if (id !== nodeId) await cli(`nodes drain ${id}`);
  const output = join(scope.dir, 'out.mp4');
  await cli(`transcode ${await clip('motion')} -o ${output} --preset ultrafast --quality`);
  assert.equal(await framesOf(output), 50);
  const job = JSON.parse(await cli('jobs get 1 --output json')) as { node_id: string; status: string };
  assert.deepEqual([job.status, job.node_id], ['completed', nodeId]);
  assert.deepEqual(await agent.stop(), { code: 0, signal: null });
  assert.deepEqual(await up.stop('SIGINT'), { code: 0, signal: null });
});

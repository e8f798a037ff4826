import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { engine } from '../support/engine.ts';
import { framesOf } from '../support/film.ts';
import { startAgent, startMaster } from '../support/fleet.ts';
import { clip } from '../support/media.ts';
import { binary, repository, runProgram } from '../support/process.ts';
import { openScope } from '../support/scope.ts';

test('What make build compiles transcodes a film from the command line', async (t) => {
  // Nothing to do after `make build`; without it the test would run an older program than the sources.
  execFileSync(join(repository, 'node_modules', '.bin', 'tsc'), ['-b', 'tsconfig.build.json'], { cwd: repository });
  const scope = openScope(t);
  const master = await startMaster(scope, { compiled: true });
  const agent = await startAgent(scope, master, { address: 'one', compiled: true, args: ['--ffmpeg', engine(scope)] });
  const output = join(scope.dir, 'out.mp4');
  const words = ['--master', master.url, '--data-dir', master.dataDir, 'transcode', await clip('motion'), '-o', output];
  const env = { FFRTMP_DIST: '1', FFMPEG_RTMP_API_KEY: master.adminKey };
  const { code, stdout, stderr } = await runProgram(scope, binary('ffrtmp'), [...words, '--quality'], { env });
  assert.equal(code, 0, stderr);
  assert.match(stdout + stderr, /PSNR|psnr/);
  assert.equal(await framesOf(output), 50);
  for (const { pid } of [master.program, agent.program]) {
    const command = execFileSync('/usr/bin/tr', ['\\0', ' '], {
      input: execFileSync('/bin/cat', [`/proc/${pid}/cmdline`]),
    });
    assert.match(command.toString(), /--conditions=dist \S+\/dist\/main\.js/);
  }
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderBytes } from './disk-limit.ts';
import { runProcess } from './run.ts';

function folder(t: { after: (end: () => void) => void }): string {
  const made = mkdtempSync(join(tmpdir(), 'disk-limit-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('The bytes of a folder are those of all files below it', (t) => {
  const dir = folder(t);
  mkdirSync(join(dir, 'output'));
  writeFileSync(join(dir, 'a'), 'x'.repeat(1000));
  writeFileSync(join(dir, 'output', 'b'), 'x'.repeat(234));
  assert.equal(folderBytes(dir), 1234);
});

test('An encode that fills its folder beyond the limit of its job is ended, and says so', async (t) => {
  const cwd = folder(t);
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=30'];
  const argv = [
    '-hide_banner',
    '-nostdin',
    '-re',
    ...source,
    '-c:v',
    'rawvideo',
    '-f',
    'matroska',
    `file:${join(cwd, 'o.mkv')}`,
  ];
  const run = await runProcess({ program: 'ffmpeg', argv, cwd, maxDiskBytes: 2e6 }, new AbortController().signal);
  assert.equal(run.outcome.kind, 'failed');
  assert.match(run.outcome.kind === 'failed' ? run.outcome.message : '', /grew to .* MB; the job's limit is 2\.00 MB/);
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { vmafProofSchema } from '@ffrtmp/shared/node/capabilities';
import { proveVmaf, vmafProof } from './vmaf.ts';

const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-vmaf-'));
after(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

const listing = ' ... libvmaf           VV->V      Calculate the VMAF between two video streams.';
const filter = (then: string) => `case "$*" in *-filters*) echo "${listing}";; *) ${then};; esac`;
const bare = script('bare', 'echo " TS. psnr   VV->V   Calculate the PSNR"');

test('An ffmpeg without libvmaf says so', async () => {
  const vmaf = await proveVmaf(bare, null, signal);
  assert.deepEqual(vmaf, { by: null, reason: 'this ffmpeg has no libvmaf' });
  assert.deepEqual(vmafProofSchema.parse(vmafProof(vmaf)), { works: false, ...vmaf });
});

test('A filter that is listed has to score equal pictures as equal', async () => {
  const prove = (then: string) => proveVmaf(script('ffmpeg', filter(then)), null, signal);
  assert.deepEqual(await prove('echo "VMAF score: 97.42" >&2'), { by: 'libvmaf' });
  const modelless = await prove('echo "could not load libvmaf model with version: vmaf_v0.6.1" >&2; exit 1');
  assert.match(
    vmafProof(modelless).reason ?? '',
    /^the libvmaf of this ffmpeg does not work: could not load .*v0\.6\.1$/,
  );
  assert.equal((await prove('echo "VMAF score: 12.00" >&2')).by, null);
  assert.equal((await prove('echo nothing')).by, null);
});

test('The program is taken where ffmpeg has no libvmaf, and only if it runs', async () => {
  const program = script('vmaf', 'echo "3.2.0" >&2');
  assert.deepEqual(await proveVmaf(bare, program, signal), { by: 'vmaf', program });
  const works = script('with', filter('echo "VMAF score: 99.0" >&2'));
  assert.deepEqual(await proveVmaf(works, program, signal), { by: 'libvmaf' }, 'one decode less');
  const broken = script('broken', 'echo "libm.so.6: version not found" >&2; exit 127');
  assert.match(
    vmafProof(await proveVmaf(bare, broken, signal)).reason ?? '',
    /no libvmaf, and .*broken does not run: libm/,
  );
});

test('The ffmpeg of this machine is what its list of filters says', async () => {
  const listed = execFileSync('ffmpeg', ['-hide_banner', '-filters'], { encoding: 'utf8' }).includes(' libvmaf ');
  assert.equal((await proveVmaf('ffmpeg', null, signal)).by === 'libvmaf', listed);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encoderProofSchema } from '@ffrtmp/shared/node/capabilities';
import { ffmpegVersion, proveEncoders } from './encoders.ts';
import { findProgram } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-encoders-'));
after(() => rmSync(folder, { recursive: true }));
const { signal } = new AbortController();

test('software is proven by a real encode, absent hardware and absent encoders give the reason', async () => {
  const names = ['libx264', 'h264_vaapi', 'av1_no_such'];
  const proofs = await proveEncoders({ ffmpeg: 'ffmpeg', names, signal });
  for (const proof of proofs) encoderProofSchema.parse(proof);
  const [x264, vaapi, absent] = proofs;
  assert.deepEqual([x264?.name, x264?.works, x264?.reason], ['libx264', true, null]);
  assert.ok((x264?.fps ?? 0) > 1);
  if (!vaapi?.works) assert.ok((vaapi?.reason ?? '').length > 10);
  assert.deepEqual(absent, {
    ...{ name: 'av1_no_such', works: false, fps: null },
    reason: 'this ffmpeg was built without it',
  });
});

test('an encoder that hangs is given up', async () => {
  const ffmpeg = join(folder, 'hanging-ffmpeg');
  const list = ' V....D libx264              libx264 H.264';
  writeFileSync(ffmpeg, `#!/bin/sh\ncase "$*" in *-encoders*) echo "${list}";; *) exec tail -f /dev/null;; esac\n`, {
    mode: 0o755,
  });
  const [proof] = await proveEncoders({ ffmpeg, names: ['libx264'], signal, timeoutMs: 200 });
  assert.deepEqual([proof?.works, proof?.reason], [false, 'the proof encode did not end within 0.2 s']);
});

test('without ffmpeg one sentence says what to do', async () => {
  const absent = join(folder, 'ffmpeg');
  const expected = {
    code: 'missing_program',
    message: `${absent} is not installed; on Debian: apt-get install ffmpeg`,
  };
  await assert.rejects(proveEncoders({ ffmpeg: absent, names: [], signal }), expected);
  const broken = join(folder, 'broken');
  writeFileSync(broken, '#!/bin/sh\necho "libavcodec.so.59: cannot open" >&2\nexit 127\n', { mode: 0o755 });
  await assert.rejects(ffmpegVersion(broken, signal), /does not run: libavcodec\.so\.59.*apt-get install ffmpeg/);
});

test('the version is one short line', async () => {
  assert.match(await ffmpegVersion('ffmpeg', signal), /^ffmpeg version \S+$/);
});

test('a program is found along the given path, by its absolute name, or not at all', () => {
  const program = join(folder, 'found');
  writeFileSync(program, '', { mode: 0o755 });
  assert.equal(findProgram('found', `/nowhere::${folder}`), program);
  assert.equal(findProgram(program, ''), program);
  assert.throws(() => findProgram('found', '/nowhere'), { code: 'missing_program' });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { classify } from './classify.ts';

const folder = mkdtempSync(join(tmpdir(), 'ffrtmp-classify-'));
after(() => rmSync(folder, { recursive: true }));

function ffmpeg(...argv: string[]) {
  const { status, signal, stderr } = spawnSync('ffmpeg', ['-hide_banner', '-nostdin', '-y', ...argv], { cwd: folder });
  assert.notEqual(status, 0, `ffmpeg ${argv.join(' ')} did not fail`);
  return classify({ exitCode: status, signal, stderrTail: stderr.toString() });
}

const pattern = ['-f', 'lavfi', '-i', 'testsrc2=s=64x64:d=0.2'];

test('a film that was cut off before its index is an input error', () => {
  spawnSync('ffmpeg', ['-v', 'error', ...pattern, '-y', 'whole.mp4'], { cwd: folder });
  truncateSync(join(folder, 'whole.mp4'), 1000);
  const failure = ffmpeg('-i', 'whole.mp4', 'out.mp4');
  assert.equal(failure.failureClass, 'input');
  assert.match(failure.message, /moov atom not found/);
  assert.doesNotMatch(failure.message, /0x[0-9a-f]/);
});

test('text, nothing and a missing file are input errors', () => {
  writeFileSync(join(folder, 'text.mp4'), 'no film\n'.repeat(100));
  writeFileSync(join(folder, 'zero.mp4'), '');
  for (const name of ['text.mp4', 'zero.mp4', 'absent.mp4'])
    assert.equal(ffmpeg('-i', name, 'out.mp4').failureClass, 'input', name);
});

test('impossible settings are input errors that name the setting', () => {
  const preset = ffmpeg(...pattern, '-c:v', 'libx264', '-preset', 'warp9', 'out.mp4');
  assert.equal(preset.failureClass, 'input');
  assert.match(preset.message, /preset/);
  assert.equal(ffmpeg(...pattern, '-c:v', 'libnothing', 'out.mp4').failureClass, 'input');
  assert.match(ffmpeg(...pattern, '-c:v', 'libx264', 'out.webm').message, /VP8 or VP9|WebM/);
  assert.equal(ffmpeg(...pattern, '-crf', 'high', 'out.mp4').failureClass, 'input');
  assert.equal(ffmpeg(...pattern, '-vf', 'nofilter', 'out.mp4').failureClass, 'input');
  assert.equal(ffmpeg('-ss', '9', '-abort_on', 'empty_output', ...pattern, 'out.mp4').failureClass, 'input');
});

test('a device that is not there is a lack of this node', () => {
  const failure = ffmpeg('-vaapi_device', '/dev/dri/renderD200', ...pattern, '-c:v', 'h264_vaapi', 'out.mp4');
  assert.equal(failure.failureClass, 'resource');
});

const recorded: [string, ReturnType<typeof classify>['failureClass'], string][] = [
  ['av_interleaved_write_frame(): No space left on device\nConversion failed!', 'resource', 'No space left'],
  ['[h264_nvenc @ 0x5581] No capable devices found\nError initializing output stream 0:0', 'resource', 'No capable'],
  ['[h264_nvenc @ 0x55] OpenEncodeSessionEx failed: out of memory (10): (no details)', 'resource', 'OpenEncodeSession'],
  ['x265 [error]: malloc of size 12345 failed', 'resource', 'malloc'],
  ['[tcp @ 0x55] Connection to tcp://10.0.0.1:1935 failed: Connection refused', 'infrastructure', 'refused'],
  ['rtmp://h/live: Operation timed out', 'infrastructure', 'timed out'],
  ['[mov @ 0x55] stream 0, offset 0x1f: partial file\nfile: Invalid data found', 'input', 'partial file'],
  ['something nobody has seen before\nbench: utime=0.1s stime=0.0s rtime=0.1s', 'unknown', 'nobody has seen'],
];

for (const [stderrTail, failureClass, words] of recorded)
  test(`"${stderrTail.slice(0, 60).split('\n')[0]}" is ${failureClass}`, () => {
    const failure = classify({ exitCode: 1, signal: null, stderrTail });
    assert.equal(failure.failureClass, failureClass);
    assert.ok(failure.message.includes(words), failure.message);
  });

test('a kill from outside is a lack of memory, a crash is unknown, silence is said', () => {
  assert.equal(classify({ exitCode: null, signal: 'SIGKILL', stderrTail: '' }).failureClass, 'resource');
  const crash = classify({ exitCode: null, signal: 'SIGSEGV', stderrTail: 'Invalid data found' });
  assert.deepEqual([crash.failureClass, /SIGSEGV/.test(crash.message)], ['unknown', true]);
  assert.match(classify({ exitCode: 3, signal: null, stderrTail: '' }).message, /code 3 and without a word/);
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { FfrtmpError } from '@ffrtmp/shared/contract/errors';
import { probe } from './probe.ts';

const clips = process.env.FFRTMP_MEDIA ?? resolve(import.meta.dirname, '../../../../../shared/media');
const skip = existsSync(clips) ? false : `no test clips at ${clips} (set FFRTMP_MEDIA)`;
const folder = await mkdtemp(join(tmpdir(), 'ffrtmp-probe-'));
after(() => rm(folder, { recursive: true }));
const { signal } = new AbortController();

async function refusal(name: string, content: string | Buffer): Promise<FfrtmpError> {
  const file = join(folder, name);
  await writeFile(file, content);
  const error = await probe(file, signal).then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof FfrtmpError, `${name} was taken for a video`);
  assert.equal(error.code, 'not_a_video');
  assert.match(error.message, new RegExp(name));
  return error;
}

test('the phone clip is HEVC, turned by a quarter, with sound and two data tracks', { skip }, async () => {
  const media = await probe(join(clips, 'phone_hevc_hlg_rot90_1080p_2s.mp4'), signal);
  const [picture, sound, ...data] = media.streams;
  assert.deepEqual([picture?.codec, picture?.rotation, picture?.width, sound?.channels], ['hevc', -90, 1920, 2]);
  assert.deepEqual(
    data.map((stream) => stream.codec),
    ['mebx', 'mebx'],
  );
});

test('the nasa clip lasts as long as its subtitles, its picture three seconds less', { skip }, async () => {
  const media = await probe(join(clips, 'nasa_2video_2audio_subs_16s.mp4'), signal);
  assert.equal(media.duration_s, 16.57);
  assert.equal(media.streams[0]?.duration_s, 13);
  assert.equal(media.streams.filter((stream) => stream.type === 'subtitle').length, 2);
});

test('what is no film is refused in the words of ffprobe', async () => {
  assert.match((await refusal('empty.mp4', '')).message, /End of file|Invalid data/);
  assert.match((await refusal('noise.mp4', Buffer.alloc(4096, 7))).message, /Invalid data/);
  assert.match((await refusal('text.txt', 'a plain text, not a film\n'.repeat(50))).message, /tty/);
  assert.match((await refusal('sound.wav', wav())).message, /pcm_s16le audio, but no moving picture/);
});

test('a playlist that names other files is refused', async () => {
  const playlist = '#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n';
  await refusal('list.m3u8', playlist);
  await refusal('list.ffconcat', 'ffconcat version 1.0\nfile empty.mp4\n');
});

test('a missing file, a missing program and an abort are told apart', async () => {
  await assert.rejects(probe(join(folder, 'absent.mp4'), signal), /absent\.mp4.*No such file/);
  await assert.rejects(probe('/dev/null', signal, join(folder, 'ffprobe')), { code: 'missing_program' });
  await assert.rejects(probe('/dev/null', AbortSignal.abort('shutdown')), (reason) => reason === 'shutdown');
});

/** A tenth of a second of silence. */
function wav(): Buffer {
  const samples = 800;
  const head = Buffer.from(
    'RIFF....WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data....',
    'latin1',
  );
  head.writeUInt32LE(36 + samples * 2, 4);
  head.writeUInt32LE(samples * 2, 40);
  return Buffer.concat([head, Buffer.alloc(samples * 2)]);
}

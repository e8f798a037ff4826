import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import type { MediaStream } from './media.ts';
import { chooseStreams } from './streams.ts';

const kinds: [MediaStream['type'], string, Partial<MediaStream>?][] = [
  ['video', 'mjpeg', { attached_pic: true }],
  ['audio', 'eac3', { channels: 6 }],
  ['video', 'h264'],
  ['subtitle', 'ass'],
  ['subtitle', 'hdmv_pgs_subtitle'],
  ['subtitle', 'mov_text'],
  ['subtitle', 'dvb_teletext'],
  ['audio', 'unknown'],
  ['attachment', 'ttf'],
  ['data', 'tmcd'],
];
const streams = kinds.map(([type, codec, more], index) => ({ index, type, codec, attached_pic: false, ...more }));
const media = { container: 'matroska', duration_s: 1, bytes: 1, streams };

function choose(parameters: Record<string, unknown>) {
  return chooseStreams(media, resolveEncode({ scenario: '', parameters, hasInput: true }).encode);
}

test('Matroska keeps the subtitles it knows and turns mov_text into SubRip', () => {
  const { argv, dropped } = choose({ container: 'mkv', audio_codec: 'copy' });
  assert.equal(
    argv.join(' '),
    '-map 0:2 -map 0:1 -map 0:3 -map 0:4 -map 0:5 -c:a:0 copy -c:s:0 copy -c:s:1 copy -c:s:2 srt -dn',
  );
  assert.deepEqual(dropped, [
    'stream 0, video (mjpeg): a cover picture',
    'stream 6, subtitle (dvb_teletext): mkv cannot hold it',
    'stream 7, audio: its codec is not known',
    'stream 8, attachment (ttf): attachments are not carried over',
    'stream 9, data (tmcd): data streams are not carried over',
  ]);
});

test('mp4 takes text only, pays for six channels and keeps the timecode', () => {
  const { argv, dropped } = choose({});
  assert.match(argv.join(' '), /-c:a:0 aac -b:a:0 384k -c:s:0 mov_text -c:s:1 mov_text -dn$/);
  assert.ok(dropped.includes('stream 4, subtitle (hdmv_pgs_subtitle): mp4 cannot hold it'));
  assert.ok(!dropped.some((line) => line.includes('tmcd')));
});

test('webm takes text as WebVTT', () => {
  assert.match(choose({ codec: 'vp9' }).argv.join(' '), /-c:s:0 webvtt -c:s:1 webvtt/);
});

test('sound that is not wanted is named as dropped', () => {
  const { argv, dropped } = choose({ audio_codec: 'none' });
  assert.ok(!argv.join(' ').includes('0:1'));
  assert.ok(dropped.includes('stream 1, audio (eac3): the job asks for no audio'));
});

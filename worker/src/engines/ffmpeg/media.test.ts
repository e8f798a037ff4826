import assert from 'node:assert/strict';
import { test } from 'node:test';
import { displayedSize, parseMedia, pictureOf } from './media.ts';

const report = {
  streams: [
    {
      index: 0,
      codec_name: 'mjpeg',
      codec_type: 'video',
      width: 600,
      height: 600,
      avg_frame_rate: '0/0',
      r_frame_rate: '90000/1',
      disposition: { attached_pic: 1 },
    },
    {
      index: 1,
      codec_name: 'hevc',
      codec_type: 'video',
      width: 1920,
      height: 1080,
      pix_fmt: 'yuv420p10le',
      avg_frame_rate: '51600/1841',
      r_frame_rate: '30000/1001',
      nb_frames: '86',
      duration: '2.548333',
      disposition: { attached_pic: 0 },
      tags: { language: 'und' },
      side_data_list: [{ side_data_type: 'DOVI configuration record' }, { rotation: -90 }],
    },
    { index: 2, codec_name: 'aac', codec_type: 'audio', channels: 2, sample_rate: '44100', tags: { language: 'eng' } },
    { index: 3, codec_type: 'data', codec_tag_string: 'mebx' },
    { index: 4, codec_type: 'attachment', codec_name: 'ttf' },
  ],
  format: { format_name: 'mov,mp4', duration: '2.548333', size: '3277732' },
};

test('a report of ffprobe becomes facts, and what it does not say is absent', () => {
  const media = parseMedia(report);
  assert.deepEqual(media.streams[1], {
    index: 1,
    type: 'video',
    codec: 'hevc',
    attached_pic: false,
    width: 1920,
    height: 1080,
    fps: 51600 / 1841,
    pix_fmt: 'yuv420p10le',
    frames: 86,
    duration_s: 2.548333,
    rotation: -90,
  });
  assert.deepEqual(media.streams[2], {
    ...{ index: 2, type: 'audio', codec: 'aac', attached_pic: false },
    ...{ language: 'eng', channels: 2, sample_rate: 44100 },
  });
  assert.equal(media.streams[3]?.codec, 'mebx');
  assert.deepEqual([media.container, media.duration_s, media.bytes], ['mov,mp4', 2.548333, 3277732]);
});

test('the picture is the first video stream that is no cover, and a quarter turn swaps its sides', () => {
  const picture = pictureOf(parseMedia(report));
  assert.equal(picture?.index, 1);
  assert.deepEqual(picture && displayedSize(picture), { width: 1080, height: 1920 });
});

test('a rate of 0/0 falls back to the finest rate of the file', () => {
  assert.equal(parseMedia(report).streams[0]?.fps, 90000);
});

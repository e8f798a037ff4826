import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveEncode } from '@ffrtmp/shared/job/resolve';
import { commonArguments, transcodeCommand } from './command.ts';
import type { Media, MediaStream } from './media.ts';

const picture: MediaStream = {
  ...{ index: 0, type: 'video', codec: 'h264', attached_pic: false, width: 1920, height: 1080 },
  ...{ fps: 25, frames: 250, duration_s: 10, pix_fmt: 'yuv420p' },
};
const sound: MediaStream = { index: 1, type: 'audio', codec: 'aac', attached_pic: false, channels: 2 };
const film: Media = { container: 'mov,mp4', duration_s: 10, bytes: 1000, streams: [picture, sound] };

/** Recorded with ffprobe from nasa_2video_2audio_subs_16s.mp4. */
const nasa: Media = {
  container: 'mov,mp4,m4a,3gp,3g2,mj2',
  duration_s: 16.57,
  bytes: 672981,
  streams: [
    {
      ...{ index: 0, type: 'video', codec: 'h264', attached_pic: false, width: 320, height: 180, fps: 25 },
      ...{ pix_fmt: 'yuv420p', frames: 325, duration_s: 13, language: 'eng' },
    },
    { index: 1, type: 'audio', codec: 'aac', attached_pic: false, channels: 2, sample_rate: 8000, language: 'eng' },
    { index: 2, type: 'subtitle', codec: 'mov_text', attached_pic: false, language: 'eng' },
    {
      ...{ index: 3, type: 'video', codec: 'h264', attached_pic: false, width: 480, height: 270 },
      ...{ fps: 30000 / 1001, pix_fmt: 'yuv420p', frames: 390, duration_s: 13.013, language: 'eng' },
    },
    { index: 4, type: 'audio', codec: 'aac', attached_pic: false, channels: 2, sample_rate: 16000, language: 'eng' },
    { index: 5, type: 'subtitle', codec: 'mov_text', attached_pic: false, language: 'eng' },
  ],
};

function command(scenario: string, parameters: Record<string, unknown> = {}, media = film) {
  const { encode } = resolveEncode({ scenario, parameters, hasInput: true });
  const made = transcodeCommand({ encode, media, input: '/in/a.mp4', output: '/out/b', threads: 4 });
  assert.deepEqual(made.argv.slice(0, commonArguments.length), commonArguments);
  return { ...made, words: made.argv.slice(commonArguments.length).join(' ') };
}

const input = '-filter_threads 4 -threads 4 -protocol_whitelist file -i file:/in/a.mp4';
const aac = '-map 0:0 -map 0:1 -c:a:0 aac -b:a:0 128k -dn -map_metadata 0 -map_chapters 0';
const opus =
  '-map 0:0 -map 0:1 -c:a:0 libopus -b:a:0 128k -filter:a:0 aformat=channel_layouts=mono|stereo|3.0|quad|5.0|5.1|6.1|7.1 -dn -map_metadata 0 -map_chapters 0';
const asIs = '-fps_mode passthrough -enc_time_base:v -1';
const mp4 = '-abort_on empty_output -movflags +faststart -f mp4 file:/out/b';
const hevc = '-abort_on empty_output -tag:v hvc1 -movflags +faststart -f mp4 file:/out/b';
const webm = '-abort_on empty_output -f webm file:/out/b';

const golden: [string, string, Record<string, unknown>, string][] = [
  [
    'the default is x264 at CRF 23',
    '',
    {},
    `${input} ${aac} ${asIs} -c:v libx264 -preset medium -crf 23 -threads 4 ${mp4}`,
  ],
  [
    'size and rate of a scenario become filters',
    '1080p30-h264',
    {},
    `${input} ${aac} -vf fps=30,scale=-2:1080:flags=bicubic -fps_mode passthrough -c:v libx264 -preset medium -crf 23 -threads 4 ${mp4}`,
  ],
  [
    'a bitrate alone is a target with a peak and a buffer',
    '',
    { bitrate: '4M' },
    `${input} ${aac} ${asIs} -c:v libx264 -preset medium -b:v 4000k -maxrate 6000k -bufsize 8000k -threads 4 ${mp4}`,
  ],
  [
    'a bitrate beside a CRF is its ceiling',
    '',
    { crf: 20, bitrate: '4M' },
    `${input} ${aac} ${asIs} -c:v libx264 -preset medium -crf 20 -maxrate 4000k -bufsize 8000k -threads 4 ${mp4}`,
  ],
  [
    'x265 gets its pool limited and the tag that Apple plays',
    'h265-fast',
    { gop_s: 2 },
    `${input} ${aac} ${asIs} -c:v libx265 -preset fast -crf 28 -threads 4 -x265-params pools=4 -g 50 ${hevc}`,
  ],
  [
    'SVT-AV1 gets its processors limited',
    'av1-preset10',
    {},
    `${input} ${aac} ${asIs} -c:v libsvtav1 -preset 10 -crf 35 -threads 4 -svtav1-params lp=4 ${mp4}`,
  ],
  [
    'VP9 goes into webm with Opus',
    'vp9',
    { preset: 4 },
    `${input} ${opus} ${asIs} -c:v libvpx-vp9 -deadline good -cpu-used 4 -crf 31 -b:v 0 -threads 4 -row-mt 1 ${webm}`,
  ],
  [
    'VP8 needs a ceiling to obey its CRF',
    'vp8',
    {},
    `${input} ${opus} ${asIs} -c:v libvpx -deadline good -crf 10 -b:v 50000k -threads 4 ${webm}`,
  ],
  [
    'NVENC takes constant quality and a format it surely knows',
    'h264-nvenc-p4',
    {},
    `${input} ${aac} ${asIs} -c:v h264_nvenc -preset p4 -rc vbr -cq 23 -b:v 0 -threads 4 -pix_fmt yuv420p ${mp4}`,
  ],
  [
    'VAAPI opens its device and uploads the frames after scaling',
    '720p-h265-vaapi',
    {},
    `-vaapi_device /dev/dri/renderD128 ${input} ${aac} -vf scale=-2:720:flags=bicubic,format=nv12,hwupload ${asIs} -c:v hevc_vaapi -rc_mode CQP -qp 28 -threads 4 ${hevc}`,
  ],
  [
    'QSV opens its device too',
    'h264-qsv-crf24',
    {},
    `-init_hw_device qsv=hw -filter_hw_device hw ${input} ${aac} -vf format=nv12,hwupload=extra_hw_frames=16 ${asIs} -c:v h264_qsv -global_quality 24 -threads 4 ${mp4}`,
  ],
  [
    'a cut limits the input and the output',
    '',
    { start: '00:00:01.5', duration: 3, audio_codec: 'none' },
    `-filter_threads 4 -threads 4 -protocol_whitelist file -ss 1.5 -t 3 -i file:/in/a.mp4 -map 0:0 -dn -map_metadata 0 -map_chapters 0 -t 3 ${asIs} -c:v libx264 -preset medium -crf 23 -threads 4 ${mp4}`,
  ],
];

for (const [name, scenario, parameters, words] of golden)
  test(name, () => assert.equal(command(scenario, parameters).words, words));

test('of the nasa clip the first picture, both sounds and both subtitles go into mp4', () => {
  const { words, dropped, expected } = command('', {}, nasa);
  const maps = '-map 0:0 -map 0:1 -map 0:2 -map 0:4 -map 0:5';
  const codecs = '-c:a:0 aac -b:a:0 128k -c:s:0 mov_text -c:a:1 aac -b:a:1 128k -c:s:1 mov_text -dn';
  assert.ok(words.includes(`${maps} ${codecs}`), words);
  assert.deepEqual(dropped, ['stream 3, video (h264, eng): only the first picture is encoded']);
  assert.deepEqual(expected, { duration_s: 13, frames: 325 });
});

test('what is expected follows the cut and the wanted rate', () => {
  assert.deepEqual(command('', { start: 9, duration: 3 }).expected, { duration_s: 1, frames: 25 });
  assert.deepEqual(command('', { fps: 50 }).expected, { duration_s: 10, frames: 500 });
  const endless = { ...film, duration_s: null, streams: [{ ...picture, duration_s: undefined, frames: undefined }] };
  assert.deepEqual(command('', {}, endless).expected, { duration_s: null, frames: null });
});

test('one given side derives the other, and odd sources are made even', () => {
  assert.match(command('', { height: 480 }).words, /-vf scale=-2:480:flags=bicubic /);
  const odd = { ...film, streams: [{ ...picture, width: 853, height: 479 }] };
  assert.match(command('', {}, odd).words, /-vf scale=854:480:flags=bicubic /);
  const turned = { ...film, streams: [{ ...picture, width: 853, height: 480, rotation: 90 }] };
  assert.match(command('', {}, turned).words, /-vf scale=480:854:flags=bicubic /);
});

test('without a known rate keyframes are forced by time', () => {
  const varying = { ...film, streams: [{ ...picture, fps: undefined }] };
  assert.match(command('', { gop_s: 2 }, varying).words, /-force_key_frames expr:gte\(t,n_forced\*2\)/);
});

test('a wanted pixel format is passed on, and ten bits reach hardware as p010', () => {
  assert.match(command('', { pix_fmt: 'yuv420p10le' }).words, / -pix_fmt yuv420p10le /);
  const deep = { ...film, streams: [{ ...picture, pix_fmt: 'yuv420p10le' }] };
  assert.match(command('h265-vaapi', {}, deep).words, /-vf format=p010le,hwupload /);
  assert.match(command('h265-nvenc', {}, deep).words, / -pix_fmt p010le /);
  assert.match(command('h264-nvenc', {}, deep).words, / -pix_fmt yuv420p /);
});

test('a relative path is a mistake of the caller, and a strange one no option', () => {
  const { encode } = resolveEncode({ scenario: '', parameters: {}, hasInput: true });
  const request = { encode, media: film, input: '/in/a.mp4', output: 'b.mp4', threads: 1 };
  assert.throws(() => transcodeCommand(request), /must be absolute/);
  assert.ok(transcodeCommand({ ...request, output: '/out/-y:x.mp4' }).argv.includes('file:/out/-y:x.mp4'));
});

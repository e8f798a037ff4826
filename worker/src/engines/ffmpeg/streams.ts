import type { Encode } from '@ffrtmp/shared/media/encoding';
import { type Media, type MediaStream, pictureOf } from './media.ts';

export interface StreamChoice {
  argv: string[];
  /** One sentence for each input stream that the output does not hold. */
  dropped: string[];
}

type Container = Encode['container'];

const textSubtitles = new Set(
  'subrip srt ass ssa webvtt mov_text text eia_608 microdvd subviewer subviewer1 sami realtext jacosub mpl2 stl'.split(
    ' ',
  ),
);
/** What Matroska stores as it is; other text becomes SubRip. */
const matroskaSubtitles = new Set('subrip srt ass ssa webvtt hdmv_pgs_subtitle dvd_subtitle dvb_subtitle'.split(' '));

/** The codec argument that lets `container` hold this subtitle, or null where it cannot. */
function subtitleCodec(codec: string, container: Container): string | null {
  if (container === 'mkv' && matroskaSubtitles.has(codec)) return 'copy';
  if (!textSubtitles.has(codec)) return null;
  return { mp4: 'mov_text', mkv: 'srt', webm: 'webvtt' }[container];
}

/** Transparent for stereo AAC-LC and Opus in the common listening tests is 96 to 128 kb/s, so 64 for each channel. */
const AUDIO_KBPS_PER_CHANNEL = 64;
const CHANNELS_PAID_FOR = 6;

/**
 * libopus maps only these layouts (RFC 7845 family 1) and refuses e.g. `5.1(side)`; with the list, ffmpeg picks the
 * nearest one and keeps the number of channels.
 */
const OPUS_LAYOUTS = 'aformat=channel_layouts=mono|stereo|3.0|quad|5.0|5.1|6.1|7.1';

function audioArguments(stream: MediaStream, position: number, encode: Encode): string[] {
  const codec = [`-c:a:${position}`, encode.audio_codec];
  if (encode.audio_codec === 'copy') return codec;
  const kbps = encode.audio_bitrate_kbps ?? AUDIO_KBPS_PER_CHANNEL * Math.min(stream.channels ?? 2, CHANNELS_PAID_FOR);
  const layout = encode.audio_codec === 'libopus' ? [`-filter:a:${position}`, OPUS_LAYOUTS] : [];
  return [...codec, `-b:a:${position}`, `${Math.round(kbps)}k`, ...layout];
}

function describe(stream: MediaStream): string {
  const language = stream.language ? `, ${stream.language}` : '';
  const codec = stream.codec === 'unknown' ? '' : ` (${stream.codec}${language})`;
  return `stream ${stream.index}, ${stream.type}${codec}`;
}

/** Why a stream cannot go into the output, or null when it can. `picture` is the one video stream that is encoded. */
function reasonToDrop(stream: MediaStream, picture: MediaStream | undefined, encode: Encode): string | null {
  if (stream === picture) return null;
  if (stream.type === 'video') return stream.attached_pic ? 'a cover picture' : 'only the first picture is encoded';
  // The mp4 muxer writes a timecode track anew from the tag of the picture.
  if (stream.type === 'data')
    return stream.codec === 'tmcd' && encode.container === 'mp4' ? null : 'data streams are not carried over';
  if (stream.type === 'attachment') return 'attachments are not carried over';
  if (stream.type === 'audio') {
    if (encode.audio_codec === 'none') return 'the job asks for no audio';
    return stream.codec === 'unknown' ? 'its codec is not known' : null;
  }
  return subtitleCodec(stream.codec, encode.container) === null ? `${encode.container} cannot hold it` : null;
}

/** Which input streams go where: the first picture, all audio, all subtitles that the container can hold. Pure. */
export function chooseStreams(media: Media, encode: Encode): StreamChoice {
  const picture = pictureOf(media);
  const maps: string[] = [];
  const codecs: string[] = [];
  const dropped: string[] = [];
  const positions = { audio: 0, subtitle: 0 };
  // The picture comes first in the output wherever it stood in the input.
  if (picture) maps.push('-map', `0:${picture.index}`);
  for (const stream of media.streams) {
    const reason = reasonToDrop(stream, picture, encode);
    if (reason !== null) dropped.push(`${describe(stream)}: ${reason}`.slice(0, 200));
    if (reason !== null || (stream.type !== 'audio' && stream.type !== 'subtitle')) continue;
    maps.push('-map', `0:${stream.index}`);
    if (stream.type === 'audio') codecs.push(...audioArguments(stream, positions.audio++, encode));
    else codecs.push(`-c:s:${positions.subtitle++}`, subtitleCodec(stream.codec, encode.container) ?? 'copy');
  }
  return { argv: [...maps, ...codecs, '-dn'], dropped };
}

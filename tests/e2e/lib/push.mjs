// SPDX-License-Identifier: Apache-2.0
//
// Publishers: ffmpeg, GStreamer's two RTMP sinks, and our own pusher (tests/tools/pusher.c) for
// what they cannot do: Enhanced RTMP and odd timestamps.

import { dirname, join, resolve } from 'node:path';

import { Background } from './process.mjs';
import { PHIEN } from './server.mjs';

// Programs of tests/tools and tests/bench.
export const tool = (name) => resolve(dirname(process.env.PHIEN_PUSHER ?? PHIEN), name);

export const PUSHER = resolve(process.env.PHIEN_PUSHER ?? join(dirname(PHIEN), 'pusher'));

// Publishes a file in real time: once, or again and again. At its end ffmpeg closes with replies
// unread, which resets the connection: without tcp_nodelay the last frames may then still wait to
// be sent, and are lost on ffmpeg's side.
export function pushWithFfmpeg(t, url, input, { loop = false, options = [] } = {}) {
  return new Background(t, 'ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'warning', '-re',
    ...(loop ? ['-stream_loop', '-1'] : []), '-i', input, '-c', 'copy', '-f', 'flv',
    '-flvflags', 'no_duration_filesize', '-tcp_nodelay', '1', ...options, url]);
}

// With rtmp2sink, GStreamer's own client, or rtmpsink, which is librtmp.
export function pushWithGstreamer(t, url, input, { sink = 'rtmp2sink' } = {}) {
  return new Background(t, 'gst-launch-1.0', ['-q', 'filesrc', `location=${input}`, '!', 'qtdemux',
    'name=d', 'flvmux', 'name=m', 'streamable=true', '!', sink, `location=${url}`,
    'd.video_0', '!', 'queue', '!', 'h264parse', '!', 'identity', 'sync=true', '!', 'm.video',
    'd.audio_0', '!', 'queue', '!', 'aacparse', '!', 'm.audio']);
}

export function pushWithPusher(t, url, input, options = []) {
  return new Background(t, PUSHER, ['--url', url, '--input', input, ...options]);
}

// SPDX-License-Identifier: Apache-2.0
//
// Publishing programs that people have, with the key in each place where it may stand; and what
// they publish, read back by ffmpeg from each playlist.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { waitForPlaylist } from './lib/hls.mjs';
import { run } from './lib/process.mjs';
import { pushWithFfmpeg, pushWithGstreamer } from './lib/push.mjs';
import { Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';

const gstreamer = (sink) => (t, url, input) => pushWithGstreamer(t, url, input, { sink });
const ffmpegLooping = (t, url, input) => pushWithFfmpeg(t, url, input, { loop: true });

const CHANNEL = 'cho';

// [what, how to publish, the URL's end, ffmpeg's options]; KEY stands for the channel's key. As
// application and play path go the two fields, address and stream key, that many programs have.
const FORMS = [
  ['ffmpeg, NAME?key=KEY', pushWithFfmpeg, '/live/cho?key=KEY'],
  ['ffmpeg, KEY alone', pushWithFfmpeg, '/live/KEY'],
  ['ffmpeg, NAME/KEY', pushWithFfmpeg, '/live/cho/KEY'],
  ['ffmpeg, two fields', pushWithFfmpeg, '/live',
    ['-rtmp_app', 'live', '-rtmp_playpath', 'cho?key=KEY']],
  ['ffmpeg, the key in the address', pushWithFfmpeg, '/live',
    ['-rtmp_app', 'live?key=KEY', '-rtmp_playpath', 'cho']],
  ['ffmpeg, doubled slashes', pushWithFfmpeg, '//live//cho?key=KEY'],
  ['ffmpeg, other parameters', pushWithFfmpeg, '/live/cho?a=b&key=KEY&c=d'],
  ['rtmp2sink, NAME?key=KEY', gstreamer('rtmp2sink'), '/live/cho?key=KEY'],
  ['rtmp2sink, KEY alone', gstreamer('rtmp2sink'), '/live/KEY'],
  ['rtmpsink, NAME?key=KEY', gstreamer('rtmpsink'), '/live/cho?key=KEY'],
  ['rtmpsink, KEY alone', gstreamer('rtmpsink'), '/live/KEY'],
  ['rtmpsink, two fields', gstreamer('rtmpsink'), '/live playpath=cho?key=KEY'],
];

async function publish(t, server, input, push, end, options = []) {
  const fill = (text) => text.replace('KEY', server.key(CHANNEL));
  const from = server.log.length;
  const publisher = push(t, server.rtmpUrl + fill(end), input, { options: options.map(fill) });
  const { video, audio, width } = await server.waitOnAir(CHANNEL, { from });
  assert.deepEqual([video, audio, Number(width)], ['h264', 'aac', 426]);
  await publisher.stop();
  const stop = await server.waitPublishStop(CHANNEL, { from });
  assert.equal(Number(stop.jumps), 0);
}

test('publishers, and where the key may stand', async (t) => {
  const server = await Server.start(t);
  const input = await source('plain');
  for (const [what, push, end, options] of FORMS) {
    await t.test(what, (subtest) => publish(subtest, server, input, push, end, options));
  }
});

const decode = (url, options = []) => run('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel',
  'error', '-xerror', ...options, '-i', url, '-map', '0:v:0', '-map', '0:a:0', '-t', '3',
  '-f', 'framecrc', '-']);

async function readBack(server, path) {
  const url = server.live(CHANNEL, path);
  const { stdout: probed } = await run('ffprobe', ['-loglevel', 'error', '-of', 'json',
    '-show_streams', url]);
  const { streams } = JSON.parse(probed);
  const video = streams.find(({ codec_type: type }) => type === 'video');
  const audio = streams.find(({ codec_type: type }) => type === 'audio');
  assert.deepEqual([video.codec_name, video.width, video.height], ['h264', 426, 240], path);
  assert.deepEqual([audio.codec_name, audio.sample_rate, audio.channels], ['aac', '48000', 2]);
  const { stdout, stderr } = await decode(url);
  assert.equal(stderr, '', path);
  const frames = stdout.split('\n').filter((line) => /^0,/.test(line));
  const count = frames.length;
  // 25 a second; the three seconds begin with the sound, which may come before the picture.
  assert.ok(count >= 60 && count <= 80, `${path}: ${count} pictures in 3 s`);
}

const READABLE = ['index.m3u8', 'plain/index.m3u8', 'ts/index.m3u8'];

const PROGRAMS = [['ffmpeg', ffmpegLooping], ['rtmp2sink', gstreamer('rtmp2sink')],
  ['rtmpsink', gstreamer('rtmpsink')]];

for (const [what, push] of PROGRAMS) {
  test(`what ${what} publishes is read back by ffmpeg`, async (t) => {
    const server = await Server.start(t, { hls: { segment_ms: 1000 } });
    const input = await source('gop2');
    // Old players' playlist is made from the moment when somebody asks for it.
    const first = waitForPlaylist(server.live(CHANNEL, 'ts/index.m3u8'));
    push(t, server.publishUrl(CHANNEL), input);
    await first;
    await Promise.all(READABLE.map((path) => readBack(server, path)));
  });
}

// SPDX-License-Identifier: Apache-2.0
//
// MPEG-TS over SRT, from the programs that people have: each access unit goes through unchanged
// and in its time, in each codec; in each dialect of stream ids; and a viewer's playlist goes on
// when a publisher changes from the one protocol to the other.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  assertOnGrid, assertSameSync, assertSameUnits, collectFragments, collectTs, hashEssence,
} from './lib/compare.mjs';
import { checkTogether } from './lib/conformance.mjs';
import { LowLatencyViewer, PlainViewer } from './lib/hls.mjs';
import { request } from './lib/http.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { AS_SENT, Server } from './lib/server.mjs';
import { readAccessUnits, readPictures, source } from './lib/source.mjs';
import {
  pushSrtWithFfmpeg, pushSrtWithGstreamer, pushWithSrtTransmit, relayWithSrtTransmit, SrtPusher,
  tsSource,
} from './lib/srt.mjs';

// Audio that lies before the first picture has no place in a stream that begins with it.
const AUDIO_BEFORE_VIDEO = 3;

const PASSPHRASE = 'ten-or-more-characters';

const ffmpeg = (format, options) => (t, server, channel, input) =>
  pushSrtWithFfmpeg(t, server.srtUrl(format(channel, server.key(channel)), options), input);

const stdin = (t, server, channel, input) =>
  pushWithSrtTransmit(t, server.srtUrl(server.key(channel)), input);

const relayed = (t, server, channel, input) => relayWithSrtTransmit(t,
  `${server.srtUrl(server.key(channel))}&packetfilter=fec,cols:10,rows:5`, input);

const gstreamer = (t, server, channel, input) =>
  pushSrtWithGstreamer(t, server, `publish:${channel}:${server.key(channel)}`, input);

const ownPusher = async (t, server, channel, input) => new SrtPusher(t, server.srtPort,
  server.key(channel), ['--input', input.replace(/\.mp4$/, '.ts')]);

// Units that the program itself loses: ffmpeg closes without waiting for what it sent last, which
// is a PES packet of audio as a rule; others are stopped when their input is over.
const FFMPEG_LOSES = { video: 1, audio: 18 };
const STOPPED_LOSES = { video: 25, audio: 50 };

// [what, source, how it is pushed]. codec: what MPEG-TS for viewers is compared with.
const CASES = [
  { what: 'H.264 with B-frames and AAC, to the last frame', name: 'bframes', codec: 'h264',
    push: ownPusher },
  { what: 'H.264 with B-frames and AAC, by ffmpeg', name: 'bframes', codec: 'h264',
    loses: FFMPEG_LOSES, push: ffmpeg((name, key) => `#!::r=live/${name},m=publish,s=${key}`) },
  { what: 'odd rates, by ffmpeg', name: 'odd', codec: 'h264', sampleRate: 44100,
    loses: FFMPEG_LOSES, push: ffmpeg((name, key) => `publish:${name}:${key}`) },
  { what: 'HEVC and AAC, by ffmpeg', name: 'hevc', codec: 'hevc',
    loses: FFMPEG_LOSES, push: ffmpeg((name, key) => `live/${name}?key=${key}`) },
  { what: 'H.264 and Opus, by ffmpeg', name: 'opus', samples: 960,
    loses: FFMPEG_LOSES, push: ffmpeg((name, key) => key) },
  { what: 'audio alone, by ffmpeg', name: 'radio',
    loses: FFMPEG_LOSES, push: ffmpeg((name, key) => `#!::u=${key},r=${name},m=publish`) },
  { what: 'encrypted, by ffmpeg', name: 'plain', passphrase: PASSPHRASE,
    loses: FFMPEG_LOSES,
    push: ffmpeg((name, key) => key, { passphrase: PASSPHRASE, pbkeylen: 32 }) },
  { what: 'by srt-live-transmit from a pipe', name: 'plain', push: stdin, loses: STOPPED_LOSES },
  { what: 'by srt-live-transmit from UDP, with FEC', name: 'plain', push: relayed,
    loses: STOPPED_LOSES },
  { what: "by GStreamer's srtsink", name: 'plain', push: gstreamer, loses: STOPPED_LOSES },
];

const NOTHING = { video: 0, audio: 0 };

async function watchAll(server, channel, push, hasTs) {
  const rules = { reports: hasTs === null ? 1 : 2 };
  const av = new LowLatencyViewer(server, channel, 'av.m3u8', rules);
  const audio = new LowLatencyViewer(server, channel, 'audio.m3u8', rules);
  const ts = new PlainViewer(server, channel, 'ts/index.m3u8');
  // MPEG-TS is made only when somebody wants it.
  await request(ts.url);
  await push();
  const isOver = () => server.findLog({ event: 'publish.stop', channel });
  const viewers = [av, audio, ...(hasTs ? [ts] : [])];
  await Promise.all(viewers.map((viewer) => viewer.watch(isOver)));
  const last = await av.settle();
  await Promise.all(viewers.slice(1).map((viewer) => viewer.settle(last)));
  return { av, audio, ts };
}

function checkFragments(viewer, wanted, { samples = 1024, loses = NOTHING }) {
  for (const from of ['parts', 'segments']) {
    const found = collectFragments(viewer, from, hashEssence);
    if (wanted.video.length > 0) {
      assertSameUnits(`video in ${from}`, wanted.video, found.video, { mayMissAtEnd: loses.video });
      assertSameSync(wanted, found);
    }
    assertSameUnits(`audio in ${from}`, wanted.audio, found.audio,
      { mayMiss: AUDIO_BEFORE_VIDEO, mayMissAtEnd: loses.audio });
    assertOnGrid(`audio in ${from}`, found.audio, samples);
  }
}

function checkTs(viewer, wanted, { sampleRate = 48000, loses = NOTHING }) {
  const found = collectTs(viewer, { sampleRate });
  assertSameUnits('video in MPEG-TS', wanted.video, found.video, { mayMissAtEnd: loses.video });
  assertSameUnits('audio in MPEG-TS', wanted.audio, found.audio,
    { mayMiss: AUDIO_BEFORE_VIDEO, mayMissAtEnd: loses.audio });
}

// The access units of a source, with pictures by what of them must be unchanged.
async function readEssence(input, name) {
  const units = await readAccessUnits(input);
  const pictures = units.video.length > 0
    ? await readPictures(input, name === 'hevc' ? 'hevc' : 'h264') : [];
  return { ...units, video: units.video.map((unit, i) => ({ ...unit, hash: pictures[i] })) };
}

async function checkCase(t, server, channel, one) {
  const input = await source(one.name);
  const wanted = await readEssence(input, one.name);
  const { av, audio, ts } = await watchAll(server, channel,
    () => one.push(t, server, channel, input), Boolean(one.codec));
  checkFragments(av, wanted, one);
  checkFragments(audio, { video: [], audio: wanted.audio }, one);
  if (one.codec) {
    checkTs(ts, wanted, one);
  }
  for (const viewer of [av, audio]) {
    viewer.checkBytes();
  }
  assert.deepEqual([av, audio, ts].flatMap(({ allProblems }) => allProblems), []);
  assert.deepEqual(checkTogether({ av: av.playlist, audio: audio.playlist }), []);
  const stop = await server.waitPublishStop(channel);
  assert.deepEqual([stop.reason, Number(stop.jumps)], ['peer_closed', 0], JSON.stringify(stop));
}

const channel = (i, more) => ({ name: `c${i}`, key: `key-of-c${i}-7f3a`, ...more });

async function checkCodecs(t) {
  const server = await Server.start(t, {
    srt: { latency_ms: 1000 },
    publish: AS_SENT,
    channels: CASES.map(({ passphrase }, i) =>
      channel(i, passphrase ? { srt_passphrase: passphrase } : {})),
  });
  await Promise.all(CASES.map((one, i) =>
    t.test(one.what, (subtest) => checkCase(subtest, server, `c${i}`, one))));
}

// What apps and people make of a name and a key. The grammar has a test of its own; here is what
// comes over the wire.
const DIALECTS = [
  (name, key) => `#!::r=live/${name},m=publish,u=phone,s=${key}`,
  (name, key) => `#!::m=publish,r=${key}`,
  (name, key) => `publish:${name}:${key}`,
  (name, key) => `publish:live/${name}:user:${key}`,
  (name, key) => `publish:${key}`,
  (name, key) => `/live/${name}?key=${key}`,
  (name, key) => `live%2F${name}%3Fkey%3D${key}`,
  (name, key) => `/live/${key}`,
];

async function checkDialects(t) {
  const server = await Server.start(t, {
    srt: { latency_ms: 120 }, channels: DIALECTS.map((_, i) => channel(i)),
  });
  const input = await tsSource('plain');
  await Promise.all(DIALECTS.map(async (format, i) => {
    const pusher = new SrtPusher(t, server.srtPort, format(`c${i}`, server.key(`c${i}`)),
      ['--input', input, '--hold', 2500]);
    const { video, audio } = await server.waitOnAir(`c${i}`);
    assert.deepEqual([video, audio], ['h264', 'aac']);
    await pusher.finish();
  }));
  for (const { key } of server.config.channels) {
    assert.ok(!server.lines.some((line) => line.includes(key)), 'a key is in the log');
  }
}

// From the one protocol to the other and back, at once: the newer session wins.
async function checkTakeovers(t) {
  const server = await Server.start(t, {
    srt: { latency_ms: 200 }, hls: { segment_ms: 1000 }, publish: AS_SENT,
  });
  const input = await source('plain');
  const pushes = [
    () => pushWithFfmpeg(t, server.publishUrl('cho'), input, { loop: true }),
    () => pushSrtWithFfmpeg(t, server.srtUrl(server.key('cho')), input, { loop: true }),
    () => pushWithFfmpeg(t, server.publishUrl('cho'), input, { options: ['-t', '3'] }),
  ];
  const stops = () => server.log.filter(({ event }) => event === 'publish.stop');
  const viewer = new LowLatencyViewer(server, 'cho', 'av.m3u8');
  const audio = new LowLatencyViewer(server, 'cho', 'audio.m3u8');
  const watching = Promise.all([viewer, audio].map((one) =>
    one.watch(() => stops().length >= pushes.length)));
  const parts = () => viewer.known.size;
  for (const [i, push] of pushes.entries()) {
    const before = parts();
    push();
    await server.waitFor(() => stops().length >= i, { what: `the end of publisher ${i}` });
    if (i + 1 < pushes.length) {
      await server.waitFor(() => parts() >= before + 10, { what: 'ten more parts' });
    }
  }
  await watching;
  await server.waitFor(() => stops().length >= pushes.length, { what: 'end of the last one' });
  const last = await viewer.settle();
  await audio.settle(last);
  for (const one of [viewer, audio]) {
    one.checkBytes();
    assert.deepEqual(one.allProblems, []);
    assert.equal(one.finished.filter(({ isDiscontinuity }) => isDiscontinuity).length, 2);
  }
  assert.deepEqual(stops().map(({ reason }) => reason), ['takeover', 'takeover', 'unpublish']);
  assert.deepEqual(server.log.filter(({ event }) => event === 'publish.start')
    .map(({ protocol }) => protocol), ['rtmp', 'srt', 'rtmp']);
}

// Real time goes by in each, and little else: so all at once.
const TESTS = [
  ['access units go through unchanged', checkCodecs],
  ['stream ids in all dialects', checkDialects],
  ['RTMP and SRT on the same channel', checkTakeovers],
];

test('MPEG-TS over SRT', { concurrency: TESTS.length }, async (t) => {
  await tsSource('bframes');
  await Promise.all(TESTS.map(([what, check]) =>
    t.test(what, { concurrency: CASES.length }, check)));
});

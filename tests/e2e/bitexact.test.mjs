// SPDX-License-Identifier: Apache-2.0
//
// What goes in comes out: each access unit of a publisher, from its first key frame on, is found
// bit by bit and in its time in the parts, in the segments, in the rendition without video, and in
// MPEG-TS as far as that can carry it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  assertOnGrid, assertSameUnits, collectFragments, collectTs,
} from './lib/compare.mjs';
import { LowLatencyViewer, PlainViewer } from './lib/hls.mjs';
import { request } from './lib/http.mjs';
import { pushWithFfmpeg, pushWithPusher } from './lib/push.mjs';
import { AS_SENT, Server } from './lib/server.mjs';
import { readAccessUnits, readPictures, source } from './lib/source.mjs';

// Audio that lies before the first picture has no place in a stream that begins with it.
const AUDIO_BEFORE_VIDEO = 3;

const CASES = [
  { name: 'plain', codec: 'h264' },
  { name: 'bframes', codec: 'h264' },
  { name: 'odd', codec: 'h264', sampleRate: 44100 },
  { name: 'bframes', codec: 'h264', options: ['--enhanced', '--terse'] },
  { name: 'hevc', codec: 'hevc', options: [] },
  { name: 'av1', codec: null, options: [] },
  { name: 'opus', codec: null, options: [], samples: 960 },
];

// The three renditions, watched from the first part to the last.
async function watchAll(server, push, hasTs) {
  const av = new LowLatencyViewer(server, 'cho', 'av.m3u8');
  const audio = new LowLatencyViewer(server, 'cho', 'audio.m3u8');
  const ts = new PlainViewer(server, 'cho', 'ts/index.m3u8');
  // MPEG-TS is made only when somebody wants it.
  await request(ts.url);
  push();
  const isOver = () => server.findLog({ event: 'publish.stop', channel: 'cho' });
  await Promise.all([av, audio, ...(hasTs ? [ts] : [])].map((viewer) => viewer.watch(isOver)));
  const last = await av.settle();
  await audio.settle(last);
  if (hasTs) {
    await ts.settle(last);
  }
  return { av, audio, ts };
}

async function checkCase(t, { name, codec, options, sampleRate = 48000, samples = 1024 }) {
  const input = await source(name);
  const wanted = await readAccessUnits(input);
  const server = await Server.start(t, { publish: AS_SENT });
  const url = server.publishUrl('cho');
  const { av, audio, ts } = await watchAll(server, () => (options
    ? pushWithPusher(t, url, input, options) : pushWithFfmpeg(t, url, input)), codec !== null);

  for (const from of ['parts', 'segments']) {
    const { video, audio: sound } = collectFragments(av, from);
    assertSameUnits(`video in ${from}`, wanted.video, video);
    assertSameUnits(`audio in ${from}`, wanted.audio, sound, { mayMiss: AUDIO_BEFORE_VIDEO });
    assertOnGrid(`audio in ${from}`, sound, samples);
    const alone = collectFragments(audio, from);
    assert.equal(alone.video.length, 0);
    assertSameUnits(`audio alone in ${from}`, wanted.audio, alone.audio,
      { mayMiss: AUDIO_BEFORE_VIDEO });
    assertOnGrid(`audio alone in ${from}`, alone.audio, samples);
  }
  if (codec) {
    const pictures = await readPictures(input, codec);
    const found = collectTs(ts, { sampleRate });
    const pictured = wanted.video.map((unit, i) => ({ ...unit, hash: pictures[i] }));
    assertSameUnits('video in MPEG-TS', pictured, found.video);
    assertSameUnits('audio in MPEG-TS', wanted.audio, found.audio,
      { mayMiss: AUDIO_BEFORE_VIDEO });
  }
  for (const viewer of [av, audio]) {
    viewer.checkBytes();
  }
  assert.deepEqual([av, audio, ts].flatMap(({ allProblems }) => allProblems), []);
}

// Real time goes by in each: so several at once.
test('access units go through unchanged', { concurrency: 4 }, async (t) => {
  await Promise.all(CASES.map((one) => {
    const how = one.options ? ['pusher', ...one.options].join(' ') : 'ffmpeg';
    return t.test(`${one.name}, published with ${how}`, (subtest) => checkCase(subtest, one));
  }));
});

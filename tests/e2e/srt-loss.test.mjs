// SPDX-License-Identifier: Apache-2.0
//
// SRT over a bad network (tests/tools/impair.c): what the latency covers, viewers never learn of;
// what it does not cover is reported, and what is then served can be decoded. All at once: one
// server, a channel and a network of its own for each.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import {
  assertInPlace, assertSameSync, assertSameUnits, collectFragments, hashEssence,
} from './lib/compare.mjs';
import { LowLatencyViewer } from './lib/hls.mjs';
import { run } from './lib/process.mjs';
import { AS_SENT, Server } from './lib/server.mjs';
import { readAccessUnits, readPictures, source } from './lib/source.mjs';
import { BadNetwork, pushSrtWithFfmpeg, SrtPusher, tsSource } from './lib/srt.mjs';

const AUDIO_BEFORE_VIDEO = 3;

// ffmpeg leaves at its end without waiting for what is still to be sent again: a round trip and
// the PES packet of audio that came last.
const FFMPEG_LOSES = { mayMissAtEnd: 20 };

// A round trip of 100 ms.
const FAR = ['--delay', 50, '--jitter', 5];

const discontinuities = ({ finished }) => finished.filter((segment) => segment.isDiscontinuity);

async function readEssence(name) {
  const input = await source(name);
  const [units, pictures] = [await readAccessUnits(input), await readPictures(input, 'h264')];
  return { ...units, video: units.video.map((unit, i) => ({ ...unit, hash: pictures[i] })) };
}

function assertAllCame(viewer, wanted, { mayMissAtEnd = 0 } = {}) {
  const found = collectFragments(viewer, 'segments', hashEssence);
  assertSameUnits('video', wanted.video, found.video, { mayMissAtEnd });
  assertSameUnits('audio', wanted.audio, found.audio,
    { mayMiss: AUDIO_BEFORE_VIDEO, mayMissAtEnd: 2 * mayMissAtEnd });
  assertSameSync(wanted, found);
}

const stopOf = (server, channel) => server.findLog({ event: 'publish.stop', channel });

// Watches until the publisher is gone and its last segment is there.
async function watch(server, channel, rules) {
  const viewer = new LowLatencyViewer(server, channel, 'av.m3u8', rules);
  await viewer.watch(() => stopOf(server, channel));
  await viewer.settle();
  return viewer;
}

function assertNothingSeen(viewer) {
  viewer.checkBytes();
  assert.deepEqual(viewer.allProblems, []);
  assert.equal(discontinuities(viewer).length, 0);
}

const label = (name, channel) => `phien_srt_${name}{channel="${channel}"}`;

// Whoever asks while the publisher is there; the figures go with it.
async function metricsOf(server, channel) {
  const metrics = await server.metrics();
  return (name) => metrics.get(label(name, channel));
}

async function checkCovered(t, server, channel) {
  const input = await source('bframes');
  const network = await BadNetwork.start(t, server.srtPort, ['--seed', 5, '--loss', 5, ...FAR,
    '--reorder', 1]);
  pushSrtWithFfmpeg(t, network.through(server.srtUrl(server.key(channel))), input);
  const viewer = await watch(server, channel);
  assertAllCame(viewer, await readEssence('bframes'), FFMPEG_LOSES);
  assertNothingSeen(viewer);
  const { up } = await network.finish();
  t.diagnostic(`${up.dropped} of ${up.forwarded + up.dropped} datagrams were lost`);
  assert.ok(up.dropped > 10 && up.reordered > 0, JSON.stringify(up));
  await server.waitPublishStop(channel);
  const health = server.log.filter((line) => line.event === 'srt.health' &&
    line.channel === channel);
  const { lost, retransmitted, dropped, rtt_ms: rtt } = health.at(-1);
  assert.ok(lost > 0 && retransmitted > 0, JSON.stringify(health.at(-1)));
  assert.equal(dropped, 0, 'packets were given up');
  assert.ok(rtt >= 95 && rtt < 2000, `round trip ${rtt} ms`); // a busy machine adds to it
}

async function checkTooMuch(t, server, channel) {
  const input = await source('bframes');
  const network = await BadNetwork.start(t, server.srtPort, ['--seed', 6, '--loss', 20, ...FAR]);
  pushSrtWithFfmpeg(t, network.through(server.srtUrl(server.key(channel))), input);
  const figures = server.waitForLog(({ event, channel: whose, dropped }) =>
    event === 'srt.link_poor' && whose === channel && dropped > 0)
    .then(() => metricsOf(server, channel));
  const viewer = await watch(server, channel, { isIndependent: false, frameS: 2 });
  const poor = await server.waitForLog({ event: 'srt.link_poor', channel });
  assert.ok(poor.hint.length > 10, JSON.stringify(poor));
  const metric = await figures;
  for (const name of ['received', 'lost', 'retransmitted', 'dropped']) {
    assert.ok(metric(`${name}_packets_total`) > 0, `${name}: ${metric(`${name}_packets_total`)}`);
  }
  // Sound and picture stay together: what is missing leaves a hole.
  assertInPlace(await readEssence('bframes'), collectFragments(viewer, 'segments', hashEssence),
    0.025);
  await checkDecodes(server, viewer);
}

// What was served, in runs of one init segment each: a track whose first packets were lost comes
// later, and then there is another.
function filesOf(viewer) {
  const files = [];
  let last = null;
  for (const { map, uri } of viewer.finished) {
    if (map !== last) {
      files.push([map]);
      last = map;
    }
    files.at(-1).push(uri);
  }
  return files.map((uris) => Buffer.concat(uris.map((uri) => viewer.media.get(uri))));
}

// Whatever was lost: what is served shows no damage.
async function checkDecodes(server, viewer) {
  const path = join(server.directory, 'served.mp4');
  let pictures = 0;
  for (const file of filesOf(viewer)) {
    writeFileSync(path, file);
    const { stderr, stdout } = await run('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel',
      'error', '-i', path, '-f', 'framecrc', '-']);
    assert.equal(stderr, '');
    if (stdout.includes('#media_type 0: video')) {
      pictures += stdout.split('\n').filter((line) => /^0,/.test(line)).length;
    }
  }
  assert.ok(pictures > 10, `${pictures} pictures were served`);
}

// The picture stands still nowhere, since the latency is longer.
async function checkShortBlackout(t, server, channel) {
  const input = await source('bframes');
  const network = await BadNetwork.start(t, server.srtPort, ['--seed', 7, ...FAR]);
  pushSrtWithFfmpeg(t, network.through(server.srtUrl(server.key(channel))), input);
  const watching = watch(server, channel);
  await server.waitOnAir(channel);
  network.command('blackout 2000');
  const viewer = await watching;
  assertAllCame(viewer, await readEssence('bframes'), FFMPEG_LOSES);
  assertNothingSeen(viewer);
  assert.equal(viewer.timeouts, 0, 'a reload was held in vain');
  const { up } = await network.finish();
  assert.ok(up.dropped > 50, JSON.stringify(up));
}

// The phone is out of reach, and comes back with a new connection and the clock at zero.
async function checkLongBlackout(t, server, channel) {
  const network = await BadNetwork.start(t, server.srtPort, ['--seed', 8, ...FAR]);
  const first = pushSrtWithFfmpeg(t, network.through(server.srtUrl(server.key(channel))),
    await source('long'));
  await server.waitOnAir(channel);
  const viewer = new LowLatencyViewer(server, channel, 'av.m3u8');
  const stops = () => server.log.filter((line) => line.event === 'publish.stop' &&
    line.channel === channel);
  const watching = viewer.watch(() => stops().length === 2);
  network.command('blackout 6000');
  const stop = await server.waitPublishStop(channel);
  assert.equal(stop.reason, 'timeout_link', JSON.stringify(stop));
  assert.equal((await first.exited).code === 0, false, 'ffmpeg did not notice');
  new SrtPusher(t, server.srtPort, server.key(channel),
    ['--input', await tsSource('bframes'), '--hold', 3900]);
  await watching;
  await viewer.settle();
  assert.equal(discontinuities(viewer).length, 1);
  viewer.checkBytes();
  assert.deepEqual(viewer.allProblems, []);
  const since = viewer.finished.findIndex((segment) => segment.isDiscontinuity);
  const found = collectFragments({ finished: viewer.finished.slice(since), media: viewer.media },
    'segments', hashEssence);
  const wanted = await readEssence('bframes');
  // It leaves in the middle of a picture, which nobody gets to see.
  assertSameUnits('video', wanted.video.slice(0, found.video.length), found.video);
  assert.ok(found.video.length > 80, `${found.video.length} pictures came`);
}

const CASES = [
  ['5 % lost: all of it arrives', checkCovered, 2000],
  ['20 % lost: reported, and what is served decodes', checkTooMuch, 300],
  ['2 s without a network: nobody notices', checkShortBlackout, 4000],
  ['6 s without a network: the session ends, and the next is on air at once', checkLongBlackout,
    500],
];

test('SRT over a bad network', { concurrency: CASES.length }, async (t) => {
  await Promise.all([source('bframes'), source('long'), tsSource('bframes')]);
  const server = await Server.start(t, {
    srt: {},
    publish: AS_SENT,
    channels: CASES.map(([, , latency], i) =>
      ({ name: `c${i}`, key: `key-of-c${i}-7f3a`, srt_latency_ms: latency })),
  });
  await Promise.all(CASES.map(([what, check], i) =>
    t.test(what, (subtest) => check(subtest, server, `c${i}`))));
});

// SPDX-License-Identifier: Apache-2.0
//
// What publishers do to time and tracks: counters that wrap, tracks that come late or not at all,
// a phone that is turned, a line that breaks. The playlist must stay one that players can follow,
// and no access unit may be lost to any of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertSameUnits, collectFragments } from './lib/compare.mjs';
import { checkTogether } from './lib/conformance.mjs';
import { LowLatencyViewer } from './lib/hls.mjs';
import { parseInit } from './lib/mp4.mjs';
import { pushWithFfmpeg, pushWithPusher } from './lib/push.mjs';
import { AS_SENT, Server } from './lib/server.mjs';
import { readAccessUnits, source } from './lib/source.mjs';

// Audio that lies before the first picture has no place in a stream that begins with it.
const AUDIO_BEFORE_VIDEO = 3;

const stops = (server) => server.log.filter(({ event }) => event === 'publish.stop');

// Watches until so many publishers are gone, and checks all that viewers can.
async function watchUntilStopped(server, renditions, { publishers = 1, rules = {} } = {}) {
  const viewers = renditions.map((name) =>
    new LowLatencyViewer(server, 'cho', `${name}.m3u8`, rules));
  await Promise.all(viewers.map((viewer) =>
    viewer.watch(() => stops(server).length >= publishers)));
  // Of the end viewers may hear before the log does.
  await server.waitFor(() => stops(server).length >= publishers, { what: 'end of publishers' });
  const last = await viewers[0].settle();
  for (const viewer of viewers) {
    await viewer.settle(last);
    viewer.checkBytes();
  }
  assert.deepEqual(viewers.flatMap(({ allProblems }) => allProblems), []);
  assert.deepEqual(checkTogether(Object.fromEntries(
    viewers.map(({ playlist }, i) => [renditions[i], playlist]))), []);
  return viewers;
}

const discontinuities = (viewer) => viewer.finished.filter((segment) => segment.isDiscontinuity);

// The segments from each discontinuity to the next.
function runsOf(viewer) {
  const runs = [[]];
  for (const segment of viewer.finished) {
    if (segment.isDiscontinuity) {
      runs.push([]);
    }
    runs.at(-1).push(segment);
  }
  return runs;
}

// The access units of some of a viewer's segments.
const collectRun = (viewer, segments) =>
  collectFragments({ finished: segments, media: viewer.media }, 'parts');

const tracksOf = (viewer, [{ map }]) => parseInit(viewer.media.get(map)).tracks;

// Timestamps near the borders of 24, 31 and 32 bits: nothing may be seen of it.
async function checkTimestamps(t, { start, options = [] }) {
  const input = await source('bframes');
  const wanted = await readAccessUnits(input);
  const server = await Server.start(t, { publish: AS_SENT });
  pushWithPusher(t, server.publishUrl('cho'), input,
    ['--start-timestamp', String(start), '--chunk-size', '128', ...options]);
  const [viewer] = await watchUntilStopped(server, ['av']);
  assert.equal(discontinuities(viewer).length, 0);
  const { video, audio } = collectFragments(viewer, 'segments');
  assertSameUnits('video', wanted.video, video);
  assertSameUnits('audio', wanted.audio, audio, { mayMiss: AUDIO_BEFORE_VIDEO });
  assert.equal(stops(server)[0].jumps, 0);
}

async function checkLateAudio(t) {
  const input = await source('plain');
  const wanted = await readAccessUnits(input);
  const server = await Server.start(t, { publish: AS_SENT });
  pushWithPusher(t, server.publishUrl('cho'), input, ['--audio-from', '4500']);
  const [viewer] = await watchUntilStopped(server, ['av'], { rules: { reports: null } });
  const runs = runsOf(viewer);
  assert.deepEqual(runs.map((run) => tracksOf(viewer, run).map(({ kind }) => kind)),
    [['video'], ['video', 'audio']]);
  assertSameUnits('video', wanted.video, collectFragments(viewer, 'parts').video);
  const { audio } = collectRun(viewer, runs[1]);
  // It joins with a key frame, one of which comes each second.
  assertSameUnits('audio', wanted.audio.slice(-audio.length), audio);
  assert.ok(audio.length > 4 * 48000 / 1024, `${audio.length} frames of audio`);
}

async function checkRotation(t) {
  const inputs = await Promise.all(['plain', 'portrait'].map(source));
  const wanted = await Promise.all(inputs.map(readAccessUnits));
  const server = await Server.start(t, { publish: AS_SENT });
  pushWithPusher(t, server.publishUrl('cho'), inputs[0], ['--input', inputs[1]]);
  const [av, audio] = await watchUntilStopped(server, ['av', 'audio']);
  const runs = runsOf(av);
  assert.deepEqual(runs.map((run) => {
    const { width, height } = tracksOf(av, run).find(({ kind }) => kind === 'video');
    return `${width}x${height}`;
  }), ['426x240', '240x426']);
  assert.equal(discontinuities(audio).length, 1);
  runs.forEach((run, i) => {
    assertSameUnits(`video ${i}`, wanted[i].video, collectRun(av, run).video);
  });
  const { msn } = discontinuities(av)[0];
  const gap = (runs[1][0].pdt - runs[0].at(-1).pdt) / 1000 - runs[0].at(-1).duration;
  assert.ok(Math.abs(gap) < 0.1, `${gap} s between the last date before ${msn} and the next`);
}

// What is missing is missing from the first segment on, and nobody waits for it for ever.
async function checkOneTrack(t, { name, kind }) {
  const input = await source(name);
  const wanted = await readAccessUnits(input);
  const server = await Server.start(t, { publish: AS_SENT });
  pushWithPusher(t, server.publishUrl('cho'), input);
  const [viewer] = await watchUntilStopped(server, ['av'],
    { rules: { reports: kind === 'audio' ? 2 : 1 } });
  assert.deepEqual(tracksOf(viewer, viewer.finished).map((track) => track.kind), [kind]);
  assertSameUnits(kind, wanted[kind], collectFragments(viewer, 'parts')[kind]);
}

// The phone loses its network, and comes back with a new connection and the clock at zero.
async function checkReturn(t) {
  const input = await source('plain');
  const server = await Server.start(t, { hls: { segment_ms: 1000 }, publish: AS_SENT });
  const publish = () => pushWithFfmpeg(t, server.publishUrl('cho'), input);
  const first = publish();
  const watching = watchUntilStopped(server, ['av', 'audio'], { publishers: 2 });
  await server.waitOnAir('cho');
  await server.waitFor(() => server.findLog(({ path }) => /av-.*-p2\d\.m4s/.test(path)),
    { what: 'part 20' });
  await first.kill();
  await server.waitPublishStop('cho');
  publish();
  const [av, audio] = await watching;
  assert.equal(discontinuities(av).length, 1);
  assert.equal(discontinuities(audio).length, 1);
  const [before, after] = runsOf(av);
  const away = (after[0].pdt - before.at(-1).pdt) / 1000 - before.at(-1).duration;
  assert.ok(away > -0.1 && away < 10, `${away} s lie between the two publishers`);
  const wanted = await readAccessUnits(input);
  assertSameUnits('video after', wanted.video, collectRun(av, after).video);
}

// A newer session with the same key wins at once, before the old one has gone.
async function checkTakeover(t) {
  const input = await source('plain');
  const server = await Server.start(t, { hls: { segment_ms: 1000 }, publish: AS_SENT });
  const publish = () => pushWithFfmpeg(t, server.publishUrl('cho'), input);
  publish();
  const watching = watchUntilStopped(server, ['av'], { publishers: 2 });
  const { session } = await server.waitOnAir('cho');
  await server.waitFor(() => server.findLog(({ path }) => /av-.*-p1\d\.m4s/.test(path)),
    { what: 'part 10' });
  publish();
  const [av] = await watching;
  assert.deepEqual(stops(server).map((line) => [line.session === session, line.reason]),
    [[true, 'takeover'], [false, 'unpublish']]);
  assert.equal(discontinuities(av).length, 1);
}

// Nobody comes back within the time of grace: the stream is over.
async function checkEnd(t) {
  const input = await source('plain');
  const server = await Server.start(t, { publish: { ...AS_SENT, grace_s: 1 } });
  pushWithFfmpeg(t, server.publishUrl('cho'), input, { options: ['-t', '3'] });
  const viewer = new LowLatencyViewer(server, 'cho', 'av.m3u8');
  await viewer.watch(() => false);
  assert.ok(viewer.playlist.isEnded);
  viewer.checkBytes();
  assert.deepEqual(viewer.allProblems, []);
  await server.waitForLog({ event: 'channel.end' });
  assert.equal(server.log.filter(({ event }) => event === 'channel.end').length, 1);
}

const CASES = [
  ['24 bits: extended timestamps in every chunk', checkTimestamps, { start: 0xfffff0 }],
  ['24 bits: extended timestamps in first chunks only', checkTimestamps,
    { start: 0xfffff0, options: ['--omit-extended'] }],
  ['24 bits: short chunk headers', checkTimestamps, { start: 0xfffff0, options: ['--terse'] }],
  ['31 bits', checkTimestamps, { start: 0x7ffffff0 - 2000 }],
  ['32 bits', checkTimestamps, { start: 0xfffffff0 - 2000 }],
  ['audio that comes late', checkLateAudio],
  ['a phone that is turned', checkRotation],
  ['video alone', checkOneTrack, { name: 'silent', kind: 'video' }],
  ['audio alone', checkOneTrack, { name: 'radio', kind: 'audio' }],
  ['a publisher that comes back', checkReturn],
  ['a publisher that takes over', checkTakeover],
  ['a publisher that does not come back', checkEnd],
];

// Real time goes by in each: so several at once.
test('time and tracks', { concurrency: 6 }, async (t) => {
  await Promise.all(CASES.map(([what, check, how]) =>
    t.test(what, (subtest) => check(subtest, how))));
});

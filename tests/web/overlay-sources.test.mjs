// SPDX-License-Identifier: Apache-2.0
//
// What players hand out: hls.js by its events, browsers by their text tracks.

import assert from 'node:assert/strict';
import test from 'node:test';

import { HlsSource } from '../../src/web/overlay/hls-source.js';
import { TrackSource } from '../../src/web/overlay/track-source.js';
import { FakeHls, FakeVideo, makeFrame, makeRange, makeTag, makeTextTag }
  from './lib/overlay.mjs';

function makeHooks() {
  const seen = [];
  return {
    seen,
    onText: (text, time) => seen.push([text, time]),
    onRanges: (ranges) => seen.push(ranges.map(({ id, start, end }) => [id, start, end])),
    onRestart: () => seen.push('restart'),
    onGone: () => seen.push('gone'),
  };
}

test('hls.js: texts of the overlay and no others, with their times', () => {
  const hls = new FakeHls();
  const hooks = makeHooks();
  const source = new HlsSource(hls, hooks);
  hls.emitTag(makeTextTag('phien.overlay', '{}'), 7.25);
  hls.emitTag(makeTextTag('other', '{}'), 8);
  hls.emitTag(makeTag([makeFrame('PRIV', [1, 0, 2])]), 9);
  hls.emitTag(new Uint8Array(0), 10);
  assert.deepEqual(hooks.seen, [['{}', 7.25]]);
  source.close();
  hls.emitTag(makeTextTag('phien.overlay', '{}'), 11);
  assert.equal(hooks.seen.length, 1);
  assert.deepEqual(hls.eventNames(), [], 'no listener is left behind');
});

test('hls.js: date ranges of the overlay that are valid', () => {
  const hls = new FakeHls();
  const hooks = makeHooks();
  hls.latestLevelDetails = { dateRanges: { a: makeRange('c-1', 2, null) } };
  const source = new HlsSource(hls, hooks);
  hls.emitRanges([makeRange('c-1', 2, 3.5), { ...makeRange('c-2', 6, null), isValid: false },
    { ...makeRange('ad', 6, null), class: 'com.apple.hls.interstitial' }]);
  hls.emit('hlsLevelUpdated', 'hlsLevelUpdated', { details: {} });
  assert.deepEqual(hooks.seen, [[['c-1', 2, Infinity]], [['c-1', 2, 5.5]], []]);
  source.close();
});

test('hls.js: another stream, and the end of the player', () => {
  const hls = new FakeHls();
  const hooks = makeHooks();
  const source = new HlsSource(hls, hooks);
  hls.emit('hlsManifestLoading');
  hls.emit('hlsDestroying');
  assert.deepEqual(hooks.seen, ['restart', 'gone']);
  assert.equal(source.playingDate, null);
  hls.playingDate = new Date(5000);
  assert.equal(source.playingDate, 5000);
  source.close();
});

const cue = (startTime, value, type = 'org.id3') =>
  ({ startTime, endTime: Infinity, type, value });
const text = (startTime, data, info = 'phien.overlay') =>
  cue(startTime, { key: 'TXXX', info, data });

test('tracks: cues are taken once, whether or not they are active', () => {
  const video = new FakeVideo();
  const track = video.addTrack();
  track.activeCues = [];
  track.cues.push(text(4, 'a'), text(5, 'x', 'other'), cue(5, { key: 'PRIV' }), cue(6), {});
  const hooks = makeHooks();
  const source = new TrackSource(video, hooks);
  assert.equal(track.mode, 'hidden', 'or its cues would not be read');
  source.scan();
  track.cues.push(text(6, 'b'));
  track.dispatchEvent(new Event('cuechange'));
  track.dispatchEvent(new Event('cuechange'));
  assert.deepEqual(hooks.seen, [['a', 4], ['b', 6]]);
  source.close();
  track.cues.push(text(7, 'c'));
  track.dispatchEvent(new Event('cuechange'));
  video.addTrack().cues.push(text(8, 'd'));
  assert.equal(hooks.seen.length, 2);
});

test('tracks: those that come later count, those of other kinds are left alone', () => {
  const video = new FakeVideo();
  const hooks = makeHooks();
  const source = new TrackSource(video, hooks);
  const subtitles = video.addTrack('subtitles');
  subtitles.cues.push(text(1, 'a'));
  const late = video.addTrack();
  late.cues = null;
  source.scan();
  late.cues = [text(2, 'b')];
  source.scan();
  assert.equal(subtitles.mode, 'disabled');
  assert.deepEqual(hooks.seen, [['b', 2]]);
  source.close();
});

test('tracks: a date range is as many cues as it has attributes', () => {
  const video = new FakeVideo();
  const track = video.addTrack();
  const attribute = (id, startTime, endTime, key, data) =>
    ({ id, startTime, endTime, type: 'com.apple.quicktime.HLS', value: { key, data } });
  track.cues.push(attribute('c-7', 4, 9, 'X-SKU', 'MAN'),
    attribute('c-7', 4, 9, 'X-PRICE', '45000'), attribute('c-8', 9, Infinity, 'X-SKU', 'VAI'));
  const ranges = [];
  const source = new TrackSource(video, { ...makeHooks(), onRanges: (all) => ranges.push(...all) });
  assert.deepEqual(ranges, [
    { id: 'c-7', attributes: { 'X-SKU': 'MAN', 'X-PRICE': '45000' }, start: 4, end: 9 },
    { id: 'c-8', attributes: { 'X-SKU': 'VAI' }, start: 9, end: Infinity },
  ]);
  source.close();
});

test('tracks: the date of the picture, and another stream', () => {
  const video = new FakeVideo();
  const hooks = makeHooks();
  const source = new TrackSource(video, hooks);
  assert.equal(source.playingDate, null);
  video.start = 1000;
  video.currentTime = 2.5;
  assert.equal(source.playingDate, 3500);
  video.dispatchEvent(new Event('emptied'));
  assert.deepEqual(hooks.seen, ['restart']);
  source.close();
});

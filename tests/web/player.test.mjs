// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { HlsPlayer } from '../../src/web/watch/hls-player.js';
import { NativePlayer } from '../../src/web/watch/native-player.js';
import { choosePlayer } from '../../src/web/watch/player.js';

test("the browser's own HLS is only used where there is no media source", () => {
  assert.equal(choosePlayer({ hasMediaSource: true, hasNativeHls: true }), HlsPlayer);
  assert.equal(choosePlayer({ hasMediaSource: true, hasNativeHls: false }), HlsPlayer);
  assert.equal(choosePlayer({ hasMediaSource: false, hasNativeHls: true }), NativePlayer);
  assert.equal(choosePlayer({ hasMediaSource: false, hasNativeHls: false }), null);
});

// As much of a video element as the native player touches.
class FakeVideo extends EventTarget {
  constructor() {
    super();
    this.currentTime = 0;
    this.duration = NaN;
    this.loads = 0;
    this.seekable = { length: 0, end: () => 0 };
    this.src = null;
  }

  load() {
    this.loads += 1;
  }

  removeAttribute(name) {
    this[name] = null;
  }

  getStartDate() {
    return new Date(Date.UTC(2026, 10, 22));
  }

  fire(type) {
    this.dispatchEvent(new Event(type));
  }
}

function makeNative() {
  const video = new FakeVideo();
  const calls = [];
  const player = new NativePlayer(video, {
    onFailed: () => calls.push('failed'),
    onEnded: () => calls.push('ended'),
  });
  return { video, calls, player };
}

test('the native player says what happens, only while it is open', () => {
  const { video, calls, player } = makeNative();
  video.fire('error');
  assert.deepEqual(calls, []);
  player.start('/live/sinho/index.m3u8');
  assert.equal(video.src, '/live/sinho/index.m3u8');
  video.fire('error');
  video.fire('ended');
  player.stop();
  video.fire('error');
  assert.deepEqual(calls, ['failed', 'ended']);
  assert.equal(video.src, null);
  assert.equal(video.loads, 2);
});

test('the native player dates its picture from the start date', () => {
  const { video, player } = makeNative();
  assert.equal(player.playingDate, null);
  player.start('x');
  video.currentTime = 7.5;
  assert.equal(player.playingDate, Date.UTC(2026, 10, 22) + 7500);
  video.getStartDate = () => new Date(NaN);
  assert.equal(player.playingDate, null);
  video.getStartDate = undefined;
  assert.equal(player.playingDate, null);
});

test('the native player goes to the live edge on waking', () => {
  const { video, player } = makeNative();
  player.start('x');
  player.resume();
  assert.equal(video.currentTime, 0);
  video.seekable = { length: 1, end: () => 42 };
  player.resume();
  assert.equal(video.currentTime, 42);
});

test('a native stream that has a length before it has begun is over', () => {
  const { video, calls, player } = makeNative();
  player.start('x');
  video.duration = Infinity;
  video.fire('durationchange');
  assert.deepEqual(calls, []);
  video.duration = 30;
  video.fire('durationchange');
  assert.deepEqual(calls, ['ended']);
});

// SPDX-License-Identifier: Apache-2.0
//
// What is shown, and when.

import assert from 'node:assert/strict';
import test from 'node:test';

import { CLOTH, FakeHls, FakeVideo, makeRange, PLUM, say } from './lib/overlay.mjs';

const { Overlay } = await import('../../src/web/overlay/overlay.js');

const CHANNEL = 'https://cho.example/live/cho/';
const NOON = Date.parse('2026-11-22T05:00:00.000Z');

// A page with a video: what its overlay said, in order, and a server that can say things.
function makePage(t, { channel = null, now = () => NOON, hls = new FakeHls() } = {}) {
  const streams = [];
  t.mock.method(globalThis, 'fetch', async () => new Response('', { status: 503 }));
  globalThis.EventSource = class extends EventTarget {
    constructor(url) {
      super();
      this.url = url;
      streams.push(this);
    }

    close() {
      this.isClosed = true;
    }
  };
  const video = new FakeVideo();
  const overlay = new Overlay(video, { hls, channel, now });
  const said = [];
  for (const kind of ['card', 'shelf']) {
    overlay.addEventListener(kind, ({ detail }) => said.push([kind, detail]));
  }
  t.after(() => {
    overlay.detach();
    delete globalThis.EventSource;
  });
  const tell = (kind, members) => streams.at(-1).dispatchEvent(
    Object.assign(new Event(kind), { data: say(members) }));
  return { video, hls, overlay, said, streams, tell };
}

test('a card is shown when its picture is, not when it is read', (t) => {
  const { video, hls, overlay, said } = makePage(t);
  video.playTo(10);
  hls.emitMessage({ seq: 5, card: PLUM }, 12);
  video.playTo(11.9);
  assert.equal(overlay.card, null);
  video.playTo(12);
  assert.deepEqual(overlay.card, PLUM);
  assert.deepEqual(said, [['card', PLUM]]);
});

test('the timer is set for the moment, at the speed that the video plays', (t) => {
  const delays = [];
  t.mock.method(globalThis, 'setTimeout', (action, delay) => delays.push(Math.round(delay)));
  const { video, hls } = makePage(t);
  video.playTo(10);
  hls.emitMessage({ seq: 5, card: PLUM }, 10.5);
  assert.deepEqual(delays, [500]);
  video.playbackRate = 1.25;
  video.dispatchEvent(new Event('ratechange'));
  assert.deepEqual(delays, [500, 400]);
  hls.emitMessage({ seq: 4, card: PLUM }, 30);
  video.paused = true;
  video.dispatchEvent(new Event('timeupdate'));
  assert.equal(delays.length, 3, 'a video that stands still is not waited for');
});

test('messages that are repeated change nothing', (t) => {
  const { video, hls, said } = makePage(t);
  for (let time = 2; time < 20; time += 2) {
    hls.emitMessage({ seq: 5, card: PLUM }, time);
    hls.emitMessage({ seq: 4, rev: 4, shelf: [PLUM, CLOTH] }, time);
    video.playTo(time + 1);
  }
  assert.equal(said.length, 2);
});

test('who joins late has the card from the repetition', (t) => {
  const { video, hls, overlay } = makePage(t);
  video.currentTime = 0;
  video.readyState = 1;
  hls.emitMessage({ seq: 5, card: PLUM }, 100);
  video.playTo(0);
  assert.equal(overlay.card, null, 'no picture, no card');
  video.readyState = 4;
  video.playTo(101);
  assert.deepEqual(overlay.card, PLUM);
});

test('a card gives way, and goes; what comes at once is one change', (t) => {
  const { video, hls, said } = makePage(t);
  hls.emitMessage({ seq: 5, card: PLUM }, 1);
  hls.emitMessage({ seq: 6, card: null }, 2);
  hls.emitMessage({ seq: 7, card: CLOTH }, 3);
  video.playTo(3);
  assert.deepEqual(said, [['card', CLOTH]]);
  hls.emitMessage({ seq: 8, card: null }, 4);
  video.playTo(4);
  assert.deepEqual(said.at(-1), ['card', null]);
});

test('a jump back shows nothing that is over', (t) => {
  const { video, hls, overlay } = makePage(t);
  hls.emitMessage({ seq: 5, card: PLUM }, 10);
  hls.emitMessage({ seq: 6, card: null }, 20);
  video.playTo(25);
  video.playTo(11);
  hls.emitMessage({ seq: 5, card: PLUM }, 10);
  assert.equal(overlay.card, null);
});

test('a date range stands in where the stream says nothing', (t) => {
  const { video, hls, overlay, said } = makePage(t);
  for (let i = 0; i < 5; i += 1) {
    hls.emitRanges([makeRange('card-5-1795360389484', 10, null)]);
  }
  video.playTo(10.2);
  assert.equal(overlay.card, null, 'the stream has half a second to say it better');
  video.playTo(10.6);
  assert.equal(overlay.card.sku, 'MAN');
  const cloth = (duration) =>
    makeRange('card-6-1795360397484', 18, duration, { 'X-SKU': 'VAI' });
  hls.emitRanges([makeRange('card-5-1795360389484', 10, 8), cloth(null)]);
  video.playTo(18.6);
  assert.deepEqual(said.map(([, card]) => card.sku), ['MAN', 'VAI'], 'no gap in between');
  hls.emitRanges([cloth(4)]);
  video.playTo(23);
  assert.equal(overlay.card, null);
});

test('a range that was over before the viewer came shows nothing', (t) => {
  const { video, hls, said } = makePage(t);
  hls.emitRanges([makeRange('card-5-1795360389484', 10, 8)]);
  video.playTo(30);
  assert.deepEqual(said, []);
});

test('a card that goes on when the stream comes back goes on', (t) => {
  const { video, hls, overlay, said } = makePage(t);
  hls.emitMessage({ seq: 5, card: PLUM }, 10);
  hls.emitRanges([makeRange('card-5-1795360389484', 10, 8)]);
  video.playTo(19);
  hls.emitRanges([makeRange('card-5-1795360389484', 10, 8),
    makeRange('card-5-1795360409484', 20, null)]);
  hls.emitMessage({ seq: 5, card: PLUM }, 20);
  video.playTo(21);
  assert.deepEqual(overlay.card, PLUM);
  assert.equal(said.length, 1);
});

test('a date range takes nothing from what the stream says', (t) => {
  const { video, hls, said } = makePage(t);
  const whole = { ...PLUM, note: 'chỉ hôm nay' };
  hls.emitRanges([makeRange('card-5-1795360389484', 10, null)]);
  hls.emitMessage({ seq: 5, card: whole }, 10);
  video.playTo(10);
  hls.emitMessage({ seq: 7, card: { ...whole, stock: 2 } }, 12);
  video.playTo(12);
  hls.emitRanges([makeRange('card-5-1795360389484', 10, 5)]);
  video.playTo(20);
  assert.deepEqual(said.map(([, card]) => card && card.note), ['chỉ hôm nay', 'chỉ hôm nay'],
    'only the stream, which is newer, takes the card away');
});

test('another player is another clock, but not another story', (t) => {
  const { video, hls, overlay } = makePage(t);
  hls.emitMessage({ seq: 5, card: PLUM }, 10);
  video.playTo(10);
  hls.emitMessage({ seq: 6, card: null }, 15);
  const next = new FakeHls();
  overlay.follow(next);
  video.playTo(20);
  assert.deepEqual(overlay.card, PLUM, 'the old clock says nothing any more');
  next.emitMessage({ seq: 5, card: PLUM }, 21);
  next.emitMessage({ seq: 6, card: null }, 22);
  video.playTo(22);
  assert.equal(overlay.card, null);
  hls.emitMessage({ seq: 9, card: PLUM }, 1);
  video.playTo(23);
  assert.equal(overlay.card, null, 'nobody listens to the old one');
});

test("without hls.js the browser's tracks are read", (t) => {
  const { video, overlay } = makePage(t, { hls: null });
  const track = video.addTrack();
  const value = { key: 'TXXX', info: 'phien.overlay', data: say({ seq: 5, card: PLUM }) };
  track.cues.push({ startTime: 3, endTime: 5, type: 'org.id3', value });
  video.playTo(2);
  assert.equal(overlay.card, null);
  video.playTo(6);
  assert.deepEqual(overlay.card, PLUM, 'though it is not active any more');
});

test('the server is asked at the place of the channel', (t) => {
  const { streams } = makePage(t, { channel: CHANNEL });
  assert.equal(streams[0].url, 'https://cho.example/api/v1/channels/cho/events');
  assert.equal(fetch.mock.calls[0].arguments[0],
    'https://cho.example/api/v1/channels/cho/overlay');
});

test('without a channel nobody is asked', (t) => {
  const { streams } = makePage(t);
  assert.equal(streams.length, 0);
  assert.equal(fetch.mock.callCount(), 0);
});

test('a shelf is there at once, its numbers always', (t) => {
  const { video, hls, overlay, tell } = makePage(t, { channel: CHANNEL });
  tell('overlay', { seq: 5, rev: 5, card: null, shelf: [PLUM, CLOTH] });
  assert.equal(overlay.shelf.length, 2);
  hls.emitMessage({ seq: 6, card: PLUM }, 3);
  video.playTo(4);
  tell('stock', { seq: 8, sku: 'MAN', stock: 0, sold: 20 });
  assert.equal(overlay.card.stock, 0);
  assert.deepEqual(overlay.shelf.map(({ stock }) => stock), [0, 3]);
});

test('what the server says waits for the picture', (t) => {
  const { video, hls, overlay, tell } = makePage(t, { channel: CHANNEL });
  video.playTo(1);
  hls.playingDate = new Date(NOON - 2000);
  tell('card', { seq: 5, card: { ...PLUM, shown_at: '2026-11-22T05:00:00.000Z' } });
  assert.equal(overlay.card, null);
  hls.playingDate = new Date(NOON + 500);
  video.playTo(3.5);
  assert.equal(overlay.card, null, 'the stream may say it yet');
  hls.playingDate = new Date(NOON + 1000);
  video.playTo(4);
  assert.equal(overlay.card.sku, 'MAN');
});

test('a card that was there before the page is shown at once', (t) => {
  const { video, hls, overlay, tell } = makePage(t, { channel: CHANNEL });
  hls.playingDate = new Date(NOON - 2000);
  tell('overlay', { seq: 5, rev: 3, shelf: [PLUM],
    card: { ...PLUM, shown_at: '2026-11-22T04:50:00.000Z' } });
  video.playTo(1);
  assert.equal(overlay.card.sku, 'MAN');
  hls.emitMessage({ seq: 4, card: PLUM }, 1);
  video.playTo(2);
  assert.equal(overlay.card.sku, 'MAN');
});

test('a picture without a date is taken to be some seconds behind', (t) => {
  let local = 1000;
  t.mock.method(performance, 'now', () => local);
  const { video, overlay, tell } = makePage(t, { channel: CHANNEL });
  tell('card', { seq: 5, card: PLUM });
  local += 4900;
  video.playTo(5);
  assert.equal(overlay.card, null);
  local += 100;
  video.playTo(5.1);
  assert.deepEqual(overlay.card, PLUM);
});

test("a server's clock that is not known is not the device's", (t) => {
  t.mock.method(Date, 'now', () => assert.fail('Date.now was called'));
  let local = 1000;
  t.mock.method(performance, 'now', () => local);
  const { video, hls, overlay, tell } = makePage(t, { channel: CHANNEL, now: () => null });
  hls.playingDate = new Date(NOON);
  tell('card', { seq: 5, card: PLUM });
  video.playTo(1);
  assert.equal(overlay.card, null);
  local += 5000;
  video.playTo(6);
  assert.deepEqual(overlay.card, PLUM);
});

test('nonsense is passed over', (t) => {
  const { video, hls, said, streams } = makePage(t, { channel: CHANNEL });
  streams[0].dispatchEvent(Object.assign(new Event('card'), { data: '<html>' }));
  hls.emitMessage({ seq: 'x', card: PLUM }, 1);
  hls.emitMessage({ seq: 5, card: { sku: 7 } }, 1);
  hls.emitRanges([makeRange('no seq', 1, null), makeRange('card-9-1795360389484', NaN, null)]);
  video.playTo(5);
  assert.deepEqual(said, []);
});

test('after it was taken off nothing is heard', (t) => {
  const { video, hls, overlay, said, streams } = makePage(t, { channel: CHANNEL });
  hls.emitMessage({ seq: 5, card: PLUM }, 5);
  overlay.detach();
  video.playTo(6);
  assert.deepEqual(said, []);
  assert.ok(streams[0].isClosed);
  assert.deepEqual(hls.eventNames(), []);
});

test("the server's clock: the page's, or that of the answers, or the device's", (t) => {
  const { overlay } = makePage(t);
  assert.equal(overlay.now(), NOON);
  const { overlay: other } = makePage(t, { now: () => null });
  t.mock.method(Date, 'now', () => 77);
  assert.equal(other.now(), 77);
});

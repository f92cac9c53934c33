// SPDX-License-Identifier: Apache-2.0
//
// Where a card is in the stream: in the part, on the picture that the API's answer names, and in
// all the forms that players know.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
// Polling has no event to wait for: it is what players do.
import { setTimeout as pause } from 'node:timers/promises';

import { Seller, sellers } from './lib/api.mjs';
import { checkParent, checkTogether } from './lib/conformance.mjs';
import { cardEmsgs } from './lib/cues.mjs';
import { LowLatencyViewer, PlainViewer } from './lib/hls.mjs';
import { getText, request } from './lib/http.mjs';
import { finishedSegments, parseMedia, rangeTimes } from './lib/m3u8.mjs';
import { parseFragments, parseInit } from './lib/mp4.mjs';
import { Description } from './lib/openapi.mjs';
import { run } from './lib/process.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { makeTemporaryDirectory, PATIENCE_MS, Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';
import { pushSrtWithFfmpeg } from './lib/srt.mjs';

const directory = makeTemporaryDirectory();
after(() => rmSync(directory, { recursive: true }));

const FRAME_MS = 40;

const SRT_LATENCY_MS = 300;

// All media playlists of a presentation.
const PLAYLISTS = ['av.m3u8', 'audio.m3u8', 'cards.m3u8', 'plain/av.m3u8', 'plain/audio.m3u8',
  'plain/cards.m3u8', 'ts/index.m3u8'];

class Viewer {
  constructor(server, channel) {
    Object.assign(this, { server, channel });
  }

  async bytes(path, base = '') {
    const url = new URL(path, this.server.live(this.channel, base)).href;
    const { status, body } = await request(url);
    assert.equal(status, 200, `${url}: ${body}`);
    return body;
  }

  // Blocks until this part is there, or with `part` null the segment.
  async playlist({ msn, part = null }, path = 'av.m3u8') {
    const query = `_HLS_msn=${msn}${part === null ? '' : `&_HLS_part=${part}`}`;
    return parseMedia(await getText(this.server.live(this.channel, `${path}?${query}`)));
  }

  // Looks until the playlist is as wanted.
  async playlistWith(path, isWanted) {
    const deadline = performance.now() + PATIENCE_MS;
    let playlist;
    do {
      const { status, body } = await request(this.server.live(this.channel, path));
      playlist = status === 200 ? parseMedia(body.toString('utf8')) : null;
      if (playlist && isWanted(playlist)) {
        return playlist;
      }
      await pause(100);
    } while (performance.now() < deadline);
    throw new Error(`${path} was to be otherwise:\n${playlist?.text}`);
  }

  // The finished segment with this date: { segment, bytes }.
  async segmentAt(path, date) {
    const covers = ({ pdt, duration }) => pdt <= date && date < pdt + duration * 1000;
    const playlist = await this.playlistWith(path, (one) => finishedSegments(one).some(covers));
    const segment = finishedSegments(playlist).find(covers);
    return { segment, bytes: await this.bytes(segment.uri, path) };
  }

  // When an event is, by the dates of the playlist; `bytes`: of its segment from the beginning on.
  async dateOf(emsg, segment, bytes) {
    const init = parseInit(await this.bytes(segment.map));
    const [first] = parseFragments(bytes, init);
    const at = (first.dts + first.cts) / first.track.timescale;
    return segment.pdt + (emsg.time / emsg.timescale - at) * 1000;
  }

  // The card's message of this seq, which must be in the part that the answer names and in none
  // before it, on the picture that it names.
  async checkPlace({ seq, pdt, msn, part }) {
    const playlist = await this.playlist({ msn, part });
    const segment = playlist.segments.find((one) => one.msn === msn);
    const parts = await Promise.all(segment.parts.slice(0, part + 1)
      .map(({ uri }) => this.bytes(uri)));
    const found = parts.map((bytes) => cardEmsgs(bytes)
      .filter(({ message }) => message.seq === seq));
    assert.deepEqual(found.map(({ length }) => length), [...Array(part).fill(0), 1],
      `where seq ${seq} is in the parts of segment ${msn}`);
    const [emsg] = found.at(-1);
    assert.deepEqual([emsg.description, emsg.duration], ['phien.overlay', 0xffffffff]);
    const date = await this.dateOf(emsg, segment, Buffer.concat(parts));
    assert.ok(Math.abs(date - Date.parse(pdt)) <= FRAME_MS, `${date} is not ${pdt}`);
    await this.checkSegment(emsg, msn);
    return emsg;
  }

  // The segment is its parts, and the next one begins with the same message, for who joins there.
  async checkSegment(emsg, msn) {
    const playlist = await this.playlist({ msn: msn + 1, part: 0 });
    const [segment, next] = [msn, msn + 1].map((number) =>
      playlist.segments.find((one) => one.msn === number));
    const whole = await this.bytes(segment.uri);
    const parts = await Promise.all(segment.parts.map(({ uri }) => this.bytes(uri)));
    assert.deepEqual(checkParent(segment, whole, parts), []);
    assert.ok(cardEmsgs(whole).some(({ bytes }) => bytes.equals(emsg.bytes)));
    const [again] = cardEmsgs(await this.bytes(next.parts[0].uri));
    if (again.message.seq === emsg.message.seq) {
      assert.deepEqual([again.id, again.text], [emsg.id, emsg.text]);
    }
  }

  // All playlists, once each has what is wanted of the range with this id.
  async ranges(id, isWanted = () => true) {
    const playlists = await Promise.all(PLAYLISTS.map((path) => this.playlistWith(path,
      ({ dateRanges }) => dateRanges.some((one) => one.ID === id && isWanted(one)))));
    assert.deepEqual(checkTogether(Object.fromEntries(PLAYLISTS.map((path, i) =>
      [path, playlists[i]]))), []);
    const ranges = playlists.map(({ dateRanges }) => dateRanges.find(({ ID }) => ID === id));
    ranges.forEach((range, i) => assert.deepEqual(range, ranges[0], PLAYLISTS[i]));
    return ranges[0];
  }

  async rangeOf(sku) {
    const { dateRanges } = await this.playlistWith('av.m3u8',
      (playlist) => playlist.dateRanges.some((one) => one['X-SKU'] === sku));
    return dateRanges.find((one) => one['X-SKU'] === sku);
  }
}

async function publish(t, server, channel, name = 'long') {
  const from = server.log.length;
  const publisher = pushWithFfmpeg(t, server.publishUrl(channel), await source(name));
  await server.waitOnAir(channel, { from });
  return publisher;
}

// Where a card lies that nobody waited for.
function waitPlaced(server, { channel }, seq) {
  return server.waitForLog({ event: 'overlay.card', channel, seq });
}

const PLUM = { title: 'Mận hậu Mộc Châu', price: 45000, original_price: 60000, unit: 'kg',
  stock: 12, url: 'https://example.com/buy?sku={sku}&from={channel}',
  image: 'https://example.com/man.jpg' };

// While somebody is on air: shown, changed, another in its place, hidden.
async function checkOnAir(t, { server, seller, viewer }) {
  await seller.add('MAN-1', PLUM);
  await seller.add('MAT-2', { title: 'Mật ong', price: 250000 });
  await publish(t, server, seller.channel);
  // Which is made for those who ask for it, from the next key frame on.
  await viewer.playlistWith('ts/index.m3u8', ({ segments }) => segments.length > 0);
  const shown = await seller.pin('MAN-1', { flash_price: 39000, note: 'chỉ tối nay' });
  const emsg = await viewer.checkPlace(shown);
  assert.deepEqual(emsg.message, { v: 'phien.overlay/1', seq: shown.seq, card: shown.card });
  const range = await viewer.rangeOf('MAN-1');
  assert.deepEqual(await viewer.ranges(range.ID), {
    ID: range.ID, CLASS: 'vn.phien.card', 'START-DATE': shown.pdt, 'X-SKU': 'MAN-1',
    'X-TITLE': PLUM.title, 'X-PRICE': '45000', 'X-ORIGINAL-PRICE': '60000',
    'X-FLASH-PRICE': '39000', 'X-CURRENCY': 'VND', 'X-UNIT': 'kg', 'X-IMAGE': PLUM.image,
    'X-URL': `https://example.com/buy?sku=MAN-1&from=${seller.channel}`,
  });
  await checkAudio(viewer, shown);
  await checkCaption(viewer, shown);
  await checkTs(viewer, shown);

  // What is left is said in the stream, and the range is what it was.
  const { seq } = await seller.patch('MAN-1', { stock_delta: -2 });
  const placed = await waitPlaced(server, seller, seq);
  const counted = await viewer.checkPlace(placed);
  assert.equal(counted.message.card.stock, 10);
  assert.notEqual(counted.id, emsg.id);

  const other = await seller.pin('MAT-2');
  await viewer.checkPlace(other);
  const { start, end } = rangeTimes(await viewer.ranges(range.ID, (one) => 'DURATION' in one));
  assert.deepEqual([start, end], [shown.pdt, other.pdt].map(Date.parse));
  const second = await viewer.rangeOf('MAT-2');
  assert.notEqual(second.ID, range.ID);

  const hidden = await seller.must(200, 'DELETE', 'card');
  const { message } = await viewer.checkPlace(hidden);
  assert.deepEqual(message, { v: 'phien.overlay/1', seq: hidden.seq, card: null });
  const closed = await viewer.ranges(second.ID, (one) => 'DURATION' in one);
  assert.equal(rangeTimes(closed).end, Date.parse(hidden.pdt));
  await checkNoCaption(viewer, hidden);
}

// For those who only listen it is there as well, at the same time as far as sound has frames.
async function checkAudio(viewer, { seq, pdt }) {
  const { segment, bytes } = await viewer.segmentAt('audio.m3u8', Date.parse(pdt));
  const emsg = cardEmsgs(bytes).find(({ message }) => message.seq === seq);
  assert.ok(emsg, `audio segment ${segment.msn} has not seq ${seq}`);
  const date = await viewer.dateOf(emsg, segment, bytes);
  assert.ok(Math.abs(date - Date.parse(pdt)) <= 2 * FRAME_MS, `${date} is not ${pdt}`);
}

// As ffmpeg reads them.
async function readCaptions(bytes, name) {
  const path = join(directory, `${name}.vtt`);
  writeFileSync(path, bytes);
  const { stdout } = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-f', 'webvtt', '-i',
    path, '-f', 'srt', '-']);
  return stdout;
}

async function checkCaption(viewer, { seq, pdt }) {
  for (const path of ['cards.m3u8', 'plain/cards.m3u8']) {
    const { bytes } = await viewer.segmentAt(path, Date.parse(pdt));
    assert.match(bytes.toString(), /^WEBVTT\r?\nX-TIMESTAMP-MAP=/);
    const text = await readCaptions(bytes, `shown-${seq}`);
    for (const line of [PLUM.title, 'Giá chớp nhoáng 39.000 ₫/kg (45.000 ₫) · còn 12',
      'chỉ tối nay']) {
      assert.ok(text.includes(line), `${line} is not in ${text}`);
    }
  }
}

async function checkNoCaption(viewer, { seq, pdt }) {
  const { segment } = await viewer.segmentAt('cards.m3u8', Date.parse(pdt));
  const { bytes } = await viewer.segmentAt('cards.m3u8', segment.pdt + segment.duration * 1000 + 1);
  assert.equal(await readCaptions(bytes, `hidden-${seq}`), '');
}

// FFmpeg takes the first five bytes of what it reads there for a header of another kind.
async function checkTs(viewer, { seq, pdt }) {
  const { segment, bytes } = await viewer.segmentAt('ts/index.m3u8', Date.parse(pdt));
  const path = join(directory, `${segment.msn}-${seq}.ts`);
  writeFileSync(path, bytes);
  const { stdout } = await run('ffprobe', ['-loglevel', 'error', '-show_streams', '-of', 'json',
    path]);
  const codecs = JSON.parse(stdout).streams.map(({ codec_name: name }) => name);
  assert.deepEqual(codecs.sort(), ['aac', 'h264', 'timed_id3']);
  const { bytes: data } = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-i', path,
    '-map', '0:d', '-c', 'copy', '-f', 'data', '-']);
  const said = data.toString('utf8');
  assert.ok(said.includes(`TXXX`) && said.includes(`"seq":${seq},"card":{"sku":"MAN-1"`), said);
}

// What is pinned before anybody is on air is in the first part; and again when he comes back.
async function checkOffAir(t, { server, seller, viewer }) {
  await seller.add('MAN-1', PLUM);
  const { seq, card, ...place } = await seller.pin('MAN-1');
  assert.deepEqual(place, { pdt: null, msn: null, part: null });
  const publisher = await publish(t, server, seller.channel);
  const first = await viewer.playlistWith('av.m3u8', ({ segments }) => segments.length > 0);
  const { msn } = first.segments[0];
  const emsg = await viewer.checkPlace({ seq, msn, part: 0,
    pdt: new Date(first.segments[0].pdt).toISOString() });
  assert.deepEqual(emsg.message.card, card);
  const range = await viewer.rangeOf('MAN-1');
  await publisher.kill();
  await server.waitPublishStop(seller.channel);
  await publish(t, server, seller.channel);
  const isBack = ({ segments }) => segments.some((one) => one.isDiscontinuity && one.msn > msn);
  const back = (await viewer.playlistWith('av.m3u8', isBack)).segments
    .find((one) => one.isDiscontinuity && one.msn > msn);
  const again = await viewer.checkPlace({ seq, msn: back.msn, part: 0,
    pdt: new Date(back.pdt).toISOString() });
  assert.equal(again.text, emsg.text);
  const ranges = (await viewer.playlistWith('av.m3u8', isBack)).dateRanges;
  assert.deepEqual(ranges, [range], 'the card was there all the time');
}

async function checkDuration(t, { server, seller, viewer }) {
  await seller.add('MAN-1', PLUM);
  await publish(t, server, seller.channel);
  const reader = await seller.events(t);
  const shown = await seller.pin('MAN-1', { duration_s: 1 });
  await viewer.checkPlace(shown);
  const { id } = await reader.waitFor(({ events }) => events.find(({ event, data }) =>
    event === 'card' && data.card === null), 'the end of the card');
  const { what } = await server.waitForLog({ event: 'overlay.change', channel: seller.channel,
    seq: id });
  assert.equal(what, 'hide');
  assert.equal((await seller.get('card')).card, null);
  const placed = await waitPlaced(server, seller, id);
  assert.equal('sku' in placed, false);
  await viewer.checkPlace(placed);
  const { ID } = await viewer.rangeOf('MAN-1');
  const { start, end } = rangeTimes(await viewer.ranges(ID, (one) => 'DURATION' in one));
  assert.deepEqual([start, end], [shown.pdt, placed.pdt].map(Date.parse));
  t.diagnostic(`shown for ${end - start} ms`);
  assert.ok(end - start > 900, `${end - start} ms`);
}

// Changes that come faster than pictures: only what was true at a picture is in the stream.
async function checkSuperseded(t, { server, seller, viewer }) {
  await seller.add('MAN-1', PLUM);
  await seller.add('MAT-2');
  await publish(t, server, seller.channel);
  const change = async (sku) => (sku === null ? seller.must(200, 'DELETE', 'card')
    : seller.pin(sku));
  // In whatever order they arrive, each changes something: but for a hiding that comes first.
  const answers = await Promise.all(['MAN-1', 'MAT-2', null, 'MAT-2', 'MAN-1', 'MAT-2', 'MAN-1']
    .map(change));
  answers.sort((a, b) => a.seq - b.seq);
  assert.notEqual(answers.at(-1).pdt, null, 'the last one holds');
  const placed = answers.filter(({ pdt }) => pdt !== null);
  for (const [i, answer] of placed.entries()) {
    assert.ok(i === 0 || Date.parse(answer.pdt) > Date.parse(placed[i - 1].pdt),
      JSON.stringify(answers));
    await viewer.checkPlace(answer);
  }
  t.diagnostic(`${placed.length} of ${answers.length} were seen`);
}

// Asks as a seller's page does, again and again.
async function waitForStatus(seller, isWanted) {
  const deadline = performance.now() + PATIENCE_MS;
  let status = await seller.get('status');
  while (!isWanted(status)) {
    assert.ok(performance.now() < deadline, JSON.stringify(status));
    await pause(100);
    status = await seller.get('status');
  }
  return status;
}

async function checkStatus(t, { server, seller, viewer }) {
  await publish(t, server, seller.channel);
  await viewer.playlistWith('av.m3u8', ({ segments }) => segments.length > 1);
  const status = await waitForStatus(seller, ({ quality }) => quality === 'good');
  assert.deepEqual([status.on_air, status.protocol, status.link], [true, 'rtmp', null]);
  assert.deepEqual(status.video, { codec: 'h264', codecs: status.video.codecs, width: 426,
    height: 240 });
  assert.equal(status.audio.codec, 'aac');
  assert.ok(status.bitrate_bps > 50e3 && status.bitrate_bps < 2e6, `${status.bitrate_bps} bit/s`);
  assert.ok(Math.abs(Date.parse(status.since) - Date.now()) < PATIENCE_MS, status.since);
  const { segments } = await viewer.playlistWith('av.m3u8', () => true);
  await viewer.bytes(segments[0].uri);
  await waitForStatus(seller, ({ viewers }) => viewers >= 1);
}

// When its time is over, the price is the old one; the card stays.
async function checkOffer(t, { server, seller, viewer }) {
  await seller.add('MAN-1', PLUM);
  await publish(t, server, seller.channel);
  const reader = await seller.events(t);
  const shown = await seller.pin('MAN-1', { flash_price: 39000,
    ends_at: new Date(Date.now() + 1000).toISOString() });
  await viewer.checkPlace(shown);
  const { id, data } = await reader.waitFor(({ events }) => events.find((one) =>
    one.event === 'card' && one.id > shown.seq), 'the end of the offer');
  const { flash_price: price, ends_at: end, ...rest } = shown.card;
  assert.deepEqual(data.card, rest);
  const placed = await waitPlaced(server, seller, id);
  const { message } = await viewer.checkPlace(placed);
  assert.deepEqual(message.card, rest);
  t.diagnostic(`over ${Date.parse(placed.pdt) - Date.parse(end)} ms after its time`);
  const { dateRanges } = await viewer.playlistWith('av.m3u8', (one) =>
    one.dateRanges.length === 2 && 'DURATION' in one.dateRanges[0]);
  assert.deepEqual(dateRanges.map((one) => [one['X-PRICE'], one['X-FLASH-PRICE']]),
    [['45000', '39000'], ['45000', undefined]]);
  assert.equal(rangeTimes(dateRanges[0]).end, Date.parse(placed.pdt));
}

// What SRT measures, as the description says; and a card on pictures that came that way.
async function checkSrt(t, { server, seller, viewer }) {
  await seller.add('MAN-1', PLUM);
  pushSrtWithFfmpeg(t, server.srtUrl(server.key(seller.channel)), await source('long'));
  await server.waitOnAir(seller.channel);
  await viewer.checkPlace(await seller.pin('MAN-1'));
  const { protocol, link } = await waitForStatus(seller, ({ quality }) => quality === 'good');
  assert.equal(protocol, 'srt');
  assert.ok(link.latency_ms >= SRT_LATENCY_MS && link.received > 10, JSON.stringify(link));
}

const BUSY_CHANGES = 20;

// All who watch while cards come and go see playlists without a fault, and each card in its part.
async function checkBusy(t, { server, seller, viewer }) {
  await seller.add('MAN-1', { ...PLUM, stock: 1000 });
  await seller.add('MAT-2', { title: 'Mật "ong"', price: 250000 });
  await publish(t, server, seller.channel, 'steady');
  await listenEverywhere(viewer);
  const [av, audio] = ['av.m3u8', 'audio.m3u8']
    .map((path) => new LowLatencyViewer(server, seller.channel, path));
  const others = PLAYLISTS.slice(2)
    .map((path) => new PlainViewer(server, seller.channel, path));
  let isDone = false;
  const watching = [av, audio, ...others].map((one) => one.watch(() => isDone));
  const placed = await makeBusyChanges(seller, viewer);
  const { msn } = placed.at(-1);
  await av.watch(({ playlist, deltas }) => playlist.segments.at(-1).msn > msn + 1 && deltas >= 3);
  isDone = true;
  await Promise.all(watching);
  [av, audio].forEach((one) => one.checkBytes());
  for (const one of [av, audio, ...others]) {
    assert.deepEqual(one.allProblems.slice(0, 5), [], one.checker.name);
  }
  for (const { seq, msn: number, part } of placed) {
    const bytes = av.media.get(av.segments.get(number).parts[part].uri);
    assert.equal(cardEmsgs(bytes).filter(({ message }) => message.seq === seq).length, 1, `${seq}`);
  }
  checkRanges(av.playlist, placed);
}

// So that each worker has each rendition from the beginning on: new connections go to any of them.
async function listenEverywhere(viewer) {
  await viewer.playlistWith('ts/index.m3u8', ({ segments }) => segments.length > 0);
  await Promise.all(Array.from({ length: 16 }, async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const path of PLAYLISTS) {
      const { status } = await request(viewer.server.live(viewer.channel, path), { agent });
      assert.equal(status, 200, path);
    }
    agent.destroy();
  }));
}

// One after the other, a part or two between them.
async function makeBusyChanges(seller, viewer) {
  const placed = [];
  for (let i = 0; i < BUSY_CHANGES; i++) {
    const make = [() => seller.pin('MAN-1', { flash_price: 30000 + i }), () => seller.pin('MAT-2'),
      () => seller.must(200, 'DELETE', 'card'), () => seller.pin('MAN-1')][i % 4];
    const answer = await make();
    assert.notEqual(answer.msn, null, JSON.stringify(answer));
    placed.push(answer);
    if (i % 4 === 3) {
      await seller.patch('MAN-1', { stock_delta: -1 });
    }
    await viewer.playlist(answer);
  }
  return placed;
}

// Each card's range is as long as it was shown, though its stock has changed meanwhile.
function checkRanges({ dateRanges: ranges, segments }, placed) {
  const isListed = ([, end]) => end > segments[0].pdt;
  const expected = placed.map(({ pdt, card }, i) => [Date.parse(pdt),
    placed[i + 1] ? Date.parse(placed[i + 1].pdt) : Infinity, card?.sku,
    card?.flash_price?.toString()]).filter(([, , sku]) => sku);
  const found = ranges.map((range) => {
    const { start, end } = rangeTimes(range);
    return [start, end, range['X-SKU'], range['X-FLASH-PRICE']];
  });
  assert.deepEqual(found.filter(isListed), expected.filter(isListed));
  assert.equal(new Set(ranges.map(({ ID }) => ID)).size, ranges.length);
}

const CASES = {
  'on-air': checkOnAir, 'off-air': checkOffAir, duration: checkDuration,
  offer: checkOffer, superseded: checkSuperseded, status: checkStatus, srt: checkSrt,
  busy: checkBusy,
};

test('cards in the stream', async (t) => {
  const server = await Server.start(t, {
    hls: { segment_ms: 1000 }, srt: { latency_ms: SRT_LATENCY_MS }, overlay: { writes_per_s: 0 },
    channels: sellers(...Object.keys(CASES)),
  });
  const description = new Description(await getText(`${server.httpUrl}/api/v1/openapi.yaml`));
  await t.test('case by case', { concurrency: 8 }, (all) => Promise.all(Object.entries(CASES)
    .map(([name, check]) => all.test(name, (one) => check(one, {
      server,
      seller: new Seller(server, name, { description }),
      viewer: new Viewer(server, name),
    })))));
  assert.deepEqual(description.problems, []);
});

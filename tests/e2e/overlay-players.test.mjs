// SPDX-License-Identifier: Apache-2.0
//
// Cards in the players that people have, each told in the way that this player hands out what
// comes with the picture: to the frame, again and again for those who come late, and gone when it
// is taken off. Players that know nothing of it play on, and show it as a caption.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { openBrowser } from './lib/browser.mjs';
import { getText, request } from './lib/http.mjs';
import { parseMedia } from './lib/m3u8.mjs';
import { CHANNEL, CHANNELS, PLUM, Stall } from './lib/market.mjs';
import { PlayerPage, serveSite } from './lib/players.mjs';
import { Background, run } from './lib/process.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';

const FRAME_MS = 40;

// From what a viewer sees first to the next time that the card is said: a segment, and some.
const LATE_S = 2.5;

// [what, the player, which playlist]
const PLAYERS = [
  ['hls.js, low latency', 'hls', 'index.m3u8'],
  ['hls.js, MPEG-TS', 'hls', 'ts/index.m3u8'],
  ['video.js', 'video', 'index.m3u8'],
  ['video.js, MPEG-TS', 'video', 'ts/index.m3u8'],
  ['shaka-player', 'shaka', 'index.m3u8'],
];

function assertInTime(messages, at, what) {
  const [first] = messages;
  assert.ok(Math.abs(first.date - at) <= FRAME_MS, `${what}: ${first.date - at} ms after its time`);
}

// It comes with its first picture, and again with each segment: the same, with the same id.
async function assertShown(page, card, what) {
  const messages = await page.messages(card.seq, { count: 2 });
  assertInTime(messages, card.at, what);
  const [{ text, id }] = messages;
  assert.deepEqual(JSON.parse(text).card, card.card, what);
  messages.forEach((message, i) => {
    assert.deepEqual([message.text, message.id], [text, id], `${what}, message ${i}`);
    assert.ok(i === 0 || message.date > messages[i - 1].date + FRAME_MS, `${what}: said twice`);
  });
  return id;
}

async function assertGone(page, gone, what) {
  const messages = await page.messages(gone.seq);
  assertInTime(messages, gone.at, what);
  assert.equal(JSON.parse(messages[0].text).card, null, what);
  return messages[0].id;
}

async function readRange(page, { seq }) {
  const { ranges } = await page.heard();
  return Object.entries(ranges).find(([id]) => id.startsWith(`card-${seq}-`))[1];
}

async function assertRange(page, card) {
  const range = await readRange(page, card);
  assert.deepEqual([range.start, range.duration, range.isValid, range.cardClass],
    [card.at, null, true, 'vn.phien.card']);
  assert.deepEqual([range.attributes['X-SKU'], range.attributes['X-TITLE']],
    [card.card.sku, card.card.title]);
}

async function assertRangeEnded(page, card, gone) {
  await page.watched.waitUntil('the end of the date range', (prefix) =>
    Object.entries(window.heard.ranges).some(([id, { duration }]) =>
      id.startsWith(prefix) && duration !== null), `card-${card.seq}-`);
  const range = await readRange(page, card);
  assert.ok(range.isValid, 'it was changed');
  assert.ok(Math.abs(range.duration * 1000 - (gone.at - card.at)) <= 1,
    `${range.duration} s, from ${card.pdt} to ${gone.pdt}`);
}

// From the first picture that is seen with the card, or should be.
async function assertHeardLate(t, page, card) {
  const [first] = await page.messages(card.seq);
  const [{ mediaTime }] = await page.watched.waitFrames(1);
  const pictureAt = await page.page.evaluate((time) => window.dateOf(time), mediaTime);
  const late = (first.date - Math.max(pictureAt, card.at)) / 1000;
  t.diagnostic(`said ${late.toFixed(2)} s after the first picture that is seen with it`);
  assert.ok(late <= LATE_S, `${late} s`);
}

// A segment of the MPEG-TS rendition as ffmpeg 5.1 reads it, which cuts five bytes off each tag.
async function assertFfmpegReadsId3(server, card) {
  const url = server.live(CHANNEL, 'ts/index.m3u8');
  const { segments } = parseMedia(await getText(url));
  const segment = segments.findLast(({ pdt }) => pdt <= card.at);
  const { body } = await request(new URL(segment.uri, url).href);
  const directory = mkdtempSync(join(tmpdir(), 'phien-players-'));
  const file = join(directory, 'segment.ts');
  try {
    writeFileSync(file, body);
    const { stdout } = await run('ffprobe', ['-loglevel', 'error', '-of', 'json', '-show_streams',
      '-show_packets', file]);
    const { streams, packets } = JSON.parse(stdout);
    assert.deepEqual(streams.map(({ codec_name: codec }) => codec).sort(),
      ['aac', 'h264', 'timed_id3']);
    const packet = packets.find(({ codec_type: type }) => type === 'data');
    const picture = packets.find(({ codec_type: type }) => type === 'video');
    const at = segment.pdt + (packet.pts_time - picture.pts_time) * 1000;
    assert.ok(Math.abs(at - card.at) <= FRAME_MS, `${at - card.at} ms after its time`);
    const { bytes } = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-i', file,
      '-map', '0:d', '-c', 'copy', '-f', 'data', '-']);
    const tagBytes = bytes.subarray(1, 5).reduce((size, byte) => size << 7 | byte, 0);
    assert.equal(Number(packet.size), tagBytes + 5, 'the tag is not whole');
    assert.ok(bytes.includes(`phien.overlay\0{"v":"phien.overlay/1","seq":${card.seq},`));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function assertFfmpegPlays(server) {
  const { stdout, stderr } = await run('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'error',
    '-xerror', '-i', server.live(CHANNEL, 'index.m3u8'), '-map', '0:v:0', '-map', '0:a:0',
    '-t', '3', '-f', 'framecrc', '-']);
  assert.equal(stderr, '');
  const pictures = stdout.split('\n').filter((line) => /^0,/.test(line)).length;
  assert.ok(pictures >= 60 && pictures <= 80, `${pictures} pictures in 3 s`);
}

// It tells of each buffer; 75 of them are three seconds of pictures. playbin, as its players are
// built on it: a pipeline linked by hand breaks when another variant is chosen.
async function assertGstreamerPlays(t, server) {
  const uri = server.live(CHANNEL, 'index.m3u8');
  const player = new Background(t, 'gst-launch-1.0', ['-v', 'playbin', `uri=${uri}`,
    'connection-speed=20000',
    'video-sink=fakesink name=v silent=false sync=true',
    'audio-sink=fakesink name=a silent=false sync=true']);
  const count = (name) => player.output.split(`${name}: last-message = chain`).length - 1;
  for await (const _ of player.child.stdout) {
    if (count('v') >= 75 && count('a') >= 75) {
      break;
    }
  }
  assert.ok(count('v') >= 75 && count('a') >= 75, player.output.slice(-3000));
  await player.kill();
}

// Captions of a stream that has ended, as ffmpeg writes them down: [{ start, end, text }] with the
// dates that the playlist gives these times.
async function readCaptions(server) {
  const url = server.live(CHANNEL, 'cards.m3u8');
  const [{ uri, pdt }] = parseMedia(await getText(url)).segments;
  const [, origin] = /LOCAL:([\d:.]+)/.exec(await getText(new URL(uri, url).href));
  const { stdout } = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-i', url,
    '-f', 'webvtt', '-']);
  const toMs = (time) => time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) * 1000;
  const toDate = (time) => pdt + toMs(time) - toMs(origin);
  return [...stdout.matchAll(/^([\d:.]+) --> ([\d:.]+).*\n((?:.+\n?)+)/gm)]
    .map(([, start, end, text]) => ({ start: toDate(start), end: toDate(end), text }));
}

test('cards in players', { concurrency: true }, async (t) => {
  const server = await Server.start(t, { channels: CHANNELS, publish: { linger_s: 1 } });
  const [browser, site, input] = await Promise.all([openBrowser(t), serveSite(t), source('long')]);
  const stall = new Stall(server);
  await stall.open();
  const publisher = pushWithFfmpeg(t, server.publishUrl(CHANNEL), input);
  await server.waitOnAir(CHANNEL);
  const open = (name, path) => PlayerPage.open(browser, site, name, server.live(CHANNEL, path));
  const pages = await Promise.all(PLAYERS.map(([, name, path]) => open(name, path)));
  await Promise.all(pages.map(({ watched }) => watched.waitFrames(5)));

  const card = await stall.show(PLUM);
  const ids = [];
  const shown = PLAYERS.map(([what, name], i) => t.test(`${what}: shown`, async () => {
    ids[i] = await assertShown(pages[i], card, what);
    if (name === 'hls') {
      await assertRange(pages[i], card);
    }
  }));
  // video.js stays so far behind that it hears of all this when the others have done.
  await Promise.all(shown.filter((_, i) => pages[i].name !== 'video'));

  await Promise.all([
    ...PLAYERS.slice(0, 2).map(([what, name, path]) => t.test(`${what}: late`, async (subtest) => {
      await assertHeardLate(subtest, await open(name, path), card);
    })),
    t.test('ffmpeg reads the ID3 tags of MPEG-TS', () => assertFfmpegReadsId3(server, card)),
    t.test('ffmpeg plays', () => assertFfmpegPlays(server)),
    t.test('GStreamer plays', (subtest) => assertGstreamerPlays(subtest, server)),
  ]);

  const gone = await stall.hide();
  await Promise.all(PLAYERS.map(([what, name], i) => t.test(`${what}: gone`, async () => {
    await shown[i];
    const id = await assertGone(pages[i], gone, what);
    assert.ok(id === undefined || id !== ids[i], `${id} is another message's id`);
    if (name === 'hls') {
      await assertRangeEnded(pages[i], card, gone);
    }
    assert.deepEqual(pages[i].watched.errors, []);
  })));

  await t.test('ffmpeg makes WebVTT of it', async () => {
    await publisher.stop();
    await server.waitForLog({ event: 'channel.end', channel: CHANNEL });
    const captions = await readCaptions(server);
    assert.match(captions[0].text, /^Mận hậu Mộc Châu\n45\.000 ₫\/kg/);
    assert.ok(Math.abs(captions[0].start - card.at) < 1000, `${captions[0].start - card.at} ms`);
    assert.ok(Math.abs(captions.at(-1).end - gone.at) < 1000, `${captions.at(-1).end - gone.at}`);
  });
});

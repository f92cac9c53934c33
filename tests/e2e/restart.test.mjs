// SPDX-License-Identifier: Apache-2.0
//
// The server is killed, or ended, and begun again, with viewers who go on with what they have: the
// numbers in playlists never go back, the channel is there at once with its slate, its card and its
// shelf, and a publisher that returns goes on. And what an operator is told of the state file.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Seller, sellers } from './lib/api.mjs';
import { LowLatencyViewer, PlainViewer, waitForPlaylist } from './lib/hls.mjs';
import { getJson, request } from './lib/http.mjs';
import { parseMedia } from './lib/m3u8.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { makeTemporaryDirectory, runPhien, Server, writeConfig } from './lib/server.mjs';
import { source } from './lib/source.mjs';

const directory = makeTemporaryDirectory();
after(() => rmSync(directory, { recursive: true }));

const CHANNELS = sellers('cho', 'ban');

// One server after another with the same ports and the same files, as a supervisor begins them.
class Market {
  constructor(t, name, config = {}) {
    this.t = t;
    this.state = join(directory, `${name}.state`);
    this.config = {
      channels: CHANNELS, state: this.state, ...config,
      overlay: { database: join(directory, `${name}.db`) },
    };
  }

  async begin() {
    this.server = await Server.start(this.t, { ...this.config, ports: this.server?.ports });
    return this.server;
  }

  async again(end = 'kill') {
    await this.server[end]();
    return this.begin();
  }

  async push(name = 'gop2', channel = 'cho') {
    const from = this.server.log.length;
    const publisher = pushWithFfmpeg(this.t, this.server.publishUrl(channel), await source(name),
      { loop: true });
    await this.server.waitOnAir(channel, { from });
    return publisher;
  }

  readState() {
    return JSON.parse(readFileSync(this.state, 'utf8'));
  }

  async playlist(channel = 'cho', path = 'av.m3u8') {
    return parseMedia(await waitForPlaylist(this.server.live(channel, path)));
  }
}

const countSegments = (viewer) => viewer.finished.length;

// A few segments more than there are.
async function watchOn(viewers, more = 2) {
  await Promise.all(viewers.map((viewer) => {
    const wanted = countSegments(viewer) + more;
    return viewer.watch(() => countSegments(viewer) >= wanted, { timeoutMs: 90000 });
  }));
}

// The same viewers, whose server is another run.
function goOn(viewers, server) {
  for (const viewer of viewers) {
    viewer.server = server;
    viewer.checker.restart();
  }
}

function newViewers(server) {
  return [
    new LowLatencyViewer(server, 'cho', 'av.m3u8', { reports: null }),
    new LowLatencyViewer(server, 'cho', 'audio.m3u8', { reports: null }),
    new PlainViewer(server, 'cho', 'ts/index.m3u8'),
    new PlainViewer(server, 'cho', 'plain/cards.m3u8'),
  ];
}

const epochOf = (playlist) => /av-([0-9a-z]+)-/.exec(playlist.segments.at(-1).map)[1];

async function checkRestarts(t, end) {
  const market = new Market(t, `restarts-${end}`);
  await market.begin();
  let publisher = await market.push();
  const viewers = newViewers(market.server);
  const seller = new Seller(market.server, 'cho');
  await seller.add('A1', { title: 'Mận hậu', stock: 5 });
  await seller.pin('A1');
  await watchOn(viewers);
  const epochs = new Set([epochOf(viewers[0].playlist)]);
  for (let round = 0; round < 3; round++) {
    const before = viewers[0].playlist;
    const server = await market.again(end);
    await publisher.kill();
    const { channels, resumed } = server.findLog({ event: 'state.open' });
    assert.deepEqual([channels, resumed], [2, 1]);
    assert.ok(server.findLog({ event: 'channel.resume', channel: 'cho', slate: 'landscape' }),
      server.tail());
    await server.waitForLog({ event: 'slate.begin', channel: 'cho' });
    goOn(viewers, server);
    // Whoever blocks for what would have come next is answered with what there is.
    const { msn } = before.segments.at(-1);
    const held = await request(`${server.live('cho', 'av.m3u8')}?_HLS_msn=${msn + 1}&_HLS_part=0`);
    assert.equal(held.status, 200, `${held.body}`);
    const first = parseMedia(held.body.toString('utf8'));
    assert.ok(first.mediaSequence > msn, `${first.mediaSequence} after ${msn}`);
    assert.equal(first.segments[0].isDiscontinuity, true, first.text);
    assert.equal(first.targetDuration, before.targetDuration);
    assert.ok(!epochs.has(epochOf(first)), `${[...epochs]} and ${epochOf(first)}`);
    epochs.add(epochOf(first));
    // What is named after the run before is gone for good.
    const old = await request(server.live('cho', before.segments.at(-2).uri));
    assert.equal(old.status, 404);
    const { card } = await new Seller(server, 'cho').get('card');
    assert.equal(card.sku, 'A1');
    assert.ok(first.dateRanges.some(({ 'X-SKU': sku }) => sku === 'A1'), first.text);
    const { live, away } = await getJson(server.live('cho', 'info.json'));
    assert.deepEqual([live, away], [false, true]);
    await watchOn(viewers, 1); // of the slate
    if (round !== 1) { // once nobody comes back in between
      publisher = await market.push(round === 0 ? 'gop2' : 'portrait');
      await watchOn(viewers);
    }
  }
  for (const viewer of viewers) {
    assert.deepEqual(viewer.allProblems, [], viewer.url);
  }
  viewers.slice(0, 2).forEach((viewer) => viewer.checkBytes());
  assert.equal((await new Seller(market.server, 'cho').get('shelf')).shelf[0].stock, 5);
}

// Numbers that are far ahead of what the wall clock gives, as after an evening with a bad line.
async function checkNumbers(t) {
  const market = new Market(t, 'numbers');
  const numbers = { next_msn: 900000000, next_discontinuity: 500000 };
  writeFileSync(market.state, JSON.stringify({ version: 1, channels: { cho: {
    noted_at: new Date().toISOString(), live: true, slate: 'portrait-silent', ...numbers } } }));
  await market.begin();
  let last = { msn: numbers.next_msn - 1, discontinuity: numbers.next_discontinuity - 1 };
  for (let round = 0; round < 4; round++) {
    const playlist = await market.playlist();
    const [first] = playlist.segments;
    assert.ok(first.msn > last.msn && first.msn < last.msn + 5000, `${first.msn}: ${last.msn}`);
    assert.ok(first.discontinuityNumber > last.discontinuity &&
      first.discontinuityNumber < last.discontinuity + 300, playlist.text);
    const { msn, discontinuityNumber: discontinuity } = playlist.segments.at(-1);
    last = { msn, discontinuity };
    await market.again();
  }
  // And none of it for a channel that was never on air.
  await market.again('stop');
  assert.ok(market.readState().channels.ban.next_msn < numbers.next_msn);
}

// There is nothing to list until somebody publishes, but that may still come.
async function checkWithoutSlate(t) {
  const market = new Market(t, 'no-slate', { publish: { slate: false, grace_s: 25 } });
  await market.begin();
  let publisher = await market.push();
  const { segments } = await market.playlist();
  let server = await market.again();
  await publisher.kill();
  assert.ok(server.findLog({ event: 'channel.resume', channel: 'cho' }), server.tail());
  assert.equal((await request(server.live('ban', 'av.m3u8'))).status, 404);
  const { live, away } = await getJson(server.live('cho', 'info.json'));
  assert.deepEqual([live, away], [false, true]);
  const { status } = await request(server.live('cho', 'av.m3u8'));
  assert.equal(status, 503);
  // Who is held when the publisher comes is answered then.
  const held = request(server.live('cho', 'av.m3u8'));
  publisher = await market.push();
  const playlist = parseMedia(await waitForPlaylist(server.live('cho', 'av.m3u8')));
  assert.equal((await held).status, 200);
  assert.ok(playlist.mediaSequence > segments.at(-1).msn, playlist.text);
  assert.equal(playlist.segments[0].isDiscontinuity, true, playlist.text);
  // Nobody comes: at the end of the grace period it is over, and stays so.
  server = await market.again();
  await publisher.kill();
  const waiting = request(server.live('cho', 'av.m3u8'));
  assert.ok([503, 404].includes((await waiting).status));
  await server.waitForLog({ event: 'channel.end', channel: 'cho' });
  assert.equal((await request(server.live('cho', 'av.m3u8'))).status, 404);
  server = await market.again('stop');
  assert.equal(server.findLog({ event: 'state.open' }).resumed, 0);
  assert.equal((await request(server.live('cho', 'av.m3u8'))).status, 404);
}

async function checkFile(t) {
  const market = new Market(t, 'folder/file');
  market.config.overlay = {};
  const path = writeConfig(directory, { state: market.state, rtmp: { listen: '127.0.0.1:0' },
    srt: { listen: '' }, http: { listen: '127.0.0.1:0' }, channels: CHANNELS }, 'check.yaml');
  const checked = await runPhien(['-c', path, '--check']);
  assert.equal(checked.code, 0, checked.stderr);
  assert.ok(!existsSync(join(directory, 'folder')), 'to check is not to begin');
  await market.begin();
  assert.equal(market.server.findLog({ event: 'state.open' }).path, market.state);
  await market.server.stop();
  assert.equal(statSync(market.state).mode & 0o007, 0, 'others may not read it');
  assert.deepEqual(Object.keys(market.readState().channels).sort(), ['ban', 'cho']);
  assert.doesNotMatch(readFileSync(market.state, 'utf8'), /key-of|token-of/);
  // One of a newer phien is put aside.
  const newer = readFileSync(market.state, 'utf8').replace('"version": 1', '"version": 9');
  writeFileSync(market.state, newer);
  const server = await market.begin();
  const { level, reason } = server.findLog({ event: 'state.unreadable' });
  assert.deepEqual([level, reason], ['warn', 'it is of version 9, of a newer phien']);
  assert.equal(readFileSync(`${market.state}.unreadable`, 'utf8'), newer);
  await server.stop();
  assert.equal(market.readState().version, 1);
}

async function checkUnusable() {
  const inTheWay = join(directory, 'in-the-way');
  mkdirSync(inTheWay);
  for (const state of [inTheWay, '/sys/phien.state', join(inTheWay, '../unusable.yaml/a')]) {
    const path = writeConfig(directory, { state, rtmp: { listen: '127.0.0.1:0' },
      srt: { listen: '' }, http: { listen: '127.0.0.1:0' }, overlay: { database: '' },
      channels: CHANNELS }, 'unusable.yaml');
    const { code, stderr } = await runPhien(['-c', path]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /level=error event=state\.failed path=\S+ reason=".*" hint=".*state/);
  }
}

const CASES = {
  'killed': (t) => checkRestarts(t, 'kill'), 'ended': (t) => checkRestarts(t, 'stop'),
  'numbers ahead of the clock': checkNumbers, 'no slate': checkWithoutSlate,
  'the state file': checkFile, 'a state file that cannot be used': checkUnusable,
};

test('restart', { concurrency: 2 }, (t) => Promise.all(Object.entries(CASES)
  .map(([what, check]) => t.test(what, check))));

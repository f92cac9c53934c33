// SPDX-License-Identifier: Apache-2.0
//
// Low-latency HLS as strict players want it: a viewer of each rendition watches by the rules for a
// while, then the rules of requests and of HTTP are gone through one by one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { checkTogether } from './lib/conformance.mjs';
import { LowLatencyViewer, PlainViewer, waitForPlaylist } from './lib/hls.mjs';
import { getText, request } from './lib/http.mjs';
import {
  finishedSegments, lastFinished, lastPosition, parseMedia, parseMultivariant,
} from './lib/m3u8.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';

// Short, so that segments leave the window, and deltas have something to skip, within the test.
const HLS = { part_ms: 200, segment_ms: 1000, window_s: 10 };
const TARGET_DURATION_S = 1;
const HOLD_S = 3 * TARGET_DURATION_S;
const WATCH_S = 16;

function quantile(values, q) {
  return [...values].sort((a, b) => a - b)[Math.floor(q * (values.length - 1))];
}

function describe(values) {
  return [0.5, 0.95, 1].map((q) => `${quantile(values, q).toFixed(1)}`).join(' / ');
}

const now = async (server, path = 'av.m3u8') =>
  parseMedia(await getText(server.live('cho', path)));

// Watches until the viewer has seen so many seconds of new parts.
function watchFor(viewer, seconds) {
  return viewer.watch(async () => {
    if (viewer.hintsMet % 8 === 7) {
      await viewer.followReports();
    }
    return viewer.delaysMs.length * HLS.part_ms >= seconds * 1000;
  });
}

async function checkViewers(t, server) {
  const av = new LowLatencyViewer(server, 'cho', 'av.m3u8');
  const audio = new LowLatencyViewer(server, 'cho', 'audio.m3u8');
  const plain = new PlainViewer(server, 'cho', 'plain/av.m3u8');
  const ts = new PlainViewer(server, 'cho', 'ts/index.m3u8');
  let isDone = false;
  const cards = new PlainViewer(server, 'cho', 'cards.m3u8');
  const plainCards = new PlainViewer(server, 'cho', 'plain/cards.m3u8');
  const others = [plain, ts, cards, plainCards];
  const plainViewers = others.map((viewer) => viewer.watch(() => isDone));
  await Promise.all([watchFor(av, WATCH_S), watchFor(audio, WATCH_S)]);
  isDone = true;
  await Promise.all(plainViewers);

  for (const viewer of [av, audio]) {
    viewer.checkBytes();
    const name = viewer.checker.name;
    t.diagnostic(`${name}: ${viewer.checker.states} states, ${viewer.hintsMet} hints met, ` +
      `${viewer.deltas} deltas compared, ${viewer.reportsFollowed} reports followed`);
    t.diagnostic(`${name}: from the date of a part's end to its being listed, p50 / p95 / max: ` +
      `${describe(viewer.delaysMs)} ms`);
    assert.equal(viewer.timeouts, 0, `${name}: reloads were held in vain`);
    assert.ok(viewer.hintsMet > 20, `${name}: ${viewer.hintsMet} hints met`);
    assert.ok(viewer.deltas > 5, `${name}: ${viewer.deltas} deltas compared`);
    assert.ok(viewer.reportsFollowed > 1, `${name}: ${viewer.reportsFollowed} reports followed`);
    assert.ok(quantile(viewer.delaysMs, 0.5) < 1000, `${name}: parts come late`);
    assert.ok(Math.max(...viewer.reloadsMs) < HOLD_S * 1000, `${name}: a reload took too long`);
  }
  assert.deepEqual([av, audio, ...others].flatMap(({ allProblems }) => allProblems), []);
  assert.deepEqual(checkTogether({
    av: av.playlist,
    audio: audio.playlist,
    plain: plain.playlist,
    ts: ts.playlist,
    cards: cards.playlist,
    plainCards: plainCards.playlist,
  }, { aligned: ['plain', 'ts', 'cards', 'plainCards'] }), []);
  for (const { uri, msn } of finishedSegments(cards.playlist)) {
    assert.match(String(await cards.fetch(uri)), /^WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:\d+,LOCAL:/,
      `${msn}`);
  }
}

async function checkMultivariant(server) {
  for (const folder of ['', 'plain/']) {
    const playlist = parseMultivariant(await getText(server.live('cho', `${folder}index.m3u8`)));
    assert.deepEqual(playlist.errors, []);
    assert.deepEqual(playlist.variants.map(({ uri }) => uri), ['av.m3u8', 'audio.m3u8']);
    const [av, audio] = playlist.variants.map(({ attributes }) => attributes);
    assert.match(av.CODECS, /^avc1\.[0-9a-f]{6},mp4a\.40\.2$/);
    assert.equal(audio.CODECS, 'mp4a.40.2');
    assert.equal(av.RESOLUTION, '426x240');
    assert.equal(av['FRAME-RATE'], '25.000');
    const [captions] = playlist.media;
    assert.deepEqual([captions.TYPE, captions.LANGUAGE, captions.URI, captions.NAME],
      ['SUBTITLES', 'vi', 'cards.m3u8', 'Giỏ hàng']);
    assert.deepEqual([av.SUBTITLES, audio.SUBTITLES],
      [captions['GROUP-ID'], captions['GROUP-ID']]);
    assert.ok(Number(av.BANDWIDTH) >= Number(av['AVERAGE-BANDWIDTH']));
    assert.ok(Number(av.BANDWIDTH) > 100000 && Number(av.BANDWIDTH) < 2000000, av.BANDWIDTH);
    assert.ok(Number(audio.BANDWIDTH) < Number(av.BANDWIDTH));
  }
}

// The directives of RFC 8216bis section 6.2.5.2 that must be refused, and those that must not.
async function checkDirectives(server) {
  const last = lastFinished(await now(server)).msn;
  const refused = ['_HLS_part=1', '_HLS_msn=-1', '_HLS_msn=x', '_HLS_msn=', '_HLS_msn=1.5',
    '_HLS_msn=%2B1', '_HLS_msn=99999999999999999999', `_HLS_msn=${last}&_HLS_part=x`,
    `_HLS_msn=${last}&_HLS_part=-1`, `_HLS_msn=${last + 10}`, `_HLS_msn=${last + 10}&_HLS_part=0`];
  for (const query of refused) {
    const { status, headers, body } = await request(server.live('cho', `av.m3u8?${query}`));
    assert.equal(status, 400, `${query}: ${body}`);
    assert.match(headers['content-type'], /^application\/problem\+json/);
    assert.equal(JSON.parse(body).status, 400);
  }
  const accepted = [`_HLS_msn=${last}`, '_HLS_msn=0', `_HLS_msn=${last}&_HLS_part=0`,
    `_HLS_msn=${last}&_HLS_part=99`, `_HLS_msn=${last + 1}&_HLS_part=999`, '_HLS_skip=YES',
    '_HLS_skip=v2', '_HLS_skip=NO', '_HLS_other=7', 'token=abc', `_HLS_msn=${last}&token=a%20b`];
  for (const query of accepted) {
    const { status, body } = await request(server.live('cho', `av.m3u8?${query}`));
    assert.equal(status, 200, `${query}: ${body}`);
    assert.doesNotMatch(body.toString(), /_HLS_|token/, 'queries are not to be reflected');
  }
  // Only playlists that offer to be blocked for obey.
  for (const path of ['plain/av.m3u8', 'ts/index.m3u8', 'index.m3u8']) {
    const { status } = await request(server.live('cho', `${path}?_HLS_msn=${last + 100}`));
    assert.equal(status, 200, path);
  }
}

async function checkMissing(server) {
  const playlist = await now(server);
  const [first] = playlist.segments;
  const hint = playlist.hints[0].uri;
  const number = Number(/p(\d+)\.m4s$/.exec(hint)[1]);
  const missing = ['', 'x.m3u8', 'av.m3u', 'AV.m3u8', 'ts/av.m3u8', 'plain/ts/index.m3u8',
    first.uri.replace(/\d+\.m4s/, `${first.msn + 1000}.m4s`),
    first.uri.replace(/\d+\.m4s/, `${first.msn - 1000}.m4s`),
    first.uri.replace(/^av-[^-]+/, 'av-0'), first.uri.replace('av-', 'ts-'),
    hint.replace(`p${number}`, `p${number + 50}`), hint.replace(`p${number}`, 'p'),
    playlist.segments.at(-1).map.replace(/i\d+/, 'i99'), '..%2f..%2fetc%2fpasswd',
    '../../../etc/passwd'];
  for (const path of missing) {
    const { status } = await request(server.live('cho', path));
    assert.equal(status, 404, path);
  }
  const elsewhere = ['/live/unknown/av.m3u8', '/live/', '/live', '/', '/watch', '/assets/x.js'];
  for (const url of elsewhere) {
    assert.equal((await request(server.httpUrl + url)).status, 404, url);
  }
}

// [path, what Cache-Control must say]; by RFC 8216bis appendix B and the life of each thing.
async function checkCaching(server) {
  const playlist = await now(server);
  const [segment] = playlist.segments;
  const part = playlist.segments.at(-2).parts[0];
  const ts = await now(server, 'ts/index.m3u8');
  const last = lastFinished(playlist).msn;
  const wanted = [
    ['av.m3u8', 200, /max-age=1\b/],
    ['index.m3u8', 200, /max-age=1\b/],
    [`av.m3u8?_HLS_msn=${last}&_HLS_part=0`, 200, /max-age=6\b/],
    [`av.m3u8?_HLS_msn=${last + 10}`, 400, /max-age=4\b/],
    ['none.m3u8', 404, /max-age=1\b/],
    [segment.uri, 200, /max-age=\d{5,}.*immutable/],
    [part.uri, 200, /max-age=\d{5,}.*immutable/],
    [segment.map, 200, /max-age=\d{5,}.*immutable/],
    [`ts/${ts.segments[0].uri}`, 200, /max-age=\d{5,}.*immutable/],
  ];
  for (const [path, status, pattern] of wanted) {
    const answer = await request(server.live('cho', path));
    assert.equal(answer.status, status, path);
    assert.match(answer.headers['cache-control'] ?? '', pattern, path);
  }
  const types = [['av.m3u8', /^application\/vnd\.apple\.mpegurl$/], [segment.uri, /^video\/mp4$/],
    [part.uri, /^video\/mp4$/], [segment.map, /^video\/mp4$/],
    [`ts/${ts.segments[0].uri}`, /^video\/mp2t$/],
    [(await now(server, 'cards.m3u8')).segments[0].uri, /^text\/vtt; charset=utf-8$/],
    [(await now(server, 'audio.m3u8')).segments[0].uri, /^audio\/mp4$/]];
  for (const [path, pattern] of types) {
    assert.match((await request(server.live('cho', path))).headers['content-type'], pattern, path);
  }
}

async function checkHead(server) {
  const { segments } = await now(server);
  const paths = ['index.m3u8', segments[0].uri, segments[0].map, segments.at(-2).parts[0].uri];
  for (const path of paths) {
    const get = await request(server.live('cho', path));
    const head = await request(server.live('cho', path), { method: 'HEAD' });
    assert.equal(head.status, 200, path);
    assert.equal(head.body.length, 0);
    assert.equal(head.headers['content-length'], String(get.body.length), path);
    assert.equal(head.headers['content-type'], get.headers['content-type']);
  }
}

function assertCors(answer, what) {
  const { headers } = answer;
  assert.equal(headers['access-control-allow-origin'], '*', `${what}: ${answer.status}`);
  assert.match(headers['access-control-expose-headers'] ?? '', /Date/, what);
  assert.equal(headers['timing-allow-origin'], '*', what);
  assert.equal(headers['cross-origin-resource-policy'], 'cross-origin', what);
}

async function checkCors(server) {
  const { segments } = await now(server);
  const [{ uri }] = segments;
  const origin = { Origin: 'https://market.example' };
  const cases = [
    [200, 'av.m3u8', {}], [200, uri, {}],
    [206, uri, { headers: { ...origin, Range: 'bytes=0-9' } }],
    [416, uri, { headers: { ...origin, Range: 'bytes=99999999-' } }],
    [400, 'av.m3u8?_HLS_part=1', {}], [404, 'none', {}], [405, 'av.m3u8', { method: 'POST' }],
    [204, 'av.m3u8', { method: 'OPTIONS' }], [204, uri, { method: 'OPTIONS' }],
  ];
  for (const [status, path, options] of cases) {
    const answer = await request(server.live('cho', path), { headers: origin, ...options });
    assert.equal(answer.status, status, `${path}: ${answer.body.subarray(0, 200)}`);
    assertCors(answer, path);
    if (status === 204 || status === 405) {
      assert.match(answer.headers.allow, /GET.*HEAD.*OPTIONS/);
      assert.match(answer.headers['access-control-allow-methods'], /GET, HEAD, OPTIONS/);
      assert.match(answer.headers['access-control-allow-headers'], /Range/);
    }
  }
  const unknown = await request(`${server.httpUrl}/live/unknown/av.m3u8`, { headers: origin });
  assertCors(unknown, 'an unknown channel');
}

async function checkGzip(server) {
  const get = (path, accept) => request(server.live('cho', path),
    { headers: accept === null ? {} : { 'Accept-Encoding': accept } });
  // The last but one is what Chrome's media element sends, and what servers fell over.
  const cases = [['gzip', true], ['gzip, deflate, br', true], ['*', true], ['gzip;q=0.5', true],
    ['gzip;q=0', false], ['br', false], ['', false], ['identity;q=1, *;q=0', false], [null, false]];
  for (const [accept, isGzip] of cases) {
    const { headers, body } = await get('av.m3u8', accept);
    assert.equal(headers['content-encoding'], isGzip ? 'gzip' : undefined, `"${accept}"`);
    assert.match(headers.vary ?? '', /Accept-Encoding/i);
    const text = (isGzip ? gunzipSync(body) : body).toString();
    assert.deepEqual(parseMedia(text).errors, []);
    assert.equal(headers['content-length'], String(body.length));
  }
  const { segments } = await now(server);
  const media = await get(segments[0].uri, 'gzip');
  assert.equal(media.headers['content-encoding'], undefined);
}

async function checkRanges(server) {
  const { segments } = await now(server);
  const url = server.live('cho', segments.at(-2).uri);
  const whole = (await request(url)).body;
  const size = whole.length;
  const cases = [['bytes=0-99', 0, 99], ['bytes=100-', 100, size - 1], ['bytes=-10', size - 10,
    size - 1], [`bytes=5-${size + 5}`, 5, size - 1], [`bytes=${size - 1}-`, size - 1, size - 1],
  // Over the borders of the parts that the segment is joined of.
  ['bytes=1000-30000', 1000, 30000]];
  for (const [range, first, last] of cases) {
    const { status, headers, body } = await request(url, { headers: { Range: range } });
    assert.equal(status, 206, range);
    assert.equal(headers['content-range'], `bytes ${first}-${last}/${size}`);
    assert.ok(body.equals(whole.subarray(first, last + 1)), `${range}: other bytes`);
  }
  for (const range of [`bytes=${size}-`, 'bytes=-0']) {
    const { status, headers } = await request(url, { headers: { Range: range } });
    assert.equal(status, 416, range);
    assert.equal(headers['content-range'], `bytes */${size}`);
  }
  for (const range of ['bytes=x-y', 'bits=0-1', 'bytes=9-3', 'bytes=0-1,5-9']) {
    const { status, body } = await request(url, { headers: { Range: range } });
    assert.equal(status, 200, `${range} is to be ignored`);
    assert.equal(body.length, size);
  }
}

// When nothing comes any more, what is held is let go in time: 503 for a playlist, which is worth
// another try, 404 for a part.
async function checkHolds(server, publisher) {
  await publisher.kill();
  await server.waitPublishStop('cho');
  const playlist = await now(server);
  const { msn, part } = lastPosition(playlist);
  const hint = playlist.hints[0].uri;
  const held = await Promise.all([
    request(server.live('cho', `av.m3u8?_HLS_msn=${msn + 1}&_HLS_part=0`)),
    request(server.live('cho', `audio.m3u8?_HLS_msn=${msn + 1}`)),
    request(server.live('cho', hint)),
  ]);
  assert.deepEqual(held.map(({ status }) => status), [503, 503, 404], `after ${msn}.${part}`);
  for (const { status, ms, headers } of held) {
    assert.ok(ms > HOLD_S * 900 && ms < HOLD_S * 1000 + 5000, `${status} after ${ms} ms`);
    assert.equal(headers['access-control-allow-origin'], '*');
    if (status === 503) {
      assert.equal(headers['cache-control'], 'no-store');
    }
  }
}

test('low-latency HLS', async (t) => {
  const server = await Server.start(t, { hls: HLS, publish: { slate: false } });
  const publisher = pushWithFfmpeg(t, server.publishUrl('cho'), await source('plain'),
    { loop: true });
  await waitForPlaylist(server.live('cho', 'av.m3u8'));

  await t.test('viewers of all renditions', (subtest) => checkViewers(subtest, server));
  await t.test('the multivariant playlist', () => checkMultivariant(server));
  await t.test('directives', () => checkDirectives(server));
  await t.test('what is not there', () => checkMissing(server));
  await t.test('what caches are told', () => checkCaching(server));
  await t.test('HEAD', () => checkHead(server));
  await t.test('CORS on every answer', () => checkCors(server));
  await t.test('gzip', () => checkGzip(server));
  await t.test('ranges', () => checkRanges(server));
  await t.test('holds end', () => checkHolds(server, publisher));
});

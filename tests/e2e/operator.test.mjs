// SPDX-License-Identifier: Apache-2.0
//
// More of what operate.test.mjs is about, in depth: what is said of bad configs, how metrics and
// state follow a publisher, each field of the log, secrets in every place where they may stand, the
// end by either signal, a takeover as viewers see it, and the pages.

import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { LowLatencyViewer, waitForPlaylist } from './lib/hls.mjs';
import { RawConnection, request } from './lib/http.mjs';
import { parseMedia } from './lib/m3u8.mjs';
import { pushWithFfmpeg, pushWithPusher } from './lib/push.mjs';
import {
  ADMIN_TOKEN, AS_SENT, CHANNELS, IS_SANITIZED, makeTemporaryDirectory, parseMetrics, PATIENCE_MS,
  runPhien, Server, writeConfig,
} from './lib/server.mjs';
import { source } from './lib/source.mjs';

const CHANNEL = 'cho';

// With sanitizers a busy machine may take its time.
const EXIT_MS = IS_SANITIZED ? PATIENCE_MS : 5000;

function temporaryDirectory(t) {
  const directory = makeTemporaryDirectory();
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

// Asks until `look()` gives something.
async function until(what, look, timeoutMs = PATIENCE_MS) {
  const deadline = performance.now() + timeoutMs;
  let found = await look();
  while (!found) {
    assert.ok(performance.now() < deadline, `no ${what} in ${timeoutMs} ms`);
    await pause(50);
    found = await look();
  }
  return found;
}

// Every line of the log in its format, strictly: { time, level, event, ... } of each.
const LOGFMT = /^(?:[a-z_]+=(?:"(?:[^"\\]|\\.)*"|[^\s"=\\]+)(?: |$))+$/;

function checkLines(server) {
  assert.ok(server.lines.length > 0, 'the log is empty');
  server.lines.forEach((line, i) => {
    if (server.config.log.format === 'json') {
      assert.doesNotThrow(() => JSON.parse(line), line);
    } else {
      assert.match(line, LOGFMT);
      assert.ok(!line.endsWith(' '), line);
    }
    const { time, level, event } = server.log[i];
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, line);
    assert.match(level, /^(error|warn|info|debug)$/, line);
    assert.match(event, /^[a-z]+\.[a-z_]+$/, line);
  });
}

/* ---- the command line ---- */

const GOOD = 'channels:\n  - name: cho\n    key: key-of-cho-7f3a\n';
const KEYS_OF_RTMP = 'listen, max_connections_per_ip, max_bitrate_kbps';

// [the file, what is said of it after its name]
const BAD = [
  [`rtmp:\n  lisen: "*:1935"\n${GOOD}`,
    `:2: rtmp.lisen: unknown key; did you mean "listen"? (allowed: ${KEYS_OF_RTMP})`],
  [`hls:\n  part_ms: 5000\n${GOOD}`, ':2: hls.part_ms: 5000 is out of range; write a number of ' +
    'milliseconds from 100 to 1000'],
  [`hls:\n  part_ms: "250"\n${GOOD}`, ':2: hls.part_ms: "250" is a text because of its quotes; ' +
    'write a number of milliseconds from 100 to 1000'],
  [`log:\n  level: loud\n${GOOD}`,
    ':2: log.level: "loud" is not known; write error, warn, info or debug'],
  [`http:\n  listen: localhost\n${GOOD}`, ':2: http.listen: "localhost" is not right; write ' +
    '"IPV4:PORT", "[IPV6]:PORT" or "*:PORT"'],
  [`workers: 1\nworkers: 2\n${GOOD}`, ':2: workers: is there twice; the first is in line 1'],
  [`hls:\n\tpart_ms: 250\n${GOOD}`,
    ':2: not valid YAML: a tab at the start of the line; indent with spaces'],
  [`hls:\n  segment_ms: 5000\n  window_s: 6\n${GOOD}`, ':3: hls.window_s: 6 is less than three ' +
    'segments of 5000 ms; write 15 or more, or a smaller hls.segment_ms'],
  ['workers: 2\n',
    ': channels: missing; write a list of at least one channel with its name and key'],
  [`${GOOD}  - name: ban\n    key: key-of-cho-7f3a\n`,
    ':5: channels[1].key: the same key as channels[0]; each channel needs its own'],
  // What is wrong with a secret is told without telling the secret.
  ['channels:\n  - name: cho\n    key: a/secret\n', ':3: channels[0].key: has a character that ' +
    'is not allowed; write 4 to 128 printable ASCII characters without spaces and without ' +
    '/ ? & = # %'],
];

test('--check tells what is wrong, and where', async (t) => {
  const directory = temporaryDirectory(t);
  for (const [yaml, message] of BAD) {
    const path = writeConfig(directory, yaml);
    // The same without --check: phien doesn't start with half a config.
    for (const args of [['-c', path, '--check'], ['--config', path]]) {
      assert.deepEqual(await runPhien(args),
        { code: 1, stdout: '', stderr: `phien: ${path}${message}\n` });
    }
  }
  const missing = join(directory, 'nowhere.yaml');
  assert.deepEqual(await runPhien(['-c', missing, '--check']), { code: 1, stdout: '',
    stderr: `phien: ${missing}: cannot be read: No such file or directory\n` });
  mkdirSync(missing);
  assert.deepEqual(await runPhien(['-c', missing, '--check']), { code: 1, stdout: '',
    stderr: `phien: ${missing}: cannot be read: Is a directory\n` });
});

test('--check accepts what is right', async (t) => {
  const directory = temporaryDirectory(t);
  const files = [[GOOD, '1 channel'], [{ channels: CHANNELS }, '3 channels']];
  for (const [config, count] of files) {
    const path = writeConfig(directory, config);
    assert.deepEqual(await runPhien(['--check', '-c', path]),
      { code: 0, stdout: `${path}: right, ${count}\n`, stderr: '' });
  }
});

test('the command line', async () => {
  const version = await runPhien(['--version']);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^phien \d+\.\d+\.\d+\n$/);
  for (const option of ['--help', '-h']) {
    const { code, stdout, stderr } = await runPhien([option]);
    assert.deepEqual([code, stderr], [0, '']);
    for (const word of ['Usage: phien', '--config FILE', '--check', '--version', '--help']) {
      assert.ok(stdout.includes(word), `${option} does not mention ${word}`);
    }
  }
  const wrong = [
    [[], /^phien: which config file\? Give -c FILE\n\nUsage: phien -c FILE/],
    [['--check'], /^phien: which config file\? Give -c FILE\n/],
    [['-c', 'a.yaml', 'b.yaml'], /^phien: an argument too many\n/],
    [['-c'], /option requires an argument.*\nTry: phien --help\n$/],
    [['--chekc'], /unrecognized option '--chekc'\nTry: phien --help\n$/],
  ];
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await runPhien(args);
    assert.deepEqual([code, stdout], [2, ''], `phien ${args.join(' ')}`);
    assert.match(stderr, message);
  }
});

/* ---- metrics and state ---- */

// Each metric once, with its help and its type, its samples after them.
function checkExposition(text) {
  const types = new Map();
  const helped = new Set();
  let current = null;
  assert.ok(text.endsWith('\n'));
  for (const line of text.trimEnd().split('\n')) {
    const [, keyword, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      assert.ok(!helped.has(name), `${name} has two HELP lines`);
      helped.add(name);
    } else if (keyword === 'TYPE') {
      assert.match(rest, /^(counter|gauge)$/, line);
      assert.ok(helped.has(name) && !types.has(name), `${name} has another TYPE, or no HELP`);
      assert.equal(rest === 'counter', name.endsWith('_total'), line);
      types.set(name, rest);
      current = name;
    } else {
      assert.equal(/^\w+/.exec(line)[0], current, `${line} does not stand below its TYPE`);
    }
  }
  return types;
}

async function readMetrics(server) {
  const { status, headers, body } = await request(`${server.httpUrl}/metrics`);
  assert.equal(status, 200);
  assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const types = checkExposition(body.toString());
  return { types, samples: parseMetrics(body.toString()) };
}

const GROW = ['phien_ingest_bytes_total', 'phien_ingest_packets_total{kind="video"}',
  'phien_ingest_packets_total{kind="audio"}', 'phien_segments_total', 'phien_parts_total',
  'phien_packaged_bytes_total', 'phien_snapshots_total', 'phien_http_sent_bytes_total',
  'phien_http_requests_total{status="200"}'];

// What there is of publishers while one is on air, and that nothing is left of it afterwards.
const PRESENT = ['phien_channels_on_air', 'phien_sessions{protocol="rtmp"}',
  'phien_rtmp_connections'];

test('metrics move with a publish', async (t) => {
  const server = await Server.start(t);
  const before = await readMetrics(server);
  assert.equal(before.samples.get('phien_channels'), CHANNELS.length);
  assert.deepEqual(PRESENT.map((name) => before.samples.get(name)), [0, 0, 0]);

  const publisher = pushWithFfmpeg(t, server.publishUrl(CHANNEL), await source('plain'),
    { loop: true });
  await waitForPlaylist(server.live(CHANNEL, 'av.m3u8'));
  const during = await until('metrics that have grown', async () => {
    const { samples } = await readMetrics(server);
    return GROW.every((name) => samples.get(name) > before.samples.get(name)) && samples;
  });
  assert.deepEqual(PRESENT.map((name) => during.get(name)), [1, 1, 1]);

  await publisher.stop();
  await server.waitPublishStop(CHANNEL);
  const after = await until('metrics without a publisher', async () => {
    const { samples } = await readMetrics(server);
    return PRESENT.every((name) => samples.get(name) === 0) && samples;
  });
  for (const [name, value] of after) {
    const isCounter = before.types.get(/^\w+/.exec(name)[0]) === 'counter';
    assert.ok(Number.isInteger(value) && value >= 0, `${name} ${value}`);
    assert.ok(!isCounter || value >= during.get(name), `${name} went back to ${value}`);
  }
  const closed = (reason) => after.get(`phien_sessions_closed_total{reason="${reason}"}`);
  assert.equal(closed('unpublish') + closed('peer_closed'), 1);
  const { stop } = await findSession(server);
  assert.equal(after.get('phien_ingest_packets_total{kind="video"}'), Number(stop.video_packets));
});

const askChannels = (server, authorization) => request(`${server.httpUrl}/api/v1/channels`,
  { headers: authorization === null ? {} : { Authorization: authorization } });

async function checkRefusals(server) {
  const wrong = [null, '', 'Bearer', 'Bearer ', 'Bearer wrong', ADMIN_TOKEN,
    `Bearer ${ADMIN_TOKEN}x`, `Bearer ${ADMIN_TOKEN.slice(0, -1)}`, `Bearer x${ADMIN_TOKEN}`,
    `Basic ${ADMIN_TOKEN}`, `Bearer ${server.key(CHANNEL)}`];
  for (const authorization of wrong) {
    const { status, headers, body } = await askChannels(server, authorization);
    assert.equal(status, 401, `Authorization: ${authorization}`);
    assert.match(headers['www-authenticate'], /^Bearer /);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.equal(JSON.parse(body).status, 401);
  }
  const inQuery = await request(`${server.httpUrl}/api/v1/channels?token=${ADMIN_TOKEN}`);
  assert.equal(inQuery.status, 401);
}

test('/healthz and /api/v1/channels', async (t) => {
  const server = await Server.start(t);
  const health = await request(`${server.httpUrl}/healthz`);
  assert.deepEqual([health.status, health.body.toString()], [200, 'ok\n']);
  await checkRefusals(server);
  // The scheme's case means nothing (RFC 9110 section 11.1).
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    const { status, headers } = await askChannels(server, `${scheme} ${ADMIN_TOKEN}`);
    assert.deepEqual([status, headers['content-type']], [200, 'application/json'], scheme);
  }
  const idle = await server.channels();
  assert.deepEqual(Object.keys(idle), CHANNELS.map(({ name }) => name));
  assert.equal(idle.cho.title, 'Chợ phiên');
  assert.deepEqual(Object.values(idle).map(({ on_air: onAir, session, video, audio }) =>
    [onAir, session, video, audio]), CHANNELS.map(() => [false, null, null, null]));

  const publisher = pushWithFfmpeg(t, server.publishUrl(CHANNEL), await source('plain'),
    { loop: true });
  await waitForPlaylist(server.live(CHANNEL, 'av.m3u8'));
  const { session: id } = await server.waitOnAir(CHANNEL);
  const { cho } = await until('bitrate', async () => {
    const channels = await server.channels();
    return channels.cho.bitrate_bps > 0 && channels.cho.fps > 0 && channels;
  });
  assert.equal(cho.on_air, true);
  assert.deepEqual([cho.video.codec, cho.video.width, cho.video.height], ['h264', 426, 240]);
  assert.match(cho.video.codecs, /^avc1\.[0-9a-fA-F]{6}$/);
  assert.deepEqual(cho.audio, { codec: 'aac', codecs: 'mp4a.40.2', sample_rate: 48000 });
  assert.deepEqual([cho.session.id, cho.session.protocol, cho.session.jumps], [id, 'rtmp', 0]);
  assert.match(cho.session.application, /Lavf/);
  assert.ok(cho.session.video_packets > 0 && cho.session.bytes > 0 && cho.media_bytes > 0);
  assert.ok(Math.abs(Date.parse(cho.session.since) - Date.now()) < 2 * PATIENCE_MS);

  await publisher.stop();
  await server.waitPublishStop(CHANNEL);
  const after = await server.channels();
  assert.deepEqual([after.cho.on_air, after.cho.session], [false, null]);
});

/* ---- the log ---- */

// The lines that tell an operator of the newest session of a channel.
async function findSession(server, channel = CHANNEL) {
  const stop = await server.waitPublishStop(channel);
  const [start, onAir] = ['publish.start', 'channel.on_air'].map((event) =>
    server.findLog({ event, channel, session: stop.session }));
  assert.ok(start && onAir, `no lines of session ${stop.session}:\n${server.tail()}`);
  return { start, onAir, stop };
}

function checkPicture({ video, audio, width, height, fps }) {
  assert.deepEqual([video, audio, Number(width), Number(height)], ['h264', 'aac', 426, 240]);
  assert.ok(Math.abs(Number(fps) - 25) < 1, `${fps} pictures a second`);
}

for (const format of ['text', 'json']) {
  test(`the log as ${format} tells of a session`, async (t) => {
    const server = await Server.start(t, { log: { format } });
    const publisher = pushWithFfmpeg(t, server.publishUrl(CHANNEL), await source('plain'));
    await publisher.finish();
    const { start, onAir, stop } = await findSession(server);

    assert.match(start.session, /^[0-9a-f]{8,}$/);
    assert.deepEqual([start.level, start.protocol], ['info', 'rtmp']);
    assert.match(start.peer, /^127\.0\.0\.1:\d+$/);
    assert.ok(start.application.length > 0);
    const application = server.findLog({ event: 'publish.application', session: start.session });
    assert.match(application.application, /^Lavf/);
    checkPicture(onAir);
    assert.ok(Number(onAir.wait_ms) >= 0);
    checkPicture(stop);
    assert.deepEqual([stop.level, stop.reason], ['info', 'unpublish']);
    assert.ok(stop.detail.length > 0);
    // 10 s of media, 250 pictures, some of 464 kbit/s.
    assert.ok(stop.duration_s > 9 && stop.duration_s < 60, `${stop.duration_s} s`);
    assert.ok(stop.mean_kbps > 20 && stop.mean_kbps < 1000, `${stop.mean_kbps} kbit/s`);
    assert.deepEqual([stop.video_packets, stop.jumps].map(Number), [250, 0]);
    assert.ok(stop.audio_packets > 460 && Math.abs(stop.gop_s - 1) < 0.1, JSON.stringify(stop));

    await server.stop();
    const { workers, channels, reason } = { ...server.findLog({ event: 'server.start' }),
      ...server.findLog({ event: 'server.stop' }) };
    assert.deepEqual([Number(workers), Number(channels), reason], [2, 3, 'signal']);
    checkLines(server);
  });
}

const WRONG_KEY = 'key-that-is-wrong-e1';

// [what comes after the address, what becomes of it, the channel named in the log line of that];
// KEY is cho's, OTHER is ban's.
const PUSHES = [
  ['live/cho?key=KEY', 'unpublish', 'cho'],
  ['live/KEY', 'unpublish', 'cho'],
  ['live/cho/KEY', 'unpublish', 'cho'],
  ['live?key=KEY/cho', 'unpublish', 'cho'],
  ['KEY/cho', 'unpublish', 'cho'],
  ['live/cho?key=WRONG', 'bad_key', 'cho'],
  ['live/cho/WRONG', 'bad_key', 'cho'],
  ['live/cho?key=OTHER', 'bad_key', 'cho'],
  ['live/ban?key=KEY', 'bad_key', 'ban'],
  ['live/cho', 'bad_key', 'cho'],
  ['live/WRONG', 'unknown_channel'],
  ['live/WRONG?key=WRONG', 'unknown_channel'],
  ['WRONG/WRONG', 'unknown_channel'],
];

async function pushOnce(t, server, [end, reason, channel]) {
  const path = end.replaceAll('KEY', server.key(CHANNEL)).replaceAll('WRONG', WRONG_KEY)
    .replaceAll('OTHER', server.key('ban'));
  const from = server.log.length;
  const publisher = pushWithPusher(t, `${server.rtmpUrl}/${path}`, await source('plain'),
    ['--fast']);
  const isAccepted = reason === 'unpublish';
  const line = await server.waitForLog(
    { event: isAccepted ? 'publish.stop' : 'rtmp.close', reason }, { from });
  assert.equal(line.channel, channel, end);
  const { code } = await publisher.exited;
  assert.equal(code, isAccepted ? 0 : 1, `${end}: ${publisher.output}`);
  return publisher.output;
}

test('secrets never come out', async (t) => {
  const server = await Server.start(t);
  const secrets = [ADMIN_TOKEN, WRONG_KEY, ...CHANNELS.map(({ key }) => key)];
  const told = [];
  for (const push of PUSHES) {
    told.push(await pushOnce(t, server, push));
  }
  // A player is given the publisher's address by mistake.
  const key = server.key(CHANNEL);
  const from = server.log.length;
  const web = await RawConnection.open(server.ports.rtmp);
  web.write(`GET /live/cho?key=${key} HTTP/1.1\r\nHost: a\r\n\r\n`);
  told.push((await web.waitClosed()).toString('latin1'));
  await server.waitForLog({ event: 'rtmp.close', reason: 'http_on_rtmp_port' }, { from });
  const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
  for (const path of [`live/cho/index.m3u8?key=${key}`, `watch/cho?key=${key}`, 'metrics',
    'api/v1/channels', `api/v1/channels?token=${ADMIN_TOKEN}`]) {
    told.push((await request(`${server.httpUrl}/${path}`, { headers })).body.toString());
  }
  await server.stop();
  assert.ok(server.findLog({ event: 'http.request', path: '/metrics' }), 'no debug lines');
  for (const secret of secrets) {
    assert.deepEqual(server.lines.filter((line) => line.includes(secret)), [], 'in the log');
    assert.deepEqual(told.filter((text) => text.includes(secret)), [], 'in an answer');
  }
  checkLines(server);
});

/* ---- the end ---- */

// The number of a segment that has just begun; the one before it is finished.
function findBegun(server, path) {
  return until(`segment that has begun in ${path}`, async () => {
    const { segments } = parseMedia(await waitForPlaylist(server.live(CHANNEL, path)));
    return segments.length > 1 && segments.at(-1).uri === null && segments.at(-1).msn;
  });
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} drains and ends`, async (t) => {
    // Segments so long that whoever waits for one is still waiting then.
    const server = await Server.start(t, { hls: { segment_ms: 10000 } });
    const publisher = pushWithFfmpeg(t, server.publishUrl(CHANNEL), await source('gop2'),
      { loop: true });
    const begun = await findBegun(server, 'av.m3u8');
    assert.equal(await findBegun(server, 'audio.m3u8'), begun);
    const hold = (path, msn) => request(`${server.live(CHANNEL, path)}?_HLS_msn=${msn}`,
      { timeoutMs: PATIENCE_MS });
    // What ends now is still given to those who wait for it; what never comes, is told.
    const held = [hold('av.m3u8', begun), hold('audio.m3u8', begun), hold('av.m3u8', begun + 1),
      hold('audio.m3u8', begun + 1)];
    const idle = await RawConnection.open(server.ports.http);
    await until('held requests',
      async () => (await server.metrics()).get('phien_holds') === held.length);

    const ms = await server.stop({ signal, timeoutMs: EXIT_MS });
    t.diagnostic(`ended ${ms.toFixed(0)} ms after ${signal}`);
    const answers = await Promise.all(held);
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 503, 503]);
    assert.deepEqual(answers.slice(2).map(({ headers }) => headers.connection),
      ['close', 'close']);
    for (const { body } of answers.slice(0, 2)) {
      const { msn, uri } = parseMedia(body.toString()).segments.at(-1);
      assert.deepEqual([msn, uri !== null], [begun, true], body.toString());
    }
    await idle.waitClosed();
    await publisher.exited;
    const { start, stop } = await findSession(server);
    assert.deepEqual([stop.session, stop.reason], [start.session, 'shutdown']);
    const events = server.log.map(({ event }) => event)
      .filter((event) => /^(server|publish)\./.test(event) && event !== 'publish.application');
    assert.deepEqual(events,
      ['server.start', 'publish.start', 'server.drain', 'publish.stop', 'server.stop']);
    checkLines(server);
  });
}

/* ---- takeover ---- */

test('a second publisher with the key takes over, and viewers go on', async (t) => {
  const server = await Server.start(t, { publish: AS_SENT });
  const url = server.publishUrl(CHANNEL);
  const [landscape, portrait] = await Promise.all([source('plain'), source('portrait')]);
  const first = pushWithFfmpeg(t, url, landscape, { loop: true });
  const { session: firstSession } = await server.waitOnAir(CHANNEL);
  const av = new LowLatencyViewer(server, CHANNEL, 'av.m3u8');
  const audio = new LowLatencyViewer(server, CHANNEL, 'audio.m3u8');
  let second;
  let changedAt = null;
  await Promise.all([audio, av].map((viewer) => viewer.watch(() => {
    if (!second && viewer.finished.length >= 2) {
      second = pushWithFfmpeg(t, url, portrait, { loop: true });
    }
    changedAt ??= viewer.playlist.segments.find(({ isDiscontinuity }) => isDiscontinuity)?.msn;
    return changedAt && viewer.lastSegment.msn >= changedAt + 1;
  })));
  await first.exited;
  const taken = await server.waitPublishStop(CHANNEL);
  assert.deepEqual([taken.session, taken.reason, taken.level], [firstSession, 'takeover', 'info']);
  const onAir = server.findLog(({ event, session }) =>
    event === 'channel.on_air' && session !== firstSession);
  assert.deepEqual([onAir.width, onAir.height], [240, 426]);
  await second.stop();
  await server.waitPublishStop(CHANNEL, { from: server.log.indexOf(taken) + 1 });
  await audio.settle(await av.settle());

  av.checkBytes();
  audio.checkBytes();
  assert.deepEqual([av, audio].flatMap(({ allProblems }) => allProblems), []);
  for (const viewer of [av, audio]) {
    const changes = viewer.finished.filter(({ isDiscontinuity }) => isDiscontinuity);
    assert.deepEqual(changes.map(({ msn }) => msn), [changedAt], viewer.url);
    assert.deepEqual(viewer.finished.map(({ msn }) => msn),
      viewer.finished.map((_, i) => viewer.finished[0].msn + i), 'a segment is missing');
  }
  // Another picture, another init segment, from there on.
  const [before, after] = [true, false].map((isBefore) =>
    new Set(av.finished.filter(({ msn }) => msn < changedAt === isBefore).map(({ map }) => map)));
  assert.deepEqual([before.size, after.size, new Set([...before, ...after]).size], [1, 1, 2]);
});

/* ---- pages ---- */

async function checkAsset(url) {
  const { status, headers, body } = await request(url);
  assert.equal(status, 200, url);
  assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable', url);
  assert.match(headers.etag, /^"[^"]+"$/);
  assert.ok(body.length > 0);
  for (const encoding of ['identity', 'gzip']) {
    const accept = { 'Accept-Encoding': encoding };
    const { headers: { etag } } = await request(url, { method: 'HEAD', headers: accept });
    const again = await request(url, { headers: { ...accept, 'If-None-Match': etag } });
    assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, etag], url);
    const other = await request(url, { headers: { ...accept, 'If-None-Match': '"other"' } });
    assert.equal(other.status, 200, url);
  }
}

test('the watch page, also of a channel that there is not', async (t) => {
  const server = await Server.start(t);
  const known = await request(`${server.httpUrl}/watch/cho`);
  const unknown = await request(`${server.httpUrl}/watch/x`);
  for (const { status, headers } of [known, unknown]) {
    assert.equal(status, 200);
    assert.match(headers['content-type'], /^text\/html/);
    assert.equal(headers['cache-control'], 'no-cache');
  }
  assert.ok(known.body.equals(unknown.body));
  const again = await request(`${server.httpUrl}/watch/x`,
    { headers: { 'If-None-Match': unknown.headers.etag } });
  assert.equal(again.status, 304);
  const assets = new Set(unknown.body.toString().match(/\/assets\/[\w.-]+/g));
  assert.ok(assets.size > 0, 'the page has no assets');
  for (const path of assets) {
    await checkAsset(server.httpUrl + path);
  }
  assert.equal((await request(`${server.httpUrl}/assets/nothing.js`)).status, 404);
});

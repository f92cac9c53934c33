// SPDX-License-Identifier: Apache-2.0
//
// What operators meet: the command line, the config's messages, health, metrics, the API, the log,
// and the way to its end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { rmSync } from 'node:fs';

import { waitForPlaylist } from './lib/hls.mjs';
import { getJson, getText, request } from './lib/http.mjs';
import { lastPosition, parseMedia } from './lib/m3u8.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { publishCommands, shakeHands } from './lib/rtmp.mjs';
import {
  ADMIN_TOKEN, CHANNELS, IS_SANITIZED, makeTemporaryDirectory, parseMetrics, PATIENCE_MS, ROOT,
  runPhien, Server, writeConfig,
} from './lib/server.mjs';
import { source } from './lib/source.mjs';

// With sanitizers a busy machine may take its time.
const EXIT_MS = IS_SANITIZED ? PATIENCE_MS : 5000;

const directory = makeTemporaryDirectory();
after(() => rmSync(directory, { recursive: true }));

const CHANNEL = 'channels:\n  - name: cho\n    key: secret-8841\n';

// [what, the file, what is said of it]
const WRONG = [
  ['a value out of range', `hls:\n  part_ms: 20\n${CHANNEL}`,
    ':2: hls.part_ms: 20 is out of range; write a number of milliseconds from 100 to 1000'],
  ['an unknown key', `hls:\n  part: 250\n${CHANNEL}`,
    ':2: hls.part: unknown key; did you mean "part_ms"? (allowed: part_ms, segment_ms, window_s, ' +
    'max_channel_mb, mpegts)'],
  ['a wrong address', `http:\n  listen: nowhere\n${CHANNEL}`,
    ':2: http.listen: "nowhere" is not right; write "IPV4:PORT", "[IPV6]:PORT" or "*:PORT"'],
  ['a name twice', `${CHANNEL}  - name: cho\n    key: secret-8842\n`,
    ':4: channels[1].name: the same name as channels[0]; each channel needs its own'],
  ['a key with a blank', 'channels:\n  - name: cho\n    key: secret 8841\n',
    ':3: channels[0].key: has a character that is not allowed; write 4 to 128 printable ASCII ' +
      'characters without spaces and without / ? & = # %'],
];

test('the command line', async (t) => {
  const says = async (args, code, pattern) => {
    const out = await runPhien(args);
    assert.equal(out.code, code, JSON.stringify(out));
    assert.match(out.stdout + out.stderr, pattern);
  };
  await t.test('--version', () => says(['--version'], 0, /^phien \d+\.\d+\.\d+\n$/));
  await t.test('--help', () => says(['--help'], 0, /^Usage: phien -c FILE/));
  await t.test('no config', () => says([], 2, /-c FILE/));
  await t.test('an unknown option', () => says(['--nonsense'], 2, /nonsense/));
  await t.test('a file that is not there', () => says(['-c', '/nonexistent.yaml'], 1,
    /^phien: \/nonexistent\.yaml: cannot be read: No such file or directory\n$/));
  for (const file of ['conf/phien.yaml', 'conf/demo.yaml']) {
    await t.test(`--check of ${file}`, () => says(['-c', join(ROOT, file), '--check'], 0, /right/));
  }
  for (const [what, text, message] of WRONG) {
    await t.test(`--check finds ${what}`, async () => {
      const path = writeConfig(directory, text, 'wrong.yaml');
      for (const args of [['-c', path, '--check'], ['-c', path]]) {
        const { code, stdout, stderr } = await runPhien(args);
        assert.deepEqual([code, stdout, stderr], [1, '', `phien: ${path}${message}\n`]);
      }
    });
  }
});

test('a port that is in use', async (t) => {
  const server = await Server.start(t);
  const occupied = net.createServer().listen(0, '127.0.0.1');
  await once(occupied, 'listening');
  t.after(() => occupied.close());
  const cases = [['http', server.ports.http], ['rtmp', server.ports.rtmp],
    ['http', occupied.address().port]];
  for (const [what, port] of cases) {
    const path = writeConfig(directory, {
      state: '',
      rtmp: { listen: '127.0.0.1:0' }, srt: { listen: '' }, http: { listen: '127.0.0.1:0' },
      [what]: { listen: `127.0.0.1:${port}` }, channels: CHANNELS,
    }, 'second.yaml');
    const { code, stderr } = await runPhien(['-c', path]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`event=server.listen_failed for=${what} ` +
      `address=127.0.0.1:${port} reason="the address is in use" hint=".*change the port`));
  }
  assert.equal(await getText(`${server.httpUrl}/healthz`), 'ok\n');
});

const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });

async function checkApi(server) {
  const url = `${server.httpUrl}/api/v1/channels`;
  for (const options of [{}, bearer('wrong-token-7712'), bearer(''), bearer(`${ADMIN_TOKEN}x`),
    { headers: { Authorization: ADMIN_TOKEN } }]) {
    const { status, headers } = await request(url, options);
    assert.equal(status, 401);
    assert.match(headers['www-authenticate'], /^Bearer/);
    assert.match(headers['content-type'], /problem\+json/);
  }
  const text = await getText(url, bearer(ADMIN_TOKEN));
  for (const { key } of CHANNELS) {
    assert.ok(!text.includes(key), 'a key is shown');
  }
  const { cho, ban } = await server.channels();
  assert.equal(cho.title, 'Chợ phiên');
  assert.equal(cho.on_air, true);
  assert.deepEqual(cho.video,
    { codec: 'h264', codecs: cho.video.codecs, width: 426, height: 240 });
  assert.deepEqual(cho.audio, { codec: 'aac', codecs: 'mp4a.40.2', sample_rate: 48000 });
  assert.equal(cho.session.protocol, 'rtmp');
  assert.match(cho.session.peer, /^127\.0\.0\.1:\d+$/);
  assert.ok(cho.session.video_packets > 10 && cho.media_bytes > 10000, JSON.stringify(cho));
  assert.deepEqual([ban.on_air, ban.session, ban.video], [false, null, null]);
  assert.deepEqual(await getJson(server.live('cho', 'info.json')),
    { name: 'cho', title: 'Chợ phiên', live: true, away: false });
  assert.equal((await getJson(server.live('ban', 'info.json'))).live, false);
}

async function checkMetrics(server) {
  const answer = await request(`${server.httpUrl}/metrics`);
  assert.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const text = answer.body.toString();
  const metrics = parseMetrics(text);
  const typed = new Set([...text.matchAll(/^# TYPE (\S+) (counter|gauge|histogram)$/gm)]
    .map(([, name]) => name));
  for (const name of metrics.keys()) {
    assert.ok(typed.has(name.replace(/\{.*/, '')), `${name} has no TYPE`);
  }
  assert.equal(metrics.get('phien_channels'), 3);
  assert.equal(metrics.get('phien_channels_on_air'), 1);
  assert.equal(metrics.get('phien_sessions{protocol="rtmp"}'), 1);
  for (const name of ['phien_ingest_bytes_total', 'phien_ingest_packets_total{kind="video"}',
    'phien_ingest_packets_total{kind="audio"}', 'phien_parts_total', 'phien_segments_total',
    'phien_http_requests_total{status="200"}', 'phien_http_sent_bytes_total']) {
    assert.ok(metrics.get(name) > 0, `${name} is ${metrics.get(name)}`);
  }
}

// A refused publisher, and what a browser might send along.
async function tellSecrets(server) {
  for (const name of ['cho?key=wrong-key-7713', 'wrong-key-7713', 'cho/wrong-key-7713']) {
    const connection = await shakeHands(server.ports.rtmp);
    connection.write(publishCommands('live', name));
    await connection.waitClosed();
  }
  await request(server.live('cho', `av.m3u8?key=${server.key('cho')}&token=${ADMIN_TOKEN}`));
  await request(`${server.httpUrl}/api/v1/channels`, bearer('wrong-token-7712'));
  await request(server.live('cho', `${server.key('ban')}.m3u8`));
}

function checkLog(server) {
  const secrets = [ADMIN_TOKEN, 'wrong-key-7713', 'wrong-token-7712',
    ...CHANNELS.map(({ key }) => key)];
  for (const line of server.lines) {
    const secret = secrets.find((one) => line.includes(one));
    // A path is no place for secrets, and is told so that a 404 can be understood.
    assert.ok(!secret || /event"?[=:]"?http\.request.*ban/.test(line), `${secret} is in: ${line}`);
  }
  for (const event of ['publish.start', 'channel.on_air', 'publish.stop']) {
    const { channel, session, time, level } = server.findLog({ event });
    assert.equal(channel, 'cho', event);
    assert.match(session, /^[0-9a-f]{8}$/, event);
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(level, /^(info|warn)$/);
  }
  assert.deepEqual(server.log.filter(({ event }) => !event), [], 'lines that are no events');
}

for (const format of ['text', 'json']) {
  test(`health, metrics, API and log as ${format}`, async (t) => {
    const server = await Server.start(t, { log: { format } });
    const publisher = pushWithFfmpeg(t, server.publishUrl('cho'), await source('plain'),
      { loop: true });
    await waitForPlaylist(server.live('cho', 'plain/av.m3u8'));
    assert.equal(await getText(`${server.httpUrl}/healthz`), 'ok\n');
    await checkApi(server);
    await checkMetrics(server);
    await tellSecrets(server);
    await publisher.stop();
    await server.waitPublishStop('cho');
    checkLog(server);
  });
}

test('without an admin token there is no admin API', async (t) => {
  const server = await Server.start(t, { admin: { token: '' } });
  for (const options of [{}, bearer(''), bearer(ADMIN_TOKEN)]) {
    assert.equal((await request(`${server.httpUrl}/api/v1/channels`, options)).status, 404);
  }
});

test('SIGTERM drains: publishers are told, segments ended, viewers answered', async (t) => {
  // Long segments: what is held is held for long.
  const server = await Server.start(t, { hls: { segment_ms: 6000 } });
  pushWithFfmpeg(t, server.publishUrl('cho'), await source('plain'), { loop: true });
  const playlist = parseMedia(await waitForPlaylist(server.live('cho', 'av.m3u8')));
  const { msn } = lastPosition(playlist);
  const paths = [`av.m3u8?_HLS_msn=${msn + 1}`, `audio.m3u8?_HLS_msn=${msn + 1}&_HLS_part=0`];
  const held = [0, 1, 2].flatMap(() => paths.map((path) => request(server.live('cho', path))));
  await waitForHolds(server, held.length);
  const ms = await server.stop();
  t.diagnostic(`ended ${Math.round(ms)} ms after SIGTERM`);
  assert.ok(ms < EXIT_MS, `${ms} ms`);
  for (const { status, headers } of await Promise.all(held)) {
    assert.ok(status === 200 || status === 503, `a held viewer got ${status}`);
    assert.equal(headers['access-control-allow-origin'], '*');
  }
  assert.equal(server.findLog({ event: 'publish.stop' }).reason, 'shutdown');
  const order = ['server.drain', 'publish.stop', 'server.stop']
    .map((event) => server.log.findIndex((line) => line.event === event));
  assert.ok(order[0] >= 0 && order[0] < order[1] && order[1] < order[2], order.join());
});

// They are held once the gauge says so.
async function waitForHolds(server, count) {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await server.metrics()).get('phien_holds') < count) {
    assert.ok(performance.now() < deadline, 'requests are not held');
  }
}

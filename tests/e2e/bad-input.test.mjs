// SPDX-License-Identifier: Apache-2.0
//
// Whatever is sent to either port: the connection is closed, the log and the metrics say why, and
// nobody else notices. All of it happens at once, while another channel is on air and watched.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { LowLatencyViewer } from './lib/hls.mjs';
import { RawConnection, request } from './lib/http.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { C0_C1, chunk, command, publishCommands, shakeHands } from './lib/rtmp.mjs';
import { IS_SANITIZED, Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';

const TLS_HELLO = Buffer.concat([Buffer.from('16030100c8010000c40303', 'hex'), randomBytes(194)]);
const HTTP_GET = Buffer.from('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');

// Sends byte after byte, too slowly, until it is cut off.
async function trickle(connection, bytes) {
  for (const byte of bytes) {
    if (connection.socket.destroyed) {
      return;
    }
    connection.write(Buffer.from([byte]));
    await pause(250);
  }
}

const publishing = (app, name, verb) => async (port) => {
  const connection = await shakeHands(port);
  connection.write(publishCommands(app, name, verb));
  return connection;
};

const sending = (bytes) => async (port) => {
  const connection = await RawConnection.open(port);
  connection.write(bytes);
  return connection;
};

const afterHandshake = (bytes) => async (port) => {
  const connection = await shakeHands(port);
  connection.write(bytes);
  return connection;
};

// [what, how to make the connection, the reason that the log must give, what the peer is told]
const RTMP = [
  ['garbage', sending(Buffer.concat([Buffer.from([0x99]), randomBytes(4096)])), 'bad_handshake'],
  ['a truncated handshake', async (port) => {
    const connection = await RawConnection.open(port);
    connection.socket.end(C0_C1.subarray(0, 100));
    return connection;
  }, 'peer_closed'],
  ['silence', (port) => RawConnection.open(port), 'timeout_handshake'],
  ['a handshake that never ends', async (port) => {
    const connection = await RawConnection.open(port);
    trickle(connection, C0_C1);
    return connection;
  }, 'timeout_handshake'],
  ['nothing after the handshake', shakeHands, 'timeout_connect'],
  ['TLS', sending(TLS_HELLO), 'tls_on_plain_port'],
  ['HTTP', sending(HTTP_GET), 'http_on_rtmp_port'],
  ['a message of 16 MB', afterHandshake(
    chunk('video', Buffer.alloc(4096), { csid: 6, msid: 1, length: 0xffffff })), 'limit'],
  ['a thousand chunk streams', afterHandshake(Buffer.concat(Array.from({ length: 1000 }, (_, i) => {
    const basic = Buffer.from([1, i & 255, i >> 8]); // csid in three bytes
    return Buffer.concat([basic, chunk('audio', Buffer.alloc(0), { length: 9 }).subarray(1)]);
  }))), 'limit'],
  ['a header that refers to none', afterHandshake(Buffer.alloc(64, 0xc7)), 'protocol'],
  ['a command before connect', afterHandshake(command('createStream', 2, null)), 'protocol'],
  ['commands without end', afterHandshake(Buffer.concat([command('connect', 1, { app: 'live' }),
    ...Array.from({ length: 500 }, (_, i) => command('nonsense', i + 2, null))])), 'limit'],
  ['a wrong key', publishing('live', 'cho?key=wrong-key-5521'), 'bad_key', /NetStream\.Publish/],
  ["another channel's key", publishing('live', 'cho?key=key-of-ban-19c2'), 'bad_key'],
  ['no key', publishing('live', 'cho'), 'bad_key'],
  ['an unknown channel', publishing('live', 'unknown?key=wrong-key-5521'), 'unknown_channel'],
  ['a path upwards', publishing('live', '../../etc/passwd'), 'unknown_channel'],
  ['a player', publishing('live', 'cho?key=key-of-cho-7f3a', 'play'), 'play_refused'],
];

async function checkRtmp(server, connect, reason, told) {
  const connection = await connect(server.ports.rtmp);
  const peer = `127.0.0.1:${connection.socket.localPort}`;
  const line = await server.waitForLog(({ event, peer: who }) =>
    (event === 'rtmp.close' || event === 'publish.stop') && who === peer);
  assert.equal(line.reason, reason, JSON.stringify(line));
  assert.ok(line.detail.length > 0, 'the log says nothing more');
  const bytes = await connection.waitClosed();
  if (told) {
    assert.match(bytes.toString('latin1'), told);
  }
}

const head = (...lines) => sending(`${[...lines, '', ''].join('\r\n')}`);
const GET = 'GET /healthz HTTP/1.1';
const HOST = 'Host: x';

// [what, how, the status that the answer must begin with]; null: closed without an answer.
const HTTP = [
  ['garbage', sending(Buffer.concat([Buffer.from('\x01\x02 GARBAGE\r\n\r\n')])), 400],
  ['TLS', sending(TLS_HELLO), 400],
  ['a request that never ends', async (port) => {
    const connection = await RawConnection.open(port);
    connection.write(`${GET}\r\nX: `);
    trickle(connection, Buffer.alloc(200, 0x61));
    return connection;
  }, 408],
  ['huge headers', head(GET, HOST, `X: ${'a'.repeat(40000)}`), 431],
  ['a hundred headers',
    head(GET, HOST, ...Array.from({ length: 100 }, (_, i) => `X-${i}: 1`)), 431],
  ['a long target', head(`GET /${'a'.repeat(8000)} HTTP/1.1`, HOST), 414],
  ['no Host', head(GET), 400],
  ['two lengths', head(GET, HOST, 'Content-Length: 1', 'Content-Length: 2'), 400],
  ['a length and chunks', head(GET, HOST, 'Content-Length: 5', 'Transfer-Encoding: chunked'), 400],
  ['a body of 1 GB', head('POST /healthz HTTP/1.1', HOST, 'Content-Length: 1000000000'), 413],
  ['HTTP/2', sending('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 400],
  ['a path upwards', head('GET /live/../../etc/passwd HTTP/1.1', HOST, 'Connection: close'), 404],
  ['a folded path upwards', head('GET /live/cho/%2e%2e%2f%2e%2e%2fetc HTTP/1.1', HOST,
    'Connection: close'), 404],
];

async function checkHttp(server, connect, status) {
  const connection = await connect(server.ports.http);
  const answer = (await connection.waitClosed()).toString('latin1');
  assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
}

function residentBytes(server) {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
}

// Opens many connections that say a little or nothing, and leaves.
async function crowd(server, count) {
  const ports = [server.ports.rtmp, server.ports.http];
  const connections = await Promise.all(Array.from({ length: count },
    (_, i) => RawConnection.open(ports[i % 2])));
  connections.forEach((connection, i) => {
    connection.write(i % 4 < 2 ? C0_C1.subarray(0, 700) : HTTP_GET.subarray(0, 20));
  });
  const { body } = await request(`${server.httpUrl}/healthz`);
  assert.equal(body.toString(), 'ok\n', 'nobody else gets an answer');
  connections.forEach((connection) => connection.close());
  await Promise.all(connections.map(({ closed }) => closed));
}

const CROWD = 400;

async function checkCrowds(t, server) {
  await crowd(server, CROWD); // buffers and pools fill up once
  const before = residentBytes(server);
  for (let round = 0; round < 5; round++) {
    await crowd(server, CROWD);
  }
  const grown = (residentBytes(server) - before) / 1024 / 1024;
  t.diagnostic(`after 5 crowds of ${CROWD} connections: ${grown.toFixed(1)} MB more`);
  // Sanitizers keep what was freed for a while.
  assert.ok(grown < (IS_SANITIZED ? 400 : 8), `${grown} MB more`);
}

test('bad input', { concurrency: true }, async (t) => {
  const server = await Server.start(t);
  pushWithFfmpeg(t, server.publishUrl('ban'), await source('plain'), { loop: true });
  const viewer = new LowLatencyViewer(server, 'ban', 'av.m3u8');
  let isOver = false;
  const watching = viewer.watch(() => isOver, { timeoutMs: 120000 });

  const runs = [
    ...RTMP.map(([what, connect, reason, told]) => t.test(`RTMP: ${what}`, () =>
      checkRtmp(server, connect, reason, told))),
    ...HTTP.map(([what, connect, status]) => t.test(`HTTP: ${what}`, () =>
      checkHttp(server, connect, status))),
  ];
  await Promise.all(runs);
  await t.test('many connections', (subtest) => checkCrowds(subtest, server));

  await t.test('the metrics count them', async () => {
    const metrics = await server.metrics();
    const wanted = new Map();
    RTMP.forEach(([, , reason]) => wanted.set(reason, (wanted.get(reason) ?? 0) + 1));
    for (const [reason, count] of wanted) {
      const counted = metrics.get(`phien_sessions_closed_total{reason="${reason}"}`);
      assert.ok(counted >= count, `${reason}: ${counted}, not ${count}`);
    }
    assert.ok(metrics.get('phien_http_requests_total{status="400"}') >= 4);
    assert.equal(metrics.get('phien_channels_on_air'), 1);
  });

  await t.test('nobody else noticed', async () => {
    isOver = true;
    await watching;
    viewer.checkBytes();
    assert.deepEqual(viewer.allProblems, []);
    assert.equal(viewer.timeouts, 0, 'reloads were held in vain');
    assert.ok(viewer.delaysMs.length > 20, `${viewer.delaysMs.length} parts were watched`);
    assert.equal(server.findLog({ event: 'publish.stop', channel: 'ban' }), undefined);
  });
});

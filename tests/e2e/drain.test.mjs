// SPDX-License-Identifier: Apache-2.0
//
// SIGTERM while everybody does what they should not: publishers that are asked to go and stay, that
// are gone without a word, that have come half way; viewers that read nothing, stop in the middle,
// or hold on. It is over within five seconds all the same, and those who behave get their answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { waitForPlaylist } from './lib/hls.mjs';
import { RawConnection, request } from './lib/http.mjs';
import { lastPosition, parseMedia } from './lib/m3u8.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { C0_C1, publishCommands, shakeHands } from './lib/rtmp.mjs';
import { IS_SANITIZED, PATIENCE_MS, Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';
import { pushSrtWithFfmpeg } from './lib/srt.mjs';
import { EventReader } from './lib/sse.mjs';

// With sanitizers a busy machine may take its time.
const EXIT_MS = IS_SANITIZED ? PATIENCE_MS : 5000;

// Enhanced RTMP's capsEx: it could connect anew when it is asked to.
const CAN_RECONNECT = { capsEx: 1 };

// More than the kernel's buffers take, of a segment of half a megabyte.
const DOWNLOADS = 40;

function logs(server, event) {
  return server.log.filter((line) => line.event === event);
}

async function publish(server, channel, more) {
  const connection = await shakeHands(server.ports.rtmp);
  connection.write(publishCommands('live', `${channel}?key=${server.key(channel)}`, 'publish',
    more));
  await server.waitForLog({ event: 'publish.start', channel });
  return connection;
}

async function connectRaw(t, port, text) {
  const connection = await RawConnection.open(port);
  t.after(() => connection.close());
  connection.write(text);
  return connection;
}

const get = (url, headers = '') => {
  const { pathname, search, host } = new URL(url);
  return `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n${headers}\r\n`;
};

// Asks for all of it, and reads none.
async function refuseToRead(t, server, text) {
  const connection = await RawConnection.open(server.ports.http);
  t.after(() => connection.close());
  connection.socket.pause();
  connection.write(text);
  return connection;
}

// They are held once the gauge says so.
async function waitForHolds(server, count) {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await server.metrics()).get('phien_holds') < count) {
    assert.ok(performance.now() < deadline, 'requests are not held');
  }
}

// What comes from peers that behave is told by its result; of the others, that they are there.
async function surround(t, server) {
  // Publishers: one that stays when it is asked to go, and one of which nothing comes any more.
  const stubborn = await publish(server, 'ban', CAN_RECONNECT);
  t.after(() => stubborn.close());
  await connectRaw(t, server.ports.rtmp, C0_C1.subarray(0, 700));
  await connectRaw(t, server.ports.rtmp, '');
  const frozen = pushSrtWithFfmpeg(t, server.srtUrl(`publish:nui:${server.key('nui')}`,
    { latency: 120000 }), await source('plain'), { loop: true });
  await server.waitOnAir('nui');
  frozen.child.kill('SIGSTOP');

  // Viewers: requests that never end, answers that nobody reads.
  const port = server.ports.http;
  await connectRaw(t, port, 'GET /live/cho/av.m3u8 HTTP/1.1\r\nHost:');
  await connectRaw(t, port, '');
  const list = parseMedia(await waitForPlaylist(server.live('cho', 'av.m3u8')));
  const uri = list.segments.find((segment) => segment.uri)?.uri;
  assert.ok(uri, 'no segment is listed');
  const segment = get(new URL(uri, server.live('cho', 'av.m3u8')).href);
  await refuseToRead(t, server, segment.repeat(DOWNLOADS));
  const events = `${server.httpUrl}/api/v1/channels/cho/events`;
  await refuseToRead(t, server, get(events, 'Accept: text/event-stream\r\n'));
  const reader = await EventReader.open(t, events);
  return { reader, list, stubborn };
}

test('SIGTERM with hostile peers: five seconds, and answers for the others', async (t) => {
  const server = await Server.start(t, { srt: {}, hls: { segment_ms: 6000 } });
  pushWithFfmpeg(t, server.publishUrl('cho'), await source('plain'), { loop: true });
  await waitForPlaylist(server.live('cho', 'av.m3u8'), (text) => /\.m4s$/m.test(text));
  const { reader, stubborn } = await surround(t, server);
  const { msn } = lastPosition(parseMedia(
    (await request(server.live('cho', 'av.m3u8'))).body.toString()));
  const held = [0, 1, 2].map(() => request(server.live('cho', `av.m3u8?_HLS_msn=${msn + 1}`)));
  await waitForHolds(server, held.length);

  const ms = await server.stop();
  t.diagnostic(`ended ${Math.round(ms)} ms after SIGTERM`);
  assert.ok(ms < EXIT_MS, `${ms} ms:\n${server.tail()}`);
  for (const { status } of await Promise.all(held)) {
    assert.ok(status === 200 || status === 503, `a held viewer got ${status}`);
  }
  await reader.ended;
  assert.equal(reader.error, null, 'a reader of events was cut off');
  assert.match(stubborn.bytes.toString('latin1'), /NetConnection\.Connect\.ReconnectRequest/);
  for (const channel of ['cho', 'ban', 'nui']) {
    const stops = logs(server, 'publish.stop').filter((line) => line.channel === channel);
    assert.deepEqual(stops.map(({ reason }) => reason), ['shutdown'], channel);
  }
  if (!IS_SANITIZED) {
    assert.deepEqual(logs(server, 'server.cut'), []);
  }
  assert.equal(server.log.at(-1).event, 'server.stop');
});

test('a second signal ends it at once', async (t) => {
  const server = await Server.start(t);
  const stubborn = await publish(server, 'ban', CAN_RECONNECT);
  t.after(() => stubborn.close());
  server.isStopping = true;
  server.child.kill('SIGTERM');
  await server.waitForLog({ event: 'server.drain' });
  const ms = await server.stop({ signal: 'SIGINT' });
  const { reason, step } = server.findLog({ event: 'server.cut' });
  assert.deepEqual([reason, step], ['a second signal', 'ingest']);
  assert.ok(ms < EXIT_MS, `${ms} ms`);
});

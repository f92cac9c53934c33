// SPDX-License-Identifier: Apache-2.0
//
// Who may publish by SRT, and what becomes of those who may not or who do nothing: each is told a
// code, the log says what to do about it, and nothing is left behind.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { waitForPlaylist } from './lib/hls.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { IS_SANITIZED, Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';
import { pushSrtWithFfmpeg, SrtPusher, tsSource } from './lib/srt.mjs';

const PASSPHRASE = 'ten-or-more-characters';

const CHANNELS = [
  { name: 'cho', key: 'key-of-cho-7f3a', title: 'Chợ phiên' },
  { name: 'ban', key: 'key-of-ban-19c2' },
  { name: 'kin', key: 'key-of-kin-55d0', srt_passphrase: PASSPHRASE },
];

const SECRETS = [PASSPHRASE, 'wrong-key-5521', 'not-the-passphrase',
  ...CHANNELS.map(({ key }) => key)];

// [what, stream id, options, the code that the caller is told, the reason in the log]
const REFUSED = [
  ['a wrong key', 'publish:cho:wrong-key-5521', [], 1401, 'bad_key'],
  ["another channel's key", '#!::r=cho,m=publish,s=key-of-ban-19c2', [], 1401, 'bad_key'],
  ['a name alone', 'cho', [], 1401, 'bad_key'],
  ['an unknown key alone', 'wrong-key-5521', [], 1404, 'unknown_channel'],
  ['no stream id', '', [], 1404, 'unknown_channel'],
  ['an unknown channel', 'publish:nobody:wrong-key-5521', [], 1404, 'unknown_channel'],
  ['a player', '#!::r=cho,m=request,s=key-of-cho-7f3a', [], 1405, 'play_refused'],
  ['a player as MediaMTX has it', 'read:cho:key-of-cho-7f3a', [], 1405, 'play_refused'],
  ['the nested form', '#!:{r: cho, s: key-of-cho-7f3a}', [], 1400, 'bad_streamid'],
  ['control characters', 'cho\n?key=key-of-cho-7f3a', [], 1400, 'bad_streamid'],
  // Codes of libsrt itself: BADSECRET, UNSECURE.
  ['a wrong passphrase', 'key-of-kin-55d0', ['--passphrase', 'not-the-passphrase'], 10,
    'bad_passphrase'],
  ['a missing passphrase', 'key-of-kin-55d0', [], 11, 'bad_passphrase'],
];

async function checkRefused(t, server, [streamid, options, code, reason]) {
  const from = server.log.length;
  const pusher = new SrtPusher(t, server.srtPort, streamid, options);
  const line = await server.waitForLog({ event: 'srt.refused' }, { from });
  assert.equal(line.reason, reason, JSON.stringify(line));
  assert.ok(line.hint.length > 10 && line.detail.length > 5, JSON.stringify(line));
  const { code: exit } = await pusher.exited;
  assert.deepEqual(pusher.words[0].slice(0, 3), ['refused', '0', String(code)], pusher.output);
  assert.equal(exit, 1);
}

async function checkRefusals(t) {
  const server = await Server.start(t, { srt: { latency_ms: 120 }, channels: CHANNELS });
  for (const [what, ...how] of REFUSED) {
    await t.test(what, (subtest) => checkRefused(subtest, server, how));
  }
  await t.test('the metrics count them', async () => {
    const metrics = await server.metrics();
    for (const reason of new Set(REFUSED.map((row) => row.at(-1)))) {
      const count = REFUSED.filter((row) => row.at(-1) === reason).length;
      assert.equal(metrics.get(`phien_sessions_closed_total{reason="${reason}"}`), count, reason);
    }
    assert.equal(metrics.get('phien_srt_connections'), 0);
  });
  await t.test('no secret is in the log', () => {
    for (const secret of SECRETS) {
      assert.equal(server.lines.find((line) => line.includes(secret)), undefined);
    }
  });
}

// A phone may come back before its old connection is known to be gone, even twice. Addresses of
// this machine do not count for srt.max_connections_per_ip, so that has its test elsewhere.
const CHANNEL_CONNECTIONS = 4;

async function checkLimit(t) {
  const server = await Server.start(t, { srt: { latency_ms: 120 } });
  const open = () => server.log.filter(({ event }) => event === 'srt.open').length;
  const call = () => new SrtPusher(t, server.srtPort, server.key('cho'));
  const callers = Array.from({ length: CHANNEL_CONNECTIONS }, call);
  await server.waitFor(() => open() === CHANNEL_CONNECTIONS, { what: 'callers' });
  const oneMore = call();
  const line = await server.waitForLog({ event: 'srt.refused' });
  assert.equal(line.reason, 'too_many_connections', JSON.stringify(line));
  await oneMore.exited;
  assert.equal(oneMore.words[0][2], '1402', oneMore.output);
  // Another channel has places of its own, and so has this one when somebody leaves.
  new SrtPusher(t, server.srtPort, server.key('ban'));
  await server.waitForLog({ event: 'srt.open', channel: 'ban' });
  await callers[0].stop();
  await server.waitForLog({ event: 'srt.close', channel: 'cho' });
  call();
  await server.waitFor(() => open() === CHANNEL_CONNECTIONS + 2, { what: 'a caller more' });
}

async function checkSilence(t) {
  const server = await Server.start(t, { srt: { latency_ms: 120 } });
  const pusher = new SrtPusher(t, server.srtPort, server.key('cho'));
  const line = await server.waitForLog(({ reason }) => /^timeout/.test(reason ?? ''));
  assert.match(line.reason, /^timeout_/);
  assert.ok(line.detail.length > 10, JSON.stringify(line));
  await pusher.exited;
  assert.deepEqual(pusher.words.map(([word]) => word), ['live', 'broken']);
  assert.equal(server.findLog({ event: 'srt.link_poor' }), undefined,
    'of a link that nothing came over nobody can tell');
}

const residentMb = (server) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]) /
  1024;

// Each of them is on air for a moment, and the next takes over from nobody.
async function cycle(t, server, input, count) {
  const from = server.log.length;
  const pusher = new SrtPusher(t, server.srtPort, server.key('cho'),
    ['--input', input, '--latency', 20, '--hold', 60, '--cycles', count]);
  await pusher.finish().catch((error) => {
    const last = server.log.slice(-12).map((line) => JSON.stringify(line));
    throw new Error(`${error.message}\n${last.join('\n')}`);
  });
  const ends = () => server.log.slice(from).filter(({ event, reason }) =>
    event === 'publish.stop' || (event === 'srt.close' && reason)).length;
  await server.waitFor(() => ends() >= count, { what: `${count} ends` });
}

async function checkCycles(t) {
  const server = await Server.start(t, { srt: { latency_ms: 20 } });
  const input = await tsSource('plain');
  await cycle(t, server, input, 30); // buffers and pools fill up once
  const before = residentMb(server);
  await cycle(t, server, input, 100);
  const grown = residentMb(server) - before;
  t.diagnostic(`${before.toFixed(1)} MB, after 100 more ${grown.toFixed(1)} MB more`);
  // Sanitizers keep what was freed for a while.
  assert.ok(grown < (IS_SANITIZED ? 200 : 8), `${grown} MB more`);
  const metrics = await server.metrics();
  assert.equal(metrics.get('phien_srt_connections'), 0);
  assert.equal(metrics.get('phien_sessions{protocol="srt"}'), 0);
}

const FIGURES = ['rtt_ms', 'latency_ms', 'buffer_ms', 'bitrate_kbps', 'received', 'lost',
  'retransmitted', 'dropped', 'belated', 'undecryptable'];

async function checkFigures(t) {
  const server = await Server.start(t, { srt: { latency_ms: 300 }, channels: CHANNELS });
  const input = await source('plain');
  const publisher = pushSrtWithFfmpeg(t, server.srtUrl(server.key('kin'),
    { passphrase: PASSPHRASE, pbkeylen: 16 }), input, { loop: true });
  pushWithFfmpeg(t, server.publishUrl('ban'), input, { loop: true });
  await Promise.all(['kin', 'ban'].map((name) =>
    waitForPlaylist(server.live(name, 'plain/av.m3u8'))));
  const { kin, ban, cho } = await server.channels();
  assert.equal(kin.session.protocol, 'srt');
  assert.deepEqual(Object.keys(kin.session.link).sort(), [...FIGURES].sort());
  const { link } = kin.session;
  assert.ok(link.received > 10 && link.latency_ms >= 300 && link.bitrate_kbps > 50,
    JSON.stringify(link));
  assert.deepEqual([link.lost, link.dropped, link.undecryptable], [0, 0, 0]);
  assert.equal(ban.session.protocol, 'rtmp');
  assert.equal(ban.session.link ?? null, null);
  assert.equal(cho.session, null);
  const metrics = await server.metrics();
  const rows = [...metrics.keys()].filter((name) => /^phien_srt_\w+\{/.test(name));
  assert.equal(rows.length, FIGURES.length, rows.join());
  assert.ok(rows.every((name) => name.endsWith('{channel="kin"}')), rows.join());
  assert.ok(metrics.get('phien_srt_received_packets_total{channel="kin"}') >= link.received);
  assert.equal(metrics.get('phien_sessions{protocol="srt"}'), 1);
  assert.equal(metrics.get('phien_srt_connections'), 1);
  await publisher.stop();
  await server.waitPublishStop('kin');
  assert.ok(![...(await server.metrics()).keys()].some((name) => /^phien_srt_\w+\{/.test(name)),
    'the link is gone, its figures are not');
}

const CASES = [
  ['who is refused is told why', checkRefusals],
  ['so many to one channel, and no more', checkLimit],
  ['a caller that says nothing is not kept', checkSilence],
  ['a hundred come and go, and nothing is left', checkCycles],
  ['the API and the metrics show the link while SRT publishes', checkFigures],
];

test('who may publish by SRT', { concurrency: CASES.length }, async (t) => {
  await Promise.all(CASES.map(([what, check]) => t.test(what, check)));
});

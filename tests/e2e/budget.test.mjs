// SPDX-License-Identifier: Apache-2.0
//
// What one thing may cost the others: a session that sends far too much, a disk and a log that
// stand still, ten thousand requests for what is not there. Beside each of them a viewer watches
// another channel, and must not notice.

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Seller, sellers } from './lib/api.mjs';
import { askForAll } from './lib/flood.mjs';
import { LowLatencyViewer } from './lib/hls.mjs';
import { Background, run } from './lib/process.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { publishCommands, shakeHands } from './lib/rtmp.mjs';
import { ARTEFACTS, IS_SANITIZED, Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';
import { SrtPusher } from './lib/srt.mjs';

const MB = 1024 * 1024;

// A part may be this much later than it is otherwise: what a busy machine does to any program.
const LATE_MS = IS_SANITIZED ? 3000 : 700;

// Sanitizers keep what was freed for a while.
const GROWTH_MB = IS_SANITIZED ? 300 : 6;

function residentMb(server) {
  const status = readFileSync(`/proc/${server.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024 / MB;
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

// Somebody who watches "cho" in peace for a while, and goes on while something happens.
class Neighbour {
  static async start(t, server, { quietParts = 8 } = {}) {
    const neighbour = new Neighbour(server);
    pushWithFfmpeg(t, server.publishUrl('cho'), await source('plain'), { loop: true });
    await server.waitOnAir('cho');
    neighbour.begin();
    await neighbour.parts(quietParts);
    neighbour.usualMs = quantile(neighbour.viewer.delaysMs, 0.5);
    neighbour.from = neighbour.viewer.delaysMs.length;
    return neighbour;
  }

  constructor(server) {
    this.viewer = new LowLatencyViewer(server, 'cho', 'av.m3u8');
    this.isOver = false;
    this.news = new EventEmitter();
  }

  begin() {
    this.watching = this.viewer.watch(() => {
      this.news.emit('step');
      return this.isOver;
    }, { timeoutMs: 120000 });
    this.watching.catch(() => {}); // told by whoever waits
  }

  // Waits until so many more parts have come.
  async parts(count) {
    const wanted = this.viewer.delaysMs.length + count;
    while (this.viewer.delaysMs.length < wanted) {
      await Promise.race([this.watching, once(this.news, 'step')]);
    }
  }

  // No part was late while it happened, and nothing is wrong with what came.
  async finish(t) {
    this.isOver = true;
    await this.watching;
    const delays = this.viewer.delaysMs.slice(this.from);
    const worst = Math.max(...delays) - this.usualMs;
    t.diagnostic(`beside it ${delays.length} parts came, ${quantile(delays, 0.5).toFixed(0)} ms ` +
      `after their end (${this.usualMs.toFixed(0)} before), the latest ${worst.toFixed(0)} ms ` +
      'later than that');
    this.viewer.checkBytes();
    assert.deepEqual(this.viewer.allProblems, []);
    assert.equal(this.viewer.timeouts, 0, 'reloads were held in vain');
    assert.ok(worst < LATE_MS, `a part came ${worst} ms later than others`);
  }
}

// Five seconds' worth.
const SOME_PARTS = 20;

/* ---- a session that sends too much ---- */

const CAP_MB = 16;

// As "plain", but filled up to so many bits.
async function filledSource(kbps) {
  const path = join(ARTEFACTS, 'media', `filled-${kbps}.mp4`);
  if (!existsSync(path)) {
    mkdirSync(join(ARTEFACTS, 'media'), { recursive: true });
    const own = path.replace(/\.mp4$/, `-${process.pid}.mp4`);
    await run('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y', '-f', 'lavfi',
      '-i', 'testsrc2=size=426x240:rate=25', '-t', '8', '-c:v', 'libx264', '-preset', 'ultrafast',
      '-pix_fmt', 'yuv420p', '-g', '25', '-b:v', `${kbps}k`, '-maxrate', `${kbps}k`,
      '-bufsize', `${kbps}k`, '-x264-params', 'nal-hrd=cbr:filler=1:scenecut=0', own]);
    renameSync(own, path);
  }
  return path;
}

// Ten times what "plain" has is let through and costs no more than the cap; what is above the
// limit is not.
async function checkBitrate(t) {
  const server = await Server.start(t, {
    log: { level: 'info' },
    rtmp: { max_bitrate_kbps: 8000 },
    hls: { max_channel_mb: CAP_MB, mpegts: false, window_s: 30 },
  });
  const neighbour = await Neighbour.start(t, server);
  const before = residentMb(server);
  pushWithFfmpeg(t, server.publishUrl('ban'), await filledSource(4600), { loop: true });
  const began = performance.now();
  pushWithFfmpeg(t, server.publishUrl('nui'), await filledSource(24000), { loop: true });
  const { reason } = await server.waitPublishStop('nui');
  const stoppedMs = performance.now() - began;
  assert.equal(reason, 'limit');
  await neighbour.parts(SOME_PARTS);
  const { ban, nui } = await server.channels();
  const grown = residentMb(server) - before;
  t.diagnostic(`3 times the limit was ended after ${(stoppedMs / 1000).toFixed(1)} s; ` +
    `both cost ${grown.toFixed(1)} MB`);
  assert.equal(ban.session?.protocol ?? ban.protocol, 'rtmp', JSON.stringify(ban));
  assert.ok(!(nui.session?.protocol ?? nui.protocol), JSON.stringify(nui));
  assert.ok(grown < 2 * CAP_MB + GROWTH_MB, `${grown} MB more`);
  await neighbour.finish(t);
}

/* ---- a database that cannot be written ---- */

const HOLD = `
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
db.execute("ROLLBACK")
`;

// Another program has it, for longer than phien waits.
async function holdDatabase(t, path) {
  const holder = new Background(t, 'python3', ['-c', HOLD, path], { input: 'pipe' });
  await Promise.race([once(holder.child.stdout, 'data'), holder.exited]);
  assert.match(holder.output, /held/);
  return async () => {
    holder.child.stdin.end();
    await holder.finish();
  };
}

const WRITES = 40;

async function checkDatabase(t) {
  const server = await Server.start(t, {
    log: { level: 'info' },
    overlay: { writes_per_s: 100 },
    channels: sellers('cho', 'ban'),
  });
  const neighbour = await Neighbour.start(t, server);
  const seller = new Seller(server, 'ban');
  await seller.add('A1', { stock: 5 });
  const release = await holdDatabase(t, join(server.directory, 'phien.db'));
  const before = residentMb(server);
  const answers = await Promise.all(Array.from({ length: WRITES }, () =>
    seller.call('PATCH', 'shelf/A1', { json: { stock_delta: 1 } })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [503]);
  const slowest = Math.max(...answers.map(({ ms }) => ms));
  const read = await seller.call('GET', 'overlay');
  await neighbour.parts(8);
  const grown = residentMb(server) - before;
  t.diagnostic(`${WRITES} writes were answered 503 within ${(slowest / 1000).toFixed(1)} s, a ` +
    `read 200 within ${read.ms.toFixed(0)} ms; ${grown.toFixed(1)} MB more`);
  assert.equal(read.status, 200);
  assert.ok(slowest < (IS_SANITIZED ? 15000 : 8000), `a write was answered after ${slowest} ms`);
  assert.ok(grown < GROWTH_MB, `${grown} MB more`);
  await release();
  // What was waited for last may still be under way.
  let last;
  do {
    last = await seller.call('PATCH', 'shelf/A1', { json: { title: 'Mận' } });
  } while (last.status === 503);
  assert.equal(last.status, 200);
  await neighbour.finish(t);
}

/* ---- a log that nobody reads ---- */

const LONG_PATHS = Array.from({ length: 6000 }, (_, i) =>
  `/live/${'x'.repeat(400)}${String(i).padStart(6, '0')}/av.m3u8`);

async function checkLog(t) {
  const server = await Server.start(t, { log: { level: 'debug', format: 'text' } });
  const neighbour = await Neighbour.start(t, server);
  server.child.once('exit', () => server.child.stderr.resume());
  server.child.stderr.pause();
  const counts = await askForAll(server, LONG_PATHS);
  assert.deepEqual(counts, { 404: LONG_PATHS.length });
  await neighbour.parts(SOME_PARTS);
  const from = server.log.length;
  server.child.stderr.resume();
  const { count } = await server.waitForLog({ event: 'log.dropped' }, { from });
  const seen = () => server.log.filter(({ event, path }) =>
    event === 'http.request' && path?.includes('xxxx')).length;
  t.diagnostic(`of ${LONG_PATHS.length} long lines ${seen()} were kept; ${count} were dropped`);
  assert.ok(Number(count) > 0);
  assert.ok(seen() + Number(count) >= LONG_PATHS.length, 'some are missing that nobody counted');
  await neighbour.finish(t);

  // And to its end, which is not waited for long either.
  server.child.stderr.pause();
  await askForAll(server, LONG_PATHS);
  server.isStopping = true;
  const began = performance.now();
  server.child.kill('SIGTERM');
  const [code] = await once(server.child, 'exit');
  const tookMs = performance.now() - began;
  t.diagnostic(`it ended after ${tookMs.toFixed(0)} ms`);
  assert.equal(code, 0);
  assert.ok(tookMs < (IS_SANITIZED ? 20000 : 7000), `it took ${tookMs} ms to end`);
}

// The last line is written before it ends.
async function checkLastLine(t) {
  const server = await Server.start(t, { log: { level: 'info' } });
  await server.stop();
  assert.equal(server.log.at(-1).event, 'server.stop', server.tail(3));
}

/* ---- requests for what is not there ---- */

const REQUESTS = 10000;
const CALLS = 300;

// Each worker, and SRT, writes a hundred lines about strangers in ten seconds.
const LINES = 400;

const pathOf = (i) => [
  `/live/nobody-${i}/av.m3u8?_HLS_msn=1`, `/live/nobody-${i}/index.m3u8`,
  `/live/nobody-${i}/info.json`, `/api/v1/channels/nobody-${i}/overlay`,
  `/live/nobody-${i}/av/1-e.m4s`, `/live/nobody-${i}/ts/index.m3u8`,
][i % 6];

async function publishToNobody(server, count) {
  for (let i = 0; i < count; i += 10) {
    await Promise.all(Array.from({ length: 10 }, async (_, k) => {
      const connection = await shakeHands(server.ports.rtmp);
      connection.write(publishCommands('live', `nobody-${i + k}?key=no-key-${i + k}`));
      await connection.waitClosed();
    }));
  }
}

async function callNobody(t, server, count) {
  const pusher = new SrtPusher(t, server.srtPort, '#!::r=nobody-{},m=publish,s=no-key',
    ['--publishers', count, '--start-within', 1000]);
  await pusher.exited;
  const refused = pusher.words.filter(([word]) => word === 'refused').length;
  assert.equal(refused, count, pusher.output.slice(-500));
}

async function checkNobody(t) {
  const limits = { max_connections_per_ip: 1000 };
  const server = await Server.start(t, { log: { level: 'info' }, rtmp: limits, srt: limits });
  const neighbour = await Neighbour.start(t, server);
  const paths = Array.from({ length: REQUESTS }, (_, i) => pathOf(i));
  const counts = await askForAll(server, paths.slice(0, REQUESTS / 10));
  await publishToNobody(server, CALLS / 10);
  await callNobody(t, server, CALLS / 10);
  const before = { mb: residentMb(server), lines: server.lines.length };
  const more = await askForAll(server, paths.slice(REQUESTS / 10));
  const linesOfHttp = server.lines.length - before.lines;
  await publishToNobody(server, CALLS);
  await callNobody(t, server, CALLS);
  await neighbour.parts(4);
  const grown = residentMb(server) - before.mb;
  const lines = server.lines.length - before.lines;
  t.diagnostic(`${REQUESTS} requests and ${CALLS} calls each by RTMP and SRT: ` +
    `${grown.toFixed(1)} MB more after the first tenth, ${lines} lines in the log`);
  assert.deepEqual([counts, more], [{ 404: REQUESTS / 10 }, { 404: REQUESTS / 10 * 9 }]);
  assert.ok(grown < GROWTH_MB, `${grown} MB more`);
  assert.ok(linesOfHttp < 50, `${linesOfHttp} lines for requests`);
  assert.ok(lines < LINES, `${lines} lines:\n${server.tail(10)}`);
  const metrics = await server.metrics();
  assert.equal(metrics.get('phien_sessions_closed_total{reason="unknown_channel"}'),
    2 * (CALLS + CALLS / 10), 'all are counted');
  await neighbour.finish(t);
}

const CASES = {
  'a session that sends too much': checkBitrate,
  'a database that cannot be written': checkDatabase,
  'a log that nobody reads': checkLog,
  'the last line of the log': checkLastLine,
  'requests for what is not there': checkNobody,
};

test('budget', { concurrency: 2 }, (t) => Promise.all(Object.entries(CASES)
  .map(([what, check]) => t.test(what, check))));

// SPDX-License-Identifier: Apache-2.0
//
// A market day: twenty publishers that come and go, a hundred viewers, cards that change, and one
// phien for all of them. Then: did anybody's player give up, has memory grown, what did the log
// say, and did it end as it should?
//
//     PHIEN_BIN=build/asan/phien node --test-reporter=spec tests/soak/soak.mjs
//
// SOAK_SECONDS=N   how long (600)
// SOAK_SEED=N      another plan (1)
// SOAK_PAGE=0      without a Chromium among the viewers

import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { monitorEventLoopDelay } from 'node:perf_hooks';
// Plans are made of time: who comes and goes here waits for nothing.
import { setTimeout as pause } from 'node:timers/promises';

import { sellers } from '../e2e/lib/api.mjs';
import { ARTEFACTS, IS_SANITIZED, Server } from '../e2e/lib/server.mjs';
import { readAll, sell } from './crowd.mjs';
import { viewerHabits } from './habits.mjs';
import { makeSources } from './media.mjs';
import { cpuSeconds, Curve, residentMb } from './meter.mjs';
import { watchWithHls } from './page.mjs';
import { CHANNELS, Dice, GRACE_S, LINGER_S, seasons } from './plan.mjs';
import { Publisher } from './publisher.mjs';
import { Viewer } from './viewer.mjs';

const SECONDS = Number(process.env.SOAK_SECONDS ?? 600);
const SEED = Number(process.env.SOAK_SEED ?? 1);

// By then all windows are full, and as many come as go.
const SETTLED_S = 60;
const MEAN_OVER_S = 20;
const GROWTH_MAX = 0.1;
const TOO_SHORT = SECONDS < 2 * SETTLED_S ? 'it was too short to tell' : false;

const WITH_PAGE = process.env.SOAK_PAGE !== '0';

const READERS = 10;
const MARKETS = 6; // channels on which something is sold
const EXIT_MS = 5000;
const TOLD_EVERY_S = 30;

// Freed memory is kept by AddressSanitizer until 256 MB of it are there, which takes minutes and
// looks like a leak: with so little of it, what is held is what is used.
const QUARANTINE = 'quarantine_size_mb=4:thread_local_quarantine_size_kb=64';

const CONFIG = {
  workers: 2,
  log: { level: 'info' },
  srt: { latency_ms: 200 },
  hls: { part_ms: 250, segment_ms: 2000, window_s: 16 },
  publish: { grace_s: GRACE_S, linger_s: LINGER_S, idle_timeout_s: 10 },
  channels: sellers(...CHANNELS),
};

// Why publishers may be gone in such a plan.
const REASONS = ['unpublish', 'peer_closed', 'network', 'takeover', 'contested', 'timeout_media',
  'timeout_link', 'no_key_frame'];

// What all who take part have in common.
class Soak {
  constructor(server, sources) {
    Object.assign(this, { server, sources });
    this.isOver = false;
    this.fatal = new Map(); // what → { count, texts }
    this.counts = new Map(); // "kind status" → how many
    this.bytes = 0;
    this.kept = 0; // files
    this.newest = new Map(); // URL of a playlist → when somebody last had it
    this.ending = new AbortController();
    setMaxListeners(0, this.ending.signal);
  }

  // False: the soak is over.
  pause(ms) {
    return pause(ms, true, { signal: this.ending.signal }).catch(() => false);
  }

  end() {
    this.isOver = true;
    this.ending.abort();
  }

  count(kind, { status, bytes }) {
    const key = `${kind} ${status}`;
    if (!this.isOver) {
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
      this.bytes += bytes;
    }
  }

  fail(what, text) {
    if (this.isOver) {
      return;
    }
    const found = this.fatal.get(what) ?? { count: 0, texts: [] };
    this.fatal.set(what, found);
    found.count += 1;
    if (found.texts.length < 3) {
      found.texts.push(`${new Date().toISOString()} ${text}`);
      console.log(`FATAL ${what}: ${text}`);
    }
  }

  // What is too long for a message, for whoever looks into it: a file of its own.
  keep(text) {
    if (!this.isOver && this.kept < 20) {
      this.kept += 1;
      writeFileSync(join(ARTEFACTS, `soak-${this.kept}.txt`), `${text}\n`);
    }
  }

  get fatalText() {
    return [...this.fatal].map(([what, { count, texts }]) =>
      `${count} x ${what}:\n  ${texts.join('\n  ')}`).join('\n');
  }
}

function table(map) {
  return [...map].sort().map(([key, value]) => `${key}: ${value}`).join(', ');
}

function tally(lines) {
  const counts = new Map();
  for (const line of lines) {
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return counts;
}

// Everybody who takes part, and what they cost.
function startAll(t, soak) {
  const publishers = CHANNELS.map((_, i) => new Publisher(soak, seasons(SEED, i)));
  const viewers = viewerHabits(SEED).map((habits) => new Viewer(soak, habits));
  const dice = new Dice(SEED, 100);
  const running = [
    ...publishers.map((publisher) => publisher.run()),
    ...viewers.map((viewer) => viewer.run()),
    sell(soak, CHANNELS.slice(0, MARKETS), dice),
    WITH_PAGE ? watchWithHls(t, soak, CHANNELS[0]) : null,
    ...Array.from({ length: READERS }, (_, i) =>
      readAll(soak, CHANNELS[i], new Dice(SEED, 200 + i))),
  ];
  return { publishers, viewers, done: Promise.all(running) };
}

function measureCpu(soak, publishers) {
  const { user, system } = process.cpuUsage();
  return {
    phien: cpuSeconds(soak.server.child.pid),
    viewers: (user + system) / 1e6,
    publishers: publishers.reduce((sum, publisher) => sum + publisher.measure(), 0),
  };
}

function tellCpu(from, to, seconds) {
  return Object.keys(to)
    .map((who) => `${who} ${(60 * (to[who] - from[who]) / seconds).toFixed(1)}`).join(', ');
}

// Looks at everything once a second, until the time is up or phien is gone.
async function observe(soak, publishers, curve) {
  const began = performance.now();
  const first = measureCpu(soak, publishers);
  let told = 0;
  let s = 0;
  while (s < SECONDS && soak.server.isRunning) {
    await soak.pause(1000);
    s = (performance.now() - began) / 1000;
    curve.add(s, residentMb(soak.server.child.pid));
    const cpu = measureCpu(soak, publishers);
    if (s - told >= TOLD_EVERY_S) {
      told = s;
      console.log(`${Math.round(s)} s: ${curve.points.at(-1)?.mb.toFixed(1)} MB, CPU seconds a ` +
        `minute: ${tellCpu(first, cpu, s)}; ${table(soak.counts)}`);
    }
    soak.cpu = tellCpu(first, cpu, s);
  }
}

function report(t, soak, { publishers, lag }, curve) {
  const { log } = soak.server;
  const stops = tally(log.filter(({ event }) => event === 'publish.stop')
    .map(({ reason }) => reason));
  const ended = new Map();
  for (const [how, count] of publishers.flatMap((publisher) => [...publisher.ended])) {
    ended.set(how, (ended.get(how) ?? 0) + count);
  }
  t.diagnostic(`resident memory in MB: ${curve}`);
  t.diagnostic(`CPU seconds a minute: ${soak.cpu}`);
  t.diagnostic(`publishers left: ${table(ended)}; in the log: ${table(stops)}`);
  t.diagnostic(`answers: ${table(soak.counts)}; ${(soak.bytes / 1e6).toFixed(0)} MB of them`);
  t.diagnostic(`events in the log: ${table(tally(log.map(({ event }) => event)))}`);
  if (soak.page) {
    t.diagnostic(`the page: ${soak.page.pictures} pictures, once none for ` +
      `${(soak.page.longestStillMs / 1000).toFixed(1)} s`);
  }
  t.diagnostic(`the viewers' own process stood still for ${Math.round(lag.max / 1e6)} ms at most`);
  writeFileSync(join(ARTEFACTS, 'soak.log'), `${soak.server.lines.join('\n')}\n`);
  t.diagnostic(`phien's log is ${join(ARTEFACTS, 'soak.log')}` +
    (soak.kept > 0 ? `, and states of playlists are in soak-1.txt to soak-${soak.kept}.txt` : ''));
  return stops;
}

test(`soak with SOAK_SEED=${SEED}, ${SECONDS} s`, async (t) => {
  if (IS_SANITIZED) {
    process.env.ASAN_OPTIONS = [process.env.ASAN_OPTIONS, QUARANTINE].filter(Boolean).join(':');
  }
  console.log(`SOAK_SEED=${SEED} SOAK_SECONDS=${SECONDS}`);
  const sources = await makeSources();
  const server = await Server.start(t, CONFIG);
  const soak = new Soak(server, sources);
  const curve = new Curve();
  const lag = monitorEventLoopDelay();
  const { publishers, done } = startAll(t, soak);
  t.after(() => Promise.all(publishers.map((publisher) => publisher.kill())));
  lag.enable();
  await observe(soak, publishers, curve);
  lag.disable();
  soak.end();
  // With everybody still there.
  const stopping = server.isRunning ? server.stop({ timeoutMs: 6 * EXIT_MS }) : server.stop();
  const exitMs = await stopping.catch((error) => error);
  await Promise.all(publishers.map((publisher) => publisher.kill()));
  await done;
  const stops = report(t, soak, { publishers, lag }, curve);

  await t.test('all of it has happened', () => {
    const told = tally(server.log.map(({ event }) => event));
    for (const event of ['publish.takeover', 'slate.begin', 'slate.end', 'overlay.card']) {
      assert.ok(told.get(event) > 0, `${event} is not in the log`);
    }
    for (const kind of ['playlists', 'media', 'hints', 'changes', 'events']) {
      assert.ok(soak.counts.get(`${kind} 200`) > SECONDS, `${kind}: ${table(soak.counts)}`);
    }
    assert.ok(!WITH_PAGE || soak.page?.pictures > SECONDS, 'the page has shown no pictures');
  });
  await t.test('no player gave up', () => assert.equal(soak.fatalText, ''));
  await t.test('memory has not grown', { skip: TOO_SHORT }, (subtest) => {
    const from = curve.around(SETTLED_S, SETTLED_S + MEAN_OVER_S);
    const to = curve.around(curve.points.at(-1).s - MEAN_OVER_S, Infinity);
    subtest.diagnostic(`${from.toFixed(1)} MB after ${SETTLED_S} s, ${to.toFixed(1)} at the end`);
    assert.ok(to <= from * (1 + GROWTH_MAX), `from ${from} MB to ${to} MB:\n${curve}`);
  });
  await t.test('the log has no error, and publishers were ended for no other reasons', () => {
    assert.deepEqual(server.log.filter(({ level }) => level === 'error'), []);
    assert.deepEqual([...stops.keys()].filter((reason) => !REASONS.includes(reason) &&
      reason !== 'shutdown'), []);
  });
  await t.test('it ended in time, with 0 and without a sanitizer\'s report', (subtest) => {
    assert.ok(!(exitMs instanceof Error), exitMs.message);
    subtest.diagnostic(`after ${Math.round(exitMs)} ms`);
    assert.ok(exitMs <= EXIT_MS, `${exitMs} ms`);
  });
});

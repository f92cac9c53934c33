// SPDX-License-Identifier: Apache-2.0
//
// The watch page in a real Chromium: it waits for the market to open, shows the moving picture,
// goes on without a stall, and comes back by itself after the publisher was away.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openBrowser, WatchPage } from './lib/browser.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { IS_SANITIZED, Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';

// The aim is 5 s; a machine that also runs sanitizers gets more.
const START_MS = 20000;

// Half a minute of an optimised build; sanitizers look at the server, which is soon seen.
const WATCH_S = IS_SANITIZED ? 10 : 30;

// The page itself speaks of a stall after this long.
const STALL_MS = 1500;

// The longest time without a new picture until `end`: { from, ms }.
function longestGap(frames, end) {
  return frames.map(({ at }, i) => ({ from: at, ms: (frames[i + 1]?.at ?? end) - at }))
    .reduce((longest, gap) => (gap.ms > longest.ms ? gap : longest), { from: 0, ms: 0 });
}

// What the server did around that time, for whoever has to find out why.
function logAround(server, { from, ms }) {
  return server.lines.filter((_, i) => {
    const at = Date.parse(server.log[i].time);
    return at >= from - 2000 && at <= from + ms + 1000;
  }).join('\n');
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

// Watches for a while; the picture must keep moving and the page must stay "playing".
async function watch(t, server, watched, name) {
  const began = Date.now();
  const latencies = [];
  for (let second = 1; second <= WATCH_S; second++) {
    await watched.waitUntil(`${second} s of ${WATCH_S}`, ([from, ms]) =>
      Date.now() - from >= ms, [began, second * 1000]);
    latencies.push(await watched.latency());
  }
  const { frames, states, events } = await watched.seen();
  const during = frames.filter(({ at }) => at >= began);
  const media = during.at(-1).mediaTime - during[0].mediaTime;
  const gap = longestGap(during, Date.now());
  const told = latencies.filter((latency) => latency !== null);
  t.diagnostic(`${name}: ${during.length} pictures and ${media.toFixed(1)} s of media in ` +
    `${WATCH_S} s, longest standstill ${gap.ms} ms, ` +
    `${events.filter(({ event, at }) => event === 'waiting' && at >= began).length} waits, ` +
    `behind (p50 / max): ${median(told)} / ${Math.max(...told)} s`);
  assert.ok(gap.ms < STALL_MS, `the picture stood still for ${gap.ms} ms; the page's events: ` +
    `${JSON.stringify(events.slice(-20))}; the log around it:\n${logAround(server, gap)}`);
  assert.deepEqual(states.filter(({ at }) => at >= began), [], 'the page left "playing"');
  assert.ok(Math.abs(media - WATCH_S) < 3, `${media} s of media in ${WATCH_S} s`);
  assert.ok(told.length > WATCH_S / 2, 'the page did not tell how far behind it is');
  assert.ok(median(told) < 5, `${median(told)} s behind`);
}

test('the watch page', async (t) => {
  const server = await Server.start(t);
  const browser = await openBrowser(t);
  const input = await source('long');
  const early = await WatchPage.open(browser, `${server.httpUrl}/watch/cho`);
  let publisher;

  await t.test('waits for a publisher, and starts by itself', async (subtest) => {
    await early.waitState('waiting');
    await early.screenshot('waiting');
    publisher = pushWithFfmpeg(t, server.publishUrl('cho'), input);
    const { time } = await server.waitOnAir('cho');
    const [{ at }] = await early.waitFrames(5, 0, START_MS);
    subtest.diagnostic(`on air to first picture: ${at - Date.parse(time)} ms`);
    await early.waitState('playing');
    await early.screenshot('playing');
  });

  const late = await WatchPage.open(browser, `${server.httpUrl}/watch/cho`,
    { viewport: { width: 1280, height: 720 } });

  await t.test('starts at once when somebody is on air', async (subtest) => {
    const [{ at }] = await late.waitFrames(5, 0, START_MS);
    subtest.diagnostic(`opened to first picture: ${at - late.openedAt} ms`);
    await late.waitState('playing');
  });

  await t.test('plays without a stall', async (subtest) => {
    await Promise.all([watch(subtest, server, early, 'early'),
      watch(subtest, server, late, 'late')]);
    await late.screenshot('wide');
    assert.deepEqual([...early.errors, ...late.errors], []);
  });

  await t.test('goes on after the publisher was away, now upright', async (subtest) => {
    await publisher.kill();
    await server.waitPublishStop('cho');
    await early.waitState('reconnecting');
    await early.screenshot('reconnecting');
    const from = server.log.length;
    publisher = pushWithFfmpeg(t, server.publishUrl('cho'), await source('portrait'),
      { loop: true });
    const back = Date.parse((await server.waitOnAir('cho', { from })).time);
    for (const watched of [early, late]) {
      const [{ at }] = await watched.waitFrames(25, back, START_MS);
      subtest.diagnostic(`on air again to moving picture: ${at - back} ms`);
      await watched.waitState('playing');
      await watched.waitUntil('an upright picture', () =>
        document.body.dataset.picture === 'tall');
      assert.ok(await watched.isSameDocument(), 'the page was reloaded');
    }
    await early.screenshot('upright');
    assert.deepEqual([...early.errors, ...late.errors], []);
  });
});

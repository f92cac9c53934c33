// SPDX-License-Identifier: Apache-2.0
//
// A phone in the mountains loses its network for longer than any player waits for a playlist to
// grow, and there is no slate. The page must sit it out, and show the picture again by itself when
// the phone is back.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openBrowser, WatchPage } from './lib/browser.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';

const AWAY_S = 22;
const BACK_MS = 20000;

test('the watch page sits out an outage', async (t) => {
  const server = await Server.start(t, { publish: { grace_s: 60, slate: false } });
  const browser = await openBrowser(t);
  const input = await source('long');
  const publish = () => pushWithFfmpeg(t, server.publishUrl('cho'), input);
  const watched = await WatchPage.open(browser, `${server.httpUrl}/watch/cho`);
  let publisher = publish();
  await watched.waitFrames(25);
  await watched.waitState('playing');

  const outages = [['the network is lost', 'kill', AWAY_S], ['the app is closed', 'stop', 4]];
  for (const [what, how, seconds] of outages) {
    await t.test(`${what} for ${seconds} s`, async (subtest) => {
      const gone = Date.now();
      await publisher[how]();
      await watched.waitState('reconnecting');
      await watched.waitUntil(`${seconds} s`, ([since, ms]) => Date.now() - since >= ms,
        [gone, seconds * 1000]);
      const { states } = await watched.seen();
      assert.deepEqual(states.filter(({ at }) => at >= gone).map(({ state }) => state),
        ['reconnecting'], 'what the page said while it waited');
      const from = server.log.length;
      publisher = publish();
      const back = Date.parse((await server.waitOnAir('cho', { from })).time);
      const [{ at }] = await watched.waitFrames(25, back, BACK_MS);
      subtest.diagnostic(`on air again to moving picture: ${at - back} ms`);
      await watched.waitState('playing');
      assert.ok(await watched.isSameDocument(), 'the page was reloaded');
      assert.deepEqual(watched.errors, []);
    });
  }
});

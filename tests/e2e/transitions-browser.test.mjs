// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens to the seller's line, phone and server, nobody who watches loads the page again:
// one page with hls.js and one with shaka-player, as other people make them, and phien's own, go
// through an evening of it. For each, how long after the phone's first new key frame its picture
// moves, and how often the player gave up.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { openBrowser, WatchPage } from './lib/browser.mjs';
import { PlayerPage, serveSite } from './lib/players.mjs';
import { Seller } from './lib/seller.mjs';
import { makeTemporaryDirectory, Server } from './lib/server.mjs';

const CHANNEL = 'cho';
const SLATE_WIDTH = 1280; // lying, as what was on before

// A busy machine with three players on it may take a while.
const BACK_MS = 20000;

// Notes what the player says is wrong, and does about it what its makers tell pages to do.
function listenToHls() {
  window.faults = [];
  window.hls.on('hlsError', (_, { fatal, type, details }) => {
    window.faults.push({ fatal, type, details, at: Date.now() });
    if (fatal && type === 'mediaError') {
      window.hls.recoverMediaError();
    } else if (fatal && type === 'networkError') {
      window.hls.startLoad();
    }
  });
}

// What the network does is critical to shaka-player, but of a live stream it asks again.
function listenToShaka() {
  window.faults = [];
  const { NETWORK } = window.shaka.util.Error.Category;
  const { CRITICAL } = window.shaka.util.Error.Severity;
  window.player.addEventListener('error', ({ detail: { severity, code, category, data } }) =>
    window.faults.push({ fatal: severity === CRITICAL && category !== NETWORK, type: category,
      details: code, why: data.map(String), at: Date.now() }));
}

class Viewer {
  constructor(name, watched) {
    this.name = name;
    this.watched = watched;
  }

  static async openPlayer(browser, site, name, url, listen) {
    const { watched } = await PlayerPage.open(browser, site, name, url);
    await watched.page.evaluate(listen);
    return new Viewer(name, watched);
  }

  static async openWatch(browser, url) {
    return new Viewer('watch page', await WatchPage.open(browser, url));
  }

  // When the first picture of that size came after `since`, once ten have.
  async waitPicture({ width }, since, timeoutMs = BACK_MS) {
    const count = 10;
    try {
      await this.watched.waitUntil(`${this.name}: ${count} pictures ${width} wide`,
        ([wanted, from, least]) => window.witness.frames.filter((frame) => frame.at >= from &&
          frame.width === wanted).length >= least, [width, since, count], timeoutMs);
    } catch (error) {
      error.message += `\nit stands at ${JSON.stringify(await this.where())}, and was told ` +
        `${JSON.stringify((await this.faults(0)).slice(-30))}`;
      throw error;
    }
    const { frames } = await this.watched.seen();
    return frames.find((frame) => frame.at >= since && frame.width === width).at;
  }

  // Where the player is, and what it has.
  where() {
    return this.watched.page.evaluate(() => {
      const { currentTime, paused, readyState, buffered } = document.querySelector('video');
      const details = window.hls?.latestLevelDetails;
      return { currentTime, paused, readyState,
        buffered: Array.from(buffered, (_, i) => [buffered.start(i), buffered.end(i)]),
        listed: details && [details.startSN, details.endSN, details.edge, details.live] };
    });
  }

  faults(since) {
    return this.watched.page.evaluate((from) =>
      (window.faults ?? []).filter(({ at }) => at >= from), since);
  }
}

test('an evening on one page load', async (t) => {
  const directory = makeTemporaryDirectory();
  t.after(() => rmSync(directory, { recursive: true }));
  const config = { srt: {}, publish: { grace_s: 60 }, state: join(directory, 'state') };
  let server = await Server.start(t, config);
  const [browser, site] = await Promise.all([openBrowser(t), serveSite(t)]);
  let seller = await Seller.open(t, server, CHANNEL);
  await seller.callRtmp('long');
  const url = server.live(CHANNEL, 'index.m3u8');
  const viewers = await Promise.all([
    Viewer.openPlayer(browser, site, 'hls', url, listenToHls),
    Viewer.openPlayer(browser, site, 'shaka', url, listenToShaka),
    Viewer.openWatch(browser, `${server.httpUrl}/watch/${CHANNEL}`),
  ]);
  await Promise.all(viewers.map((viewer) => viewer.waitPicture({ width: 426 }, 0)));
  // Does something to the line, and waits until every page shows the seller again.
  const step = (what, width, act, { hasFatal = false } = {}) => t.test(what, async (subtest) => {
    const began = Date.now();
    const back = Date.parse((await act()).time);
    for (const [i, at] of (await Promise.all(viewers.map((viewer) =>
      viewer.waitPicture({ width }, back)))).entries()) {
      const faults = await viewers[i].faults(began);
      const fatal = faults.filter((fault) => fault.fatal);
      subtest.diagnostic(`${viewers[i].name}: ${at - back} ms, ${fatal.length} fatal errors` +
        `${faults.length > 0 ? `, ${faults.map(({ details }) => details).join(' ')}` : ''}`);
      assert.ok(hasFatal || fatal.length === 0, `${viewers[i].name}: ${JSON.stringify(faults)}`);
      assert.ok(await viewers[i].watched.isSameDocument(), `${viewers[i].name}: was reloaded`);
    }
  });

  await step('from RTMP to SRT, and the phone is turned', 240, () => seller.callSrt('portrait'));
  await step('from SRT to RTMP, without a microphone', 426, () => seller.callRtmp('silent'));
  await step('with one again, turned', 240, () => seller.callRtmp('portrait'));

  // shaka-player 5.2 takes the wall clock for the end of a live stream: what is missing from it, it
  // waits for. And it has one codec for a stream. Three players that decode large pictures are more
  // than two cores can do, too, and what it has no time for it does not get over.
  const [shaka] = viewers.splice(1, 1);
  await shaka.watched.page.close();
  await step('in 720p', 1280, () => seller.callRtmp('hd'));
  await step('in 1080p', 1920, () => seller.callRtmp('fullhd'));
  await step('the link is dead for 10 s, then another address', 426, async () => {
    const lost = Date.now();
    await seller.loseNetwork();
    await Promise.all(viewers.map((viewer) => viewer.waitPicture({ width: SLATE_WIDTH }, lost)));
    await viewers[0].watched.waitUntil('10 s', ([since]) => Date.now() - since >= 10000, [lost]);
    return seller.callRtmp('long');
  });
  // Away for so long that hls.js holds its playlist for outdated, and on a quick machine for not so
  // long that it gives up, which it does when the server refuses it twice.
  await step('kill -9, and started again', 240, async () => {
    await server.kill();
    const killed = Date.now();
    await viewers[0].watched.waitUntil('0.6 s', ([since]) => Date.now() - since >= 600, [killed]);
    server = await Server.start(t, { ...config, ports: server.ports });
    seller = await Seller.open(t, server, CHANNEL);
    await server.waitForLog({ event: 'slate.begin', channel: CHANNEL });
    return seller.callRtmp('portrait');
  }, { hasFatal: true });
  await step('from H.264 to AV1', 426, () => seller.callEnhanced('av1'));
  await step('and back to H.264, turned', 240, () => seller.callRtmp('portrait'));
  viewers.forEach(({ watched }) => assert.deepEqual(watched.errors, []));
});

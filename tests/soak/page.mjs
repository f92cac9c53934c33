// SPDX-License-Identifier: Apache-2.0
//
// A real player among the viewers: hls.js in Chromium, which sees one channel through all that
// happens to it on one page load.

import { openBrowser } from '../e2e/lib/browser.mjs';
import { PlayerPage, serveSite } from '../e2e/lib/players.mjs';
import { get, openConnections } from './http.mjs';

const LOOKS_MS = 5000;

// Runs in the page.
function listen() {
  window.fatal = [];
  window.hls.on('hlsError', (_, { fatal, type, details, reason, error }) => {
    if (fatal) {
      window.fatal.push(`${type} ${details} ${reason ?? ''} ${error ?? ''}`);
    }
  });
}

// hls.js gives up where there is no stream yet.
async function waitForStream(soak, url) {
  const agent = openConnections(1);
  while ((await get(agent, url)).status !== 200 && await soak.pause(500)) {
    // It is looked at again.
  }
  agent.destroy();
}

// How many pictures were shown, and the longest time without a new one, in milliseconds.
function summary({ frames }) {
  const still = frames.slice(1).map(({ at }, i) => at - frames[i].at);
  return { pictures: frames.length, longestStillMs: Math.max(0, ...still) };
}

// Until the soak is over.
export async function watchWithHls(t, soak, channel) {
  const url = soak.server.live(channel, 'index.m3u8');
  await waitForStream(soak, url);
  const page = await PlayerPage.open(await openBrowser(t), await serveSite(t), 'hls', url);
  await page.page.evaluate(listen);
  let told = 0;
  while (await soak.pause(LOOKS_MS)) {
    const fatal = await page.page.evaluate(() => window.fatal);
    fatal.slice(told).forEach((text) => soak.fail('hls.js', `${url}: ${text}`));
    told = fatal.length;
    soak.page = summary(await page.watched.seen());
  }
}

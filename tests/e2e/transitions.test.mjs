// SPDX-License-Identifier: Apache-2.0
//
// The playlists through an evening on a bad line: losses with the slate in between, takeovers over
// both protocols, other codecs, sizes and tracks. No rule of HLS is broken on the way, and what was
// listed once never changes.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { checkTogether } from './lib/conformance.mjs';
import { LowLatencyViewer, PlainViewer } from './lib/hls.mjs';
import { Seller } from './lib/seller.mjs';
import { Server } from './lib/server.mjs';

const CHANNEL = 'cho';

// Which others are reported on changes with the tracks.
const RULES = { reports: null };

test('playlists through an evening on a bad line', async (t) => {
  const server = await Server.start(t, { srt: {}, publish: { grace_s: 20, linger_s: 5 } });
  const seller = await Seller.open(t, server, CHANNEL);
  await seller.callRtmp('portrait');
  const viewers = [
    new LowLatencyViewer(server, CHANNEL, 'av.m3u8', RULES),
    new LowLatencyViewer(server, CHANNEL, 'audio.m3u8', RULES),
    new PlainViewer(server, CHANNEL, 'ts/index.m3u8', { hasMap: false }),
    new PlainViewer(server, CHANNEL, 'cards.m3u8', { hasMap: false }),
  ];
  // Resolves when each has a segment.
  let isBegun;
  const begun = new Promise((resolve) => { isBegun = resolve; });
  const watching = Promise.all(viewers.map((viewer) => viewer.watch(() => {
    if (viewers.every(({ finished }) => finished.length > 0)) {
      isBegun();
    }
    return false;
  }, { timeoutMs: 180000 })));
  await Promise.race([begun, watching]);

  await seller.loseNetwork();
  await seller.callRtmp('gop2');
  await seller.callSrt('bframes');
  await seller.callEnhanced('hevc');
  await seller.callRtmp('portrait');
  await seller.loseNetwork();
  await seller.callEnhanced('hevc');
  await seller.callRtmp('silent');
  await seller.callRtmp('odd');
  await seller.hangUp();

  await watching;
  viewers.forEach((viewer) => assert.deepEqual(viewer.allProblems, [], viewer.url));
  assert.deepEqual(checkTogether(Object.fromEntries(viewers.map(({ url, playlist }) =>
    [url, playlist]))), []);
});

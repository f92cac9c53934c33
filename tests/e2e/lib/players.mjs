// SPDX-License-Identifier: Apache-2.0
//
// Other people's pages: a small server gives them, from an origin of its own, and in each a player
// that people use tells what it hears of phien's cards.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { WatchPage } from './browser.mjs';

const MODULES = join(dirname(fileURLToPath(import.meta.url)), '../node_modules');

const SCRIPTS = {
  '/hls.js': 'hls.js/dist/hls.min.js',
  '/video.js': 'video.js/dist/video.min.js',
  '/shaka.js': 'shaka-player/dist/shaka-player.compiled.js',
};

// `head` is what the page has before its end; the picture fills the window.
const makePage = (head) => `<!doctype html>
<html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Phiên chợ</title><link rel="icon" href="data:,">
<style>body { margin: 0; background: #333 } .frame { position: relative }
video { display: block; width: 100vw; height: 56vw; max-height: 100vh }</style>
<div class="frame"><video id="video" muted playsinline></video></div>
${head}`;

// Where the pictures of lib/source show their number, in their own pixels.
export const NUMBER_AREA = { width: 104, height: 40 };

// Notes what the library says and draws, and where the picture was at that moment: the date of what
// is played, and that of the picture which was shown last. Of the first card also the number that
// the picture shows, as grey pixels.
function watchOverlay(overlay, hls, video, { width, height }) {
  const heard = { cards: [], number: null };
  const readNumber = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, width, height, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    return Array.from({ length: width * height }, (_, i) =>
      Math.round((data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3));
  };
  let mediaTime = 0;
  const onFrame = (_, frame) => {
    ({ mediaTime } = frame);
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
  overlay.addEventListener('card', ({ detail: card }) => {
    heard.number ??= readNumber();
    const date = hls.playingDate?.getTime() ?? null;
    const { shadowRoot } = document.querySelector('[data-phien-overlay]');
    heard.cards.push({ card, at: Date.now(), date, pictureDate: date === null ? null
      : date - (video.currentTime - mediaTime) * 1000,
    isDrawn: shadowRoot.querySelector('.slot').hasAttribute('data-shown') });
  });
  window.heard = heard;
}

// The two lines, between what any page with hls.js has. It begins anew when there is no playlist:
// left to itself hls.js takes a server that has been away for one that has just begun, and waits
// until that has come as far as the picture was.
const shopPage = (channel) => makePage(`<script src="/hls.js"></script>
<script type="module">
  ${watchOverlay}
  import { attach } from '${new URL('/assets/phien-overlay.js', channel)}';
  const video = document.getElementById('video');
  const hls = new Hls();
  const load = () => {
    hls.detachMedia();
    hls.loadSource('${channel}index.m3u8');
    hls.attachMedia(video);
  };
  hls.on(Hls.Events.ERROR, (_, { fatal, details }) => {
    if (fatal || details === Hls.ErrorDetails.LEVEL_LOAD_ERROR) {
      load();
    }
  });
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
  load();
  const overlay = attach(video, { hls, channel: '${channel}', draw: true });
  Object.assign(window, { hls, overlay });
  watchOverlay(overlay, hls, video, ${JSON.stringify(NUMBER_AREA)});
</script>`);

function answer(url) {
  const { pathname, searchParams } = new URL(url, 'http://any');
  if (pathname in SCRIPTS) {
    return ['text/javascript', readFileSync(join(MODULES, SCRIPTS[pathname]))];
  }
  if (pathname === '/shop') {
    return ['text/html', shopPage(searchParams.get('channel'))];
  }
  return ['text/html', makePage(`<script src="${pathname}.js"></script>`)];
}

// The address of "/hls", "/video", "/shaka", each with that player's script, and of "/shop".
export async function serveSite(t) {
  const server = createServer((incoming, response) => {
    const [type, body] = answer(incoming.url);
    response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` });
    response.end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

// What follows runs in the pages, and leaves in window.heard what the player has told:
//   messages: [{ time, text, id }], ids where the player has them; ranges: date ranges by their id
// and window.dateOf(time), the date of a moment of the video's clock.

function playWithHls(url) {
  const video = document.querySelector('video');
  const hls = new window.Hls();
  const heard = { messages: [], ranges: {} };
  const decoder = new TextDecoder();
  hls.on('hlsFragParsingMetadata', (_, { samples }) => {
    for (const { data, pts, type } of samples) {
      const [, text] = decoder.decode(data).split('phien.overlay\0');
      heard.messages.push({ time: pts, text: text.replace(/\0$/, ''), type });
    }
  });
  hls.on('hlsLevelUpdated', (_, { details }) => {
    for (const range of Object.values(details.dateRanges)) {
      heard.ranges[range.id] = { start: range.startDate.getTime(), duration: range.duration,
        isValid: range.isValid, cardClass: range.class, attributes: { ...range.attr } };
    }
  });
  hls.on('hlsManifestParsed', () => video.play());
  hls.loadSource(url);
  hls.attachMedia(video);
  const dateOf = (time) => {
    const frag = hls.latestLevelDetails.fragments
      .findLast(({ start, programDateTime }) => programDateTime && start <= time + 0.001);
    return frag ? frag.programDateTime + (time - frag.start) * 1000 : null;
  };
  Object.assign(window, { hls, heard, dateOf });
}

function playWithVideoJs(url) {
  const heard = { messages: [] };
  const player = window.videojs('video', { muted: true, liveui: false });
  const taken = new Set();
  // Cues of tracks that are disabled are not read.
  const scan = () => {
    for (const track of Array.from(player.textTracks())) {
      if (track.kind === 'metadata') {
        track.mode = 'hidden';
        for (const cue of Array.from(track.cues ?? [])) {
          if (cue.value?.key === 'TXXX' && !taken.has(cue)) {
            taken.add(cue);
            heard.messages.push({ time: cue.startTime, text: cue.value.data, value: cue.value });
          }
        }
      }
    }
  };
  player.textTracks().addEventListener('addtrack', scan);
  player.on('timeupdate', scan);
  player.src({ src: url, type: 'application/vnd.apple.mpegurl' });
  player.ready(() => player.play());
  const dateOf = (time) => {
    const { segments } = player.tech(true).vhs.playlists.media();
    const segment = segments.findLast(({ start, dateTimeObject }) =>
      dateTimeObject && start <= time + 0.001);
    return segment ? segment.dateTimeObject.getTime() + (time - segment.start) * 1000 : null;
  };
  Object.assign(window, { player, heard, dateOf });
}

async function playWithShaka(url) {
  const video = document.querySelector('video');
  const heard = { messages: [], regions: [] };
  const player = new window.shaka.Player();
  await player.attach(video);
  // Boxes of schemes that no DASH manifest announces are left out else.
  player.configure({ mediaSource: { dispatchAllEmsgBoxes: true } });
  const decoder = new TextDecoder();
  player.addEventListener('emsg', ({ detail }) => {
    const [, text] = decoder.decode(detail.messageData).split('phien.overlay\0');
    heard.messages.push({ time: detail.startTime, text, id: detail.id });
  });
  player.addEventListener('metadata', ({ startTime, metadataType, payload }) =>
    heard.regions.push({ time: startTime, type: metadataType, key: payload.key,
      data: typeof payload.data === 'string' ? payload.data : null }));
  await player.load(url);
  video.play();
  // Not by the date of the playhead, which moves on between two looks at it.
  const dateOf = (time) =>
    (player.getManifest().presentationTimeline.getInitialProgramDateTime() + time) * 1000;
  Object.assign(window, { player, heard, dateOf });
}

const PLAYERS = { hls: playWithHls, video: playWithVideoJs, shaka: playWithShaka };

// A page with one of the players, which plays `url`.
export class PlayerPage {
  static async open(browser, site, name, url) {
    const watched = await WatchPage.open(browser, `${site}/${name}`);
    await watched.page.evaluate(PLAYERS[name], url);
    return new PlayerPage(watched, name);
  }

  constructor(watched, name) {
    this.watched = watched;
    this.page = watched.page;
    this.name = name;
  }

  heard() {
    return this.page.evaluate(() => window.heard);
  }

  // The messages of one change, each with the `date` that the player gives its moment, once there
  // are `count` of them.
  async messages(seq, { count = 1, timeoutMs = 30000 } = {}) {
    await this.watched.waitUntil(`${count} messages ${seq} in ${this.name}`, ([wanted, least]) =>
      window.heard.messages.filter(({ text }) => JSON.parse(text).seq === wanted &&
        JSON.parse(text).card !== undefined).length >= least, [seq, count], timeoutMs);
    return this.page.evaluate((wanted) => Promise.all(window.heard.messages
      .filter(({ text }) => JSON.parse(text).seq === wanted)
      .map(async (message) => ({ ...message, date: await window.dateOf(message.time) }))), seq);
  }
}

// What an overlay shows: runs in the page.
function readOverlay() {
  const shadow = document.querySelector('[data-phien-overlay]')?.shadowRoot;
  const card = shadow?.querySelector('.slot[data-shown] .card');
  const read = (selector) => {
    const element = card.querySelector(selector);
    return element.hidden ? null : element.textContent;
  };
  return card ? { title: read('.title'), price: read('.price'), was: read('.was'),
    left: read('.left'), note: read('.note'), time: card.querySelector('.timer').hidden ? null
      : read('.timer b'), buy: card.querySelector('.buy').hidden ? null
      : card.querySelector('.buy').href, isSoldOut: card.hasAttribute('data-sold-out') } : null;
}

// A page with the overlay over its picture: somebody's shop, or the watch page.
export class OverlayPage {
  static async open(browser, url, options) {
    const watched = await WatchPage.open(browser, url, { locale: 'vi-VN', ...options });
    await watched.page.evaluate(`window.readOverlay = ${readOverlay}`);
    return new OverlayPage(watched);
  }

  static openShop(browser, site, channel, options) {
    return OverlayPage.open(browser, `${site}/shop?channel=${encodeURIComponent(channel)}`,
      options);
  }

  constructor(watched) {
    this.watched = watched;
    this.page = watched.page;
  }

  // What the card says, or null.
  read() {
    return this.page.evaluate(() => window.readOverlay());
  }

  // Waits until the card has this title, null: until there is none.
  waitCard(title) {
    return this.watched.waitUntil(`the card ${title}`, (wanted) =>
      (window.readOverlay()?.title ?? null) === wanted, title);
  }

  // Somebody's shop: what the library has said, each { card, at, date, pictureDate, isDrawn }.
  async heard() {
    return (await this.page.evaluate(() => window.heard)).cards;
  }

  // The longest time without a new picture since then.
  async longestStandstill(since) {
    const { frames } = await this.watched.seen();
    const times = [...frames.map(({ at }) => at).filter((at) => at >= since), Date.now()];
    return Math.max(...times.map((at, i) => at - (times[i - 1] ?? since)));
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Card and basket over the picture, on the watch page and on somebody else's page with two lines
// of ours: there when the picture reaches the moment at which the seller showed it, gone with the
// picture, and never in the picture's way.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { openBrowser } from './lib/browser.mjs';
import { waitForPlaylist } from './lib/hls.mjs';
import { parseMedia } from './lib/m3u8.mjs';
import {
  BUFFALO, CHANNEL, CHANNELS, HONEY, PLUM, RICE, Stall, TITLES,
} from './lib/market.mjs';
import { NUMBER_AREA, OverlayPage, serveSite } from './lib/players.mjs';
import { run } from './lib/process.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { IS_SANITIZED, Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';

const FRAME_MS = 40;
const DRAWN_MS = 1000; // some milliseconds on a machine that has nothing else to do

// What is not in the picture does not wait for it; busy machines do.
const TOLD_MS = 5000;

const WATCH_S = IS_SANITIZED ? 8 : 12;
const STALL_MS = 1500;

// The shop's page, and the watch page, with what was shown on both.
class Audience {
  constructor(t, shop, phone) {
    Object.assign(this, { t, shop, phone, shown: [], delays: [], leads: [] });
  }

  get all() {
    return [this.shop, this.phone];
  }

  // Waits for what was just pinned, which the shop must draw with its picture.
  async wait(placed, sku) {
    this.shown.push(sku);
    await Promise.all(this.all.map((page) => page.waitCard(sku && TITLES[sku])));
    const drawn = (await this.shop.heard()).findLast(({ card }, i, all) =>
      (card?.sku ?? null) === sku && all[i - 1]?.card?.shown_at !== card?.shown_at);
    const late = drawn.date - placed.at;
    this.delays.push(late);
    assert.ok(late >= -FRAME_MS && late <= DRAWN_MS, `${sku}: drawn ${late} ms after its time`);
    // A machine that is too busy to show each picture may show that of before a little longer.
    this.leads.push(placed.at - drawn.pictureDate);
    assert.equal(drawn.isDrawn, sku !== null);
  }

  // Each showing once, in order: nothing came back.
  async assertInOrder() {
    const showings = (await this.shop.heard()).map(({ card }) => card)
      .filter((card, i, all) => i === 0 || card?.shown_at !== all[i - 1]?.shown_at)
      .map((card) => card?.sku ?? null);
    assert.deepEqual(showings, this.shown);
  }
}

// Which picture of `input` it is that shows these pixels where its number is.
async function recogniseNumber(input, pixels) {
  const { width, height } = NUMBER_AREA;
  const { bytes } = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-t', '20', '-i', input,
    '-vf', `crop=${width}:${height}:0:0`, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']);
  const size = width * height * 3;
  const differences = Array.from({ length: bytes.length / size }, (_, n) =>
    pixels.reduce((sum, grey, i) => {
      const at = n * size + 3 * i;
      return sum + Math.abs(grey - (bytes[at] + bytes[at + 1] + bytes[at + 2]) / 3);
    }, 0));
  return differences.indexOf(Math.min(...differences));
}

// By what the picture itself shows, whatever players and playlists say of its time.
async function assertPictureIs(t, shop, { at, input, beganAt }) {
  const pixels = await shop.page.evaluate(() => window.heard.number);
  const seen = await recogniseNumber(input, pixels);
  const wanted = Math.round((at - beganAt) / FRAME_MS);
  t.diagnostic(`drawn over picture ${seen}, pinned at picture ${wanted}`);
  assert.ok(seen >= wanted - 2 && seen <= wanted + DRAWN_MS / FRAME_MS,
    `drawn over picture ${seen}, pinned at picture ${wanted}`);
}

async function assertCountsDown(page, endsAt) {
  const toSeconds = (time) => time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  const { time } = await page.read();
  const left = (endsAt - Date.now()) / 1000;
  assert.ok(Math.abs(toSeconds(time) - left) < 2, `it says ${time}, ${left} s are left`);
  const after = new Date((toSeconds(time) - 2) * 1000).toISOString().slice(14, 19);
  await page.watched.waitUntil('two seconds less', (wanted) =>
    window.readOverlay().time <= wanted, after);
}

async function assertToldAtOnce(t, audience, stall) {
  const began = Date.now();
  await stall.patch(PLUM, { stock_delta: -3 });
  await audience.shop.watched.waitUntil('how many are left', () =>
    window.heard.cards.at(-1).card?.stock === 9);
  const told = (await audience.shop.heard()).at(-1).at - began;
  t.diagnostic(`told after ${told} ms`);
  assert.ok(told < TOLD_MS, `${told} ms`);
  await audience.phone.watched.waitUntil('it on the watch page', () =>
    /9/.test(window.readOverlay().left));
}

// Runs in the page: of those that are not wholly inside the window, or have something over them.
function findHidden(selectors) {
  const { shadowRoot: shadow } = document.querySelector('[data-phien-overlay]');
  return selectors.filter((selector) => {
    const element = shadow.querySelector(selector);
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const over = shadow.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    return left < 0 || top < 0 || right > innerWidth || bottom > innerHeight || right <= left ||
      bottom <= top || !(over === element || element.contains(over));
  });
}

async function assertSeen({ watched }, selectors) {
  await watched.waitUntil(`all of ${selectors} in sight`, (wanted) =>
    window.findHidden(wanted).length === 0, selectors);
}

const readShelf = ({ page }) => page.evaluate(() => {
  const { shadowRoot: shadow } = document.querySelector('[data-phien-overlay]');
  return [...shadow.querySelectorAll('.item')].map((item) => ({
    title: item.querySelector('.title').textContent,
    isSoldOut: item.hasAttribute('data-sold-out'),
    isPinned: item.getAttribute('aria-current') === 'true',
    canBuy: !item.querySelector('.buy').hidden,
  }));
});

// Until nothing slides any more.
const rest = ({ page }) => page.evaluate(async () => {
  const { shadowRoot: shadow } = document.querySelector('[data-phien-overlay]');
  const ending = shadow.getAnimations().filter((animation) =>
    Number.isFinite(animation.effect.getComputedTiming().endTime));
  await Promise.all(ending.map(({ finished }) => finished));
});

const CARD = ['.card .title', '.card .price', '.card .buy', '.basket'];

// Card, then basket, as the window is now.
async function assertLooksRight(phone, name) {
  await assertSeen(phone, CARD);
  await rest(phone);
  await phone.watched.screenshot(`overlay-card-${name}`);
  await phone.page.locator('.basket').click();
  assert.deepEqual(await phone.page.evaluate(() => {
    const frame = document.querySelector('[data-phien-overlay]').shadowRoot.querySelector('.frame');
    return [frame.scrollLeft, frame.scrollTop];
  }), [0, 0], 'the card was pushed aside');
  await rest(phone);
  await assertSeen(phone, ['.sheet', '.sheet .close', '.item:first-child .title']);
  assert.deepEqual(await readShelf(phone), [PLUM, HONEY, RICE, BUFFALO].map((sku) => ({
    title: TITLES[sku], isSoldOut: sku === RICE, isPinned: sku === PLUM, canBuy: sku !== RICE,
  })));
  await phone.watched.screenshot(`overlay-basket-${name}`);
  await phone.page.locator('.sheet .close').click();
  await assertSeen(phone, CARD);
}

// Cards come and go for a while; what they wait for is the picture, so this is no busy loop.
async function trade(audience, stall) {
  const began = Date.now();
  for (let i = 0; Date.now() - began < WATCH_S * 1000; i++) {
    const sku = [HONEY, BUFFALO, RICE][i % 3];
    await audience.wait(await stall.show(sku), sku);
    await audience.wait(await stall.hide(), null);
  }
  for (const [page, who] of [[audience.shop, 'the shop'], [audience.phone, 'the watch page']]) {
    const gap = await page.longestStandstill(began);
    audience.t.diagnostic(`${who}: longest standstill ${gap} ms`);
    assert.ok(gap < STALL_MS, `${who}: the picture stood still for ${gap} ms`);
  }
  const { states } = await audience.phone.watched.seen();
  assert.deepEqual(states.filter(({ at }) => at >= began), [], 'the watch page left "playing"');
}

test('cards over the picture', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'phien-market-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const config = { channels: CHANNELS, overlay: { database: join(home, 'phien.db') } };
  let server = await Server.start(t, config);
  const [browser, site, input] = await Promise.all([openBrowser(t), serveSite(t), source('long')]);
  let stall = new Stall(server);
  await stall.open({ hasPictures: true });
  const publish = async (from, file, options) => {
    const publisher = pushWithFfmpeg(t, server.publishUrl(CHANNEL), file, options);
    await server.waitOnAir(CHANNEL, { from });
    return publisher;
  };
  let publisher = await publish(0, input);
  const first = parseMedia(await waitForPlaylist(server.live(CHANNEL, 'av.m3u8')));
  const beganAt = first.segments[0].pdt;
  const [shop, phone] = await Promise.all([
    OverlayPage.openShop(browser, site, server.live(CHANNEL, ''),
      { viewport: { width: 960, height: 540 } }),
    OverlayPage.open(browser, `${server.httpUrl}/watch/${CHANNEL}`,
      { viewport: { width: 360, height: 740 } }),
  ]);
  await phone.page.evaluate(`window.findHidden = ${findHidden}`);
  const audience = new Audience(t, shop, phone);
  await Promise.all(audience.all.map(({ watched }) => watched.waitFrames(25)));

  await t.test('the card comes with the picture, and counts down', async (subtest) => {
    const endsAt = Date.now() + 100000;
    const card = { flash_price: 39000, ends_at: new Date(endsAt).toISOString(),
      note: 'Hái sáng nay' };
    const placed = await stall.show(PLUM, card);
    await audience.wait(placed, PLUM);
    await assertPictureIs(subtest, shop, { at: placed.at, input, beganAt });
    for (const page of audience.all) {
      const { title, price, was, note, buy } = await page.read();
      assert.deepEqual([title, price, was, note, buy], [TITLES[PLUM], '39.000\u00a0₫',
        '60.000\u00a0₫', 'Hái sáng nay', `https://shop.example/${CHANNEL}/${PLUM}`]);
    }
    await Promise.all(audience.all.map((page) => assertCountsDown(page, endsAt)));
    // What the full build of hls.js would say in captions lies under the card.
    assert.deepEqual(await shop.page.evaluate(() => Array.from(
      document.querySelector('video').textTracks, ({ label, mode }) => [label, mode])
      .filter(([label]) => label === 'Giỏ hàng')), [['Giỏ hàng', 'disabled']]);
    await shop.watched.screenshot('overlay-shop');
  });

  await t.test('how many are left is told at once', (subtest) =>
    assertToldAtOnce(subtest, audience, stall));

  await t.test('on a phone, upright and lying', async () => {
    await assertLooksRight(phone, 'upright');
    await phone.page.setViewportSize({ width: 740, height: 360 });
    await assertLooksRight(phone, 'lying');
    await phone.page.setViewportSize({ width: 360, height: 740 });
    await audience.wait(await stall.hide(), null);
  });

  await t.test('cards come and go, and the picture goes on', () => trade(audience, stall));

  await t.test('the publisher loses the network', async () => {
    await audience.wait(await stall.show(HONEY), HONEY);
    await publisher.kill();
    await server.waitPublishStop(CHANNEL);
    const back = Date.now();
    publisher = await publish(server.log.length, await source('portrait'), { loop: true });
    await Promise.all(audience.all.map(({ watched }) => watched.waitFrames(25, back)));
    await audience.wait(await stall.show(PLUM), PLUM);
    await phone.watched.screenshot('overlay-card-tall');
  });

  await t.test('the server loses its power', async () => {
    await server.kill();
    server = await Server.start(t, { ...config, ports: server.ports });
    stall = new Stall(server);
    assert.equal((await stall.get('card')).card.sku, PLUM);
    const back = Date.now();
    publisher = await publish(0, input);
    await Promise.all(audience.all.map(({ watched }) => watched.waitFrames(25, back)));
    await audience.wait(await stall.show(BUFFALO), BUFFALO);
    await stall.patch(BUFFALO, { stock: 0 });
    await Promise.all(audience.all.map(({ watched }) =>
      watched.waitUntil('it sold out', () => window.readOverlay()?.isSoldOut)));
  });

  await t.test('all of it once, without a reload', async (subtest) => {
    await audience.assertInOrder();
    subtest.diagnostic(`drawn ${Math.min(...audience.delays).toFixed(0)} to ` +
      `${Math.max(...audience.delays).toFixed(0)} ms after its time, ` +
      `${Math.max(...audience.leads).toFixed(0)} ms before the picture was seen at most`);
    for (const { watched } of audience.all) {
      assert.ok(await watched.isSameDocument(), 'a page was reloaded');
      assert.deepEqual(watched.errors, []);
    }
  });
});

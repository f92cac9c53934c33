// SPDX-License-Identifier: Apache-2.0
//
// The studio as a helper uses it, on a phone of 360 by 740: what is tapped is seen by viewers, is
// made once however bad the line is, and is in step with the phone of another helper.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { tokenOf } from './lib/api.mjs';
import { openBrowser, WatchPage } from './lib/browser.mjs';
import { Line } from './lib/line.mjs';
import { BUFFALO, CHANNEL, CHANNELS, HONEY, PLUM, RICE, Stall } from './lib/market.mjs';
import { run } from './lib/process.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { Server } from './lib/server.mjs';
import { source } from './lib/source.mjs';
import { findBarriers, StudioPage } from './lib/studio.mjs';

const PATH = `/studio/${CHANNEL}`;
const LINK = `${PATH}?token=${tokenOf(CHANNEL)}`;

// As a phone's camera takes it: far larger than is sent.
async function takePhoto() {
  const { bytes } = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-f', 'lavfi',
    '-i', 'gradients=s=3000x4000:c0=darkgreen:c1=gold', '-frames:v', '1', '-f', 'mjpeg', '-']);
  return { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: bytes };
}

function waitStock(reader, sku, stock) {
  return reader.waitFor(({ events }) =>
    events.some(({ data }) => data.sku === sku && data.stock === stock), `${stock} of ${sku}`);
}

test('the studio', async (t) => {
  const server = await Server.start(t, { channels: CHANNELS });
  const stall = new Stall(server);
  await stall.open({ hasPictures: true });
  const stockOf = async (sku) => (await stall.get(`shelf/${sku}`)).product.stock;
  const line = await Line.open(t, server.ports.http);
  const browser = await openBrowser(t);
  pushWithFfmpeg(t, server.publishUrl(CHANNEL), await source('long'));
  const studio = await StudioPage.open(browser, line.url + LINK);
  const other = await StudioPage.open(browser, server.httpUrl + LINK, { locale: 'en-US' });
  const watched = await WatchPage.open(browser, `${server.httpUrl}/watch/${CHANNEL}`,
    { viewport: { width: 360, height: 740 } });

  await t.test('opens with the link, which is not shown', async () => {
    await studio.wait(studio.tile(BUFFALO));
    await studio.wait(`${studio.tile(PLUM)} img[data-loaded]`);
    assert.equal(studio.page.url(), line.url + PATH);
    assert.equal(studio.answer.headers()['referrer-policy'], 'no-referrer');
    assert.equal(studio.answer.headers()['cache-control'], 'no-store');
    assert.deepEqual(await studio.find('.tile').evaluateAll((tiles) =>
      tiles.map((tile) => tile.dataset.sku)), [PLUM, HONEY, RICE, BUFFALO]);
    await studio.wait(studio.tile(RICE, '[data-sold-out]'));
    assert.match(await studio.find(`${studio.tile(PLUM)} .price`).textContent(), /^45\.000\s₫$/);
    await studio.assertTargets();
    await studio.assertFits();
    await studio.page.reload();
    await studio.wait(studio.tile(BUFFALO));
  });

  await t.test('says what to do without the right link', async () => {
    for (const [path, name] of [[PATH, 'none'], [`${PATH}?token=wrong`, 'wrong']]) {
      const stranger = await StudioPage.open(browser, server.httpUrl + path);
      await stranger.wait('.notice');
      await stranger.wait('.desk', 'hidden');
      assert.equal(stranger.page.url(), server.httpUrl + PATH, name);
      assert.deepEqual(await findBarriers(stranger.page), []);
      await stranger.screenshot(`studio-${name}`);
      await stranger.page.context().close();
    }
  });

  await t.test('shows viewers what is tapped', async () => {
    await studio.wait('[data-air="onAir"]');
    await watched.waitState('playing');
    await studio.tapFace(PLUM);
    await studio.wait(studio.tile(PLUM, '[data-pinned]'));
    await studio.wait(`.now [data-sku="${PLUM}"]`);
    const card = watched.page.locator('[data-phien-overlay] .slot .card');
    await card.getByText('Mận hậu Mộc Châu').waitFor();
    await other.wait(other.tile(PLUM, '[data-pinned]'));

    await studio.find('.toggle').tap();
    await studio.find('#flash-price').fill('40000');
    assert.equal(await studio.find('#flash-price').inputValue(), '40.000');
    await studio.find('.flash .chip').first().tap();
    await studio.wait('.now .timer');
    await studio.waitSaved();
    await card.getByText('40,000').waitFor();
    await card.getByRole('timer').waitFor();
    await watched.screenshot('studio-watch');
    assert.deepEqual(await findBarriers(watched.page), []);
    await studio.screenshot('studio-pinned');
    assert.deepEqual(await findBarriers(studio.page), []);

    await studio.tapFace(PLUM);
    await studio.wait('.hint');
    await card.waitFor({ state: 'hidden' });
    await other.wait('.tile[data-pinned]', 'hidden');
  });

  await t.test('counts, in step with the other phone', async () => {
    await studio.tapStep(HONEY, 'less');
    await other.waitStock(HONEY, '4');
    await other.tapStep(HONEY, 'less');
    await studio.waitStock(HONEY, '3');
    await studio.tapStep(HONEY, 'more');
    await other.waitStock(HONEY, '4');
    await Promise.all([studio.waitSaved(), other.waitSaved()]);
    assert.equal(await stockOf(HONEY), 4);
  });

  await t.test('takes in a new product by its photo', async () => {
    await studio.find('.add').tap();
    await studio.assertTargets();
    await studio.assertFits();
    await studio.find('#camera').setInputFiles(await takePhoto());
    await studio.wait('.photo img[data-loaded]');
    await studio.find('#price').pressSequentially('120000');
    assert.equal(await studio.find('#price').inputValue(), '120.000');
    await studio.find('.sheet .chip', { hasText: 'bó' }).tap();
    await studio.find('#stock').fill('7');
    assert.deepEqual(await findBarriers(studio.page), []);
    await studio.screenshot('studio-form');
    await studio.find('.save').tap();
    await other.find('.tile', { hasText: '120,000' }).locator('img[data-loaded]').waitFor();
    await studio.waitSaved();
    const { shelf } = await stall.get('shelf');
    const { sku, image, ...product } = shelf.at(-1);
    assert.deepEqual(product, { title: 'Món 5', price: 120000, currency: 'VND', unit: 'bó',
      stock: 7, sold: 0, position: product.position });
    const [{ width, height }] = JSON.parse((await run('ffprobe', ['-v', 'error', '-of', 'json',
      '-show_entries', 'stream=width,height', server.httpUrl + image])).stdout).streams;
    assert.deepEqual([width, height], [960, 1280]);

    await studio.tapEdit(sku);
    await studio.find('#title').fill('Rau cải mèo');
    await studio.find('.save').tap();
    await other.find(`${other.tile(sku)} .title`, { hasText: 'Rau cải mèo' }).waitFor();
  });

  await t.test('hides and deletes, and takes it back', async () => {
    await studio.tapEdit(BUFFALO);
    await studio.find('.tool').last().tap();
    await studio.wait(studio.tile(BUFFALO), 'detached');
    await studio.screenshot('studio-undo');
    await studio.find('.toast button').tap();
    await studio.wait(studio.tile(BUFFALO));
    assert.equal((await stall.get(`shelf/${BUFFALO}`)).product.sku, BUFFALO);
  });

  await t.test('says why something was not taken', async () => {
    await studio.page.route(`**/shelf/${BUFFALO}`, (route) => route.fulfill({
      status: 422,
      contentType: 'application/problem+json',
      body: '{"status":422,"errors":[{"pointer":"/price","detail":"?"}]}',
    }));
    await studio.tapEdit(BUFFALO);
    await studio.find('#price').fill('1');
    await studio.find('.save').tap();
    await studio.wait(studio.tile(BUFFALO, '[data-state="failed"]'));
    await studio.screenshot('studio-refused');
    assert.deepEqual(await findBarriers(studio.page), []);
    await studio.page.unroute(`**/shelf/${BUFFALO}`);
    await studio.find(`${studio.tile(BUFFALO)} .fix`).first().tap();
    await studio.waitSaved();
    assert.equal((await stall.get(`shelf/${BUFFALO}`)).product.price, 1);
  });

  await t.test('counts once what the server has done and could not say', async () => {
    const events = await stall.events(t);
    line.deafen();
    await studio.tapStep(PLUM, 'less');
    await waitStock(events, PLUM, 11);
    await studio.wait(studio.tile(PLUM, '[data-state="sending"]'));
    line.cut();
    await studio.wait('.unsaved[data-lost]');
    line.mend();
    await studio.waitSaved();
    assert.equal(await stockOf(PLUM), 11);
    await studio.waitStock(PLUM, '11');
  });

  await t.test('keeps what is done without a network, even if it is closed', async () => {
    line.cut();
    await studio.wait('[data-air="lost"]');
    for (let i = 0; i < 3; i++) {
      await studio.tapStep(PLUM, 'less');
    }
    await studio.tapStep(HONEY, 'less');
    await studio.tapFace(HONEY);
    await studio.waitStock(PLUM, '8');
    await studio.wait(studio.tile(HONEY, '[data-pinned]'));
    await studio.screenshot('studio-lost');
    assert.deepEqual(await findBarriers(studio.page), []);
    const context = studio.page.context();
    await studio.page.close();
    line.mend();
    const again = await StudioPage.openIn(context, line.url + PATH);
    await again.wait(again.tile(HONEY, '[data-pinned]'));
    await again.waitStock(PLUM, '8');
    await again.waitSaved();
    assert.deepEqual([await stockOf(PLUM), await stockOf(HONEY)], [8, 3]);
    assert.equal((await stall.get('card')).card.sku, HONEY);
    await other.wait(other.tile(HONEY, '[data-pinned]'));
    await other.waitStock(PLUM, '8');

    await again.page.setViewportSize({ width: 740, height: 360 });
    await again.assertFits();
    await again.screenshot('studio-wide');
    assert.deepEqual(again.errors, []);
  });

  assert.deepEqual([...studio.errors, ...other.errors, ...watched.errors], []);
});

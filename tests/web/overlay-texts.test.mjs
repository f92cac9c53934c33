// SPDX-License-Identifier: Apache-2.0
//
// What people read on card and basket, and where their links go.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { formatCountdown, untilNextSecond } from '../../src/web/overlay/countdown.js';
import { chooseLanguage, MESSAGES, translate } from '../../src/web/overlay/i18n.js';
import { placesOf, safeUrl } from '../../src/web/overlay/links.js';
import { formatPrice, priceAt } from '../../src/web/overlay/money.js';

const SOURCE = new URL('../../src/web/overlay/', import.meta.url);

const placeholders = (text) => (text.match(/\{\w+\}/g) || []).sort();
const plain = (text) => text.replace(/\u00a0/g, ' ');

test('prices in đồng are written as on the market', () => {
  assert.equal(plain(formatPrice(45000, 'VND', 'vi')), '45.000 ₫');
  assert.equal(plain(formatPrice(1250000, 'VND', 'vi')), '1.250.000 ₫');
  assert.equal(plain(formatPrice(500, 'VND', 'vi')), '500 ₫');
  assert.equal(plain(formatPrice(45000, 'VND', 'en')), '₫45,000');
});

test('other currencies have minor units', () => {
  assert.equal(plain(formatPrice(1250, 'EUR', 'vi')), '12,50 €');
  assert.equal(plain(formatPrice(320, 'USD', 'en')), '$3.20');
  assert.equal(plain(formatPrice(1000, 'JPY', 'en')), '¥1,000');
});

test('a browser that cannot write prices, or a currency that is none', (t) => {
  assert.equal(plain(formatPrice(45000, 'đồng', 'vi')), 'đồng 45.000');
  t.mock.method(Intl, 'NumberFormat', () => {
    throw new RangeError('no');
  });
  assert.equal(plain(formatPrice(1250000, 'VND', 'vi')), '1.250.000 ₫');
  assert.equal(plain(formatPrice(1250000, 'VND', 'en')), '1,250,000 ₫');
});

const NOON = Date.parse('2026-11-22T05:00:00Z');

test('what it costs, and what it cost', () => {
  const plum = { price: 45000 };
  assert.deepEqual(priceAt(plum, NOON), { price: 45000, was: null, endsAt: null });
  assert.deepEqual(priceAt({ ...plum, original_price: 60000 }, NOON),
    { price: 45000, was: 60000, endsAt: null });
  assert.deepEqual(priceAt({ ...plum, original_price: 45000 }, NOON),
    { price: 45000, was: null, endsAt: null }, 'an old price that is no higher is none');
});

test('a flash price holds until it ends', () => {
  const flash = { price: 45000, flash_price: 39000, ends_at: '2026-11-22T05:00:00.000Z' };
  assert.deepEqual(priceAt(flash, NOON - 1), { price: 39000, was: 45000, endsAt: NOON });
  assert.deepEqual(priceAt(flash, NOON), { price: 45000, was: null, endsAt: null });
  assert.deepEqual(priceAt({ ...flash, original_price: 60000 }, NOON - 1),
    { price: 39000, was: 60000, endsAt: NOON });
  assert.deepEqual(priceAt({ ...flash, ends_at: 'soon' }, NOON),
    { price: 39000, was: 45000, endsAt: null }, 'without an end it stays');
});

test('the time that is left', () => {
  const say = (key, values) => translate('vi', key, values);
  const cases = { 0: '00:00', '-5': '00:00', 1: '00:01', 1000: '00:01', 1001: '00:02',
    59000: '00:59', 60000: '01:00', 3599000: '59:59', 3600000: '1:00:00',
    86399000: '23:59:59', 86400000: '1 ngày 0:00:00', 180000000: '2 ngày 2:00:00' };
  for (const [ms, text] of Object.entries(cases)) {
    assert.equal(formatCountdown(Number(ms), say), text, ms);
  }
});

test('figures change on the second', () => {
  for (const ms of [1, 999, 1000, 1001, 5500]) {
    const say = () => '';
    const wait = untilNextSecond(ms);
    assert.notEqual(formatCountdown(ms - wait, say), formatCountdown(ms, say));
    assert.equal(formatCountdown(ms - wait + 1, say), formatCountdown(ms, say));
  }
  assert.equal(untilNextSecond(0), Infinity);
});

const ROOT = 'https://cho.example/';

test('links are http or https, and nothing else', () => {
  const bad = ['javascript:alert(1)', ' javascript:alert(1)', 'JavaScript:alert(1)',
    'java\nscript:alert(1)', '\u0001javascript:alert(1)', 'data:text/html,<b>', 'vbscript:x',
    'blob:https://x/y', 'file:///etc/passwd', 'https://', 'http://[', '', null, undefined, 7, {}];
  for (const address of bad) {
    assert.equal(safeUrl(address, ROOT), null, String(address));
  }
  assert.equal(safeUrl('https://shop.example/a?b=c', ROOT), 'https://shop.example/a?b=c');
  assert.equal(safeUrl('http://shop.example/', ROOT), 'http://shop.example/');
});

test('paths are those of the server, wherever the page is', () => {
  assert.equal(safeUrl('/api/v1/channels/cho/images/a.jpg', ROOT),
    'https://cho.example/api/v1/channels/cho/images/a.jpg');
  assert.equal(safeUrl('/a.jpg', 'https://x.example/phien/'), 'https://x.example/phien/a.jpg');
  assert.equal(safeUrl('//evil.example/a.jpg', ROOT), 'https://cho.example/evil.example/a.jpg');
});

test('where the things of a channel lie', () => {
  const page = 'https://shop.example/a/b.html';
  const here = (channel) => placesOf(channel, page);
  assert.deepEqual(here('https://cho.example/live/cho/'),
    { root: ROOT, api: 'https://cho.example/api/v1/channels/cho/' });
  assert.deepEqual(here('https://cho.example/live/cho/index.m3u8?x=1'),
    { root: ROOT, api: 'https://cho.example/api/v1/channels/cho/' });
  assert.deepEqual(here('/live/cho'),
    { root: 'https://shop.example/', api: 'https://shop.example/api/v1/channels/cho/' });
  assert.deepEqual(here('https://x.example/phien/live/cho/'),
    { root: 'https://x.example/phien/', api: 'https://x.example/phien/api/v1/channels/cho/' });
  for (const none of [null, undefined, '', 'https://cho.example/', 'javascript:/live/cho/']) {
    assert.deepEqual(here(none), { root: 'https://shop.example/', api: null }, String(none));
  }
});

test('both languages say everything, with the same blanks, in composed characters', () => {
  const keys = Object.keys(MESSAGES.vi);
  for (const [language, messages] of Object.entries(MESSAGES)) {
    assert.deepEqual(Object.keys(messages), keys, language);
    for (const key of keys) {
      assert.ok(messages[key].trim().length > 0, `${language}.${key}`);
      assert.equal(messages[key], messages[key].normalize('NFC'), key);
      assert.deepEqual(placeholders(messages[key]), placeholders(MESSAGES.vi[key]), key);
    }
  }
});

test('every message is used', () => {
  const text = readdirSync(SOURCE)
    .filter((name) => name.endsWith('.js') && name !== 'i18n.js')
    .map((name) => readFileSync(new URL(name, SOURCE), 'utf8'))
    .join('\n');
  for (const key of Object.keys(MESSAGES.vi)) {
    assert.ok(text.includes(`'${key}'`), key);
  }
});

test('blanks are filled in as text, and strangers read English', () => {
  assert.equal(translate('vi', 'buyThis', { title: '$& <b>{title}' }), 'Mua $& <b>{title}');
  assert.equal(chooseLanguage(['vi-VN']), 'vi');
  assert.equal(chooseLanguage(['', 'fr', 'vi', 'en']), 'vi');
  assert.equal(chooseLanguage(['', undefined, 'toString', '__proto__']), 'en');
});

// Markup would run what a seller has written.
test('nothing is ever written as markup', () => {
  for (const name of readdirSync(SOURCE)) {
    const text = readFileSync(new URL(name, SOURCE), 'utf8');
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write/, name);
  }
});

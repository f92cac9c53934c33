// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { groupAmount, parseAmount, placeCaret } from '../../src/web/studio/amount.js';
import { changesOf, cleanTitle, draftOf, letterOf, makeSku, productOf, suggestFlashPrice } from
  '../../src/web/studio/draft.js';
import { MESSAGES, translate } from '../../src/web/studio/i18n.js';
import { fitSize } from '../../src/web/studio/picture.js';
import { readPlace } from '../../src/web/studio/place.js';
import { PLUM } from './lib/overlay.mjs';

test('amounts as they are typed', () => {
  for (const [text, amount] of [['45000', 45000], ['45.000', 45000], ['45,000 ₫', 45000],
    ['４５', 45], ['0', 0], ['', null], ['abc', null], ['-5', 5],
    ['99999999999999999999', 1000000000000]]) {
    assert.equal(parseAmount(text), amount, text);
  }
  assert.equal(parseAmount('200', 100), 100);
});

test('amounts as they are shown', () => {
  assert.equal(groupAmount(45000, 'vi'), '45.000');
  assert.equal(groupAmount(1250000, 'en'), '1,250,000');
  assert.equal(groupAmount(999, 'vi'), '999');
  assert.equal(groupAmount(0, 'vi'), '0');
  assert.equal(groupAmount(null, 'vi'), '');
});

test('the caret stays behind the digit that was typed', () => {
  assert.equal(placeCaret('45.000', '45000'), 6);
  assert.equal(placeCaret('1.450', '14'), 3);
  assert.equal(placeCaret('45.000', ''), 0);
  assert.equal(placeCaret('45', '4567'), 2);
});

test('a new product', () => {
  const draft = { title: '  Mận \n hậu ', price: 45000, unit: 'kg', stock: 0 };
  assert.deepEqual(productOf(draft, 'S', 'Món 3'),
    { sku: 'S', title: 'Mận hậu', price: 45000, unit: 'kg', stock: 0 });
});

test('a new product of somebody who does not write', () => {
  assert.deepEqual(productOf({ title: ' ', price: 5, unit: null, stock: null }, 'S', 'Món 3'),
    { sku: 'S', title: 'Món 3', price: 5 });
});

test('long titles are cut between characters', () => {
  assert.equal(cleanTitle(`${'a'.repeat(119)}👍👍`), `${'a'.repeat(119)}👍`);
});

test('only what was touched is changed', () => {
  const before = draftOf(PLUM);
  assert.deepEqual(before, { title: 'Mận hậu', price: 45000, unit: null, stock: 12 });
  assert.equal(changesOf(PLUM, before, { ...before }), null);
  assert.deepEqual(changesOf(PLUM, before, { ...before, unit: 'kg' }), { unit: 'kg' });
  assert.deepEqual(changesOf(PLUM, before, { ...before, stock: null }), { stock: null });
  assert.equal(changesOf(PLUM, before, { ...before, title: ' ' }), null, 'the title was lost');
  // By now others have sold three.
  assert.deepEqual(changesOf({ ...PLUM, stock: 9 }, before, { ...before, price: 40000 }),
    { price: 40000 });
});

test('an old price that is below the new one goes', () => {
  const product = { ...PLUM, original_price: 50000 };
  const before = draftOf(product);
  assert.deepEqual(changesOf(product, before, { ...before, price: 60000 }),
    { price: 60000, original_price: null });
  assert.deepEqual(changesOf(product, before, { ...before, price: 48000 }), { price: 48000 });
});

test('a flash price to begin with', () => {
  for (const [price, flash] of [[45000, 41000], [1250000, 1100000], [4000, 3600], [9, 8], [1, 0],
    [0, 0]]) {
    assert.equal(suggestFlashPrice(price), flash, String(price));
  }
});

test('letters in place of pictures', () => {
  assert.equal(letterOf({ sku: 'A', title: 'ổi' }, 6).letter, 'Ổ');
  assert.equal(letterOf({ sku: 'A', title: '👍x' }, 6).letter, '👍');
  assert.equal(letterOf({ sku: '', title: ' ' }, 6).letter, '?');
  const colours = new Set(Array.from('ABCDEFGHIJ', (sku) =>
    letterOf({ sku, title: 'x' }, 6).colour));
  assert.deepEqual([...colours].sort(), [0, 1, 2, 3, 4, 5]);
});

test('a sku is one', () => {
  assert.match(makeSku(Uint8Array.from({ length: 10 }, (_, i) => i * 25)), /^s-[a-z2-7]{10}$/);
});

test('pictures are made small, and never larger', () => {
  assert.deepEqual(fitSize(4000, 3000), { width: 1280, height: 960 });
  assert.deepEqual(fitSize(300, 9000), { width: 43, height: 1280 });
  assert.deepEqual(fitSize(640, 480), { width: 640, height: 480 });
  assert.deepEqual(fitSize(20000, 1), { width: 1280, height: 1 });
});

test('the token leaves the address', () => {
  const place = (search, pathname = '/studio/cho') => readPlace({ pathname, search });
  assert.deepEqual(place('?token=abc-1'), { name: 'cho', token: 'abc-1', address: '/studio/cho' });
  assert.deepEqual(place('?a=1&token=abc&b=2'),
    { name: 'cho', token: 'abc', address: '/studio/cho?a=1&b=2' });
  assert.deepEqual(place('?token=a%0d%0ab'), { name: 'cho', token: null, address: '/studio/cho' });
  assert.deepEqual(place(''), { name: 'cho', token: null, address: null });
  assert.equal(place('', '/studio/Cho/').name, 'cho');
  assert.equal(place('', '/studio/').name, null);
});

test('both languages say the same things', () => {
  assert.deepEqual(Object.keys(MESSAGES.en), Object.keys(MESSAGES.vi));
  for (const [key, text] of Object.entries(MESSAGES.vi)) {
    assert.deepEqual((text.match(/\{\w+\}/g) || []).sort(),
      (MESSAGES.en[key].match(/\{\w+\}/g) || []).sort(), key);
  }
  assert.equal(translate('vi', 'spareTitle', { n: 3 }), 'Món 3');
});

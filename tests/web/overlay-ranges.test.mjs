// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { changesOfRanges, readRange } from '../../src/web/overlay/ranges.js';

const ATTRIBUTES = { ID: 'card-12-1795360389484', CLASS: 'vn.phien.card', 'X-SKU': 'MAN',
  'X-TITLE': 'Mận hậu', 'X-PRICE': '45000', 'X-CURRENCY': 'VND' };
const CARD = { sku: 'MAN', title: 'Mận hậu', currency: 'VND', price: 45000 };

test('attributes are members of the card, the id begins with the seq', () => {
  assert.deepEqual(readRange('card-12-1795360389484', ATTRIBUTES), { seq: 12, card: CARD });
  const all = { ...ATTRIBUTES, 'X-ORIGINAL-PRICE': 60000, 'X-FLASH-PRICE': '39000',
    'X-ENDS-AT': '2026-11-22T01:00:00.000Z', 'X-STOCK': '3', 'X-OTHER': '1' };
  assert.deepEqual(readRange('card-12-1795360389484', all).card, { ...CARD, original_price: 60000,
    flash_price: 39000, ends_at: '2026-11-22T01:00:00.000Z', stock: 3 });
});

test('what lacks a seq or what a card must have is none', () => {
  assert.equal(readRange('card', ATTRIBUTES), null);
  assert.equal(readRange('1795360389484', ATTRIBUTES), null);
  assert.equal(readRange('card-1', { 'X-SKU': 'MAN' }), null);
  assert.equal(readRange('card-1', { ...ATTRIBUTES, 'X-PRICE': 'x' }), null);
});

test('a range begins with its card and ends with none', () => {
  const id = 'card-7-1795360389484';
  const range = { id, attributes: ATTRIBUTES, start: 4, end: Infinity };
  const start = { key: `${id} start`, time: 4, seq: 7, card: CARD };
  assert.deepEqual(changesOfRanges([range]), [start]);
  assert.deepEqual(changesOfRanges([{ ...range, end: 9 }]),
    [start, { key: `${id} end`, time: 9, seq: 7, card: null }]);
  assert.deepEqual(changesOfRanges([{ ...range, start: NaN }]), []);
});

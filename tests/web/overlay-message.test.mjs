// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { readMessage, readProduct } from '../../src/web/overlay/message.js';
import { CLOTH, PLUM, say } from './lib/overlay.mjs';

test('a card, and that there is none', () => {
  assert.deepEqual(readMessage(say({ seq: 12, card: PLUM })), { seq: 12, rev: 12, card: PLUM });
  assert.deepEqual(readMessage(say({ seq: 13, card: null })), { seq: 13, rev: 13, card: null });
});

test('a shelf has a revision', () => {
  assert.deepEqual(readMessage(say({ seq: 12, rev: 9, shelf: [PLUM, CLOTH] })),
    { seq: 12, rev: 9, shelf: [PLUM, CLOTH] });
});

test('all of it at once, and one count', () => {
  assert.deepEqual(readMessage(say({ seq: 12, rev: 9, card: PLUM, shelf: [] })),
    { seq: 12, rev: 9, card: PLUM, shelf: [] });
  assert.deepEqual(readMessage(say({ seq: 14, sku: 'MAN', stock: 4, sold: 8 })),
    { seq: 14, rev: 14, count: { sku: 'MAN', stock: 4, sold: 8 } });
});

test('what is no such message is none', () => {
  const texts = ['', '{', 'null', '7', '[]', '{}', '{"v":"phien.overlay/2","seq":1}',
    '{"v":"phien.overlay/1"}', '{"v":"phien.overlay/1","seq":"1"}'];
  for (const text of texts) {
    assert.equal(readMessage(text), null, text);
  }
});

test('a card that makes no sense is not taken for "none"', () => {
  for (const card of [{}, 7, 'MAN', { sku: 'MAN' }, { ...PLUM, price: '45000' }]) {
    assert.ok(!('card' in readMessage(say({ seq: 1, card }))), JSON.stringify(card));
  }
});

test('products without sense are left out, and there are not more than 200', () => {
  const { shelf } = readMessage(say({ seq: 1, shelf: [null, PLUM, {}, 7, CLOTH] }));
  assert.deepEqual(shelf, [PLUM, CLOTH]);
  const many = Array.from({ length: 300 }, (_, i) => ({ ...PLUM, sku: `P${i}` }));
  assert.equal(readMessage(say({ seq: 1, shelf: many })).shelf.length, 200);
});

test('members of the wrong kind, empty and unknown ones are left out', () => {
  const odd = { ...PLUM, unit: '', note: 7, original_price: 'x', badge: {}, hidden: true,
    sold: -1 };
  assert.deepEqual(readProduct(odd), PLUM);
});

test('a product may be called what it likes', () => {
  const text = say({ seq: 1, card: { ...PLUM, __proto__: 1, title: '__proto__' } });
  assert.equal(readMessage(text).card.title, '__proto__');
  assert.equal({}.title, undefined);
});

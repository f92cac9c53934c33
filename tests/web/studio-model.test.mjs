// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { applyAction, lanesOf, mergeActions, requestOf } from '../../src/web/studio/actions.js';
import { Model, summarize } from '../../src/web/studio/model.js';
import { CLOTH, PLUM } from './lib/overlay.mjs';

const NOW = Date.parse('2026-11-22T01:00:00Z');
const NONE = { nowMs: NOW, pictureOf: () => null };
const HONEY = { sku: 'MAT', title: 'Mật ong', price: 250000, currency: 'VND', hidden: true };

const entry = (action, members = {}) => ({ action, failure: null, isSending: false, heldUntil: 0,
  ...members });

function open(shelf = [PLUM, CLOTH, HONEY], seq = 10) {
  const model = new Model();
  model.learnShelf({ seq, rev: seq, shelf });
  return model;
}

const shelfOf = (model, entries = []) => model.project(entries, NONE).shelf;
const stockOf = (model, sku, entries = []) =>
  shelfOf(model, entries).find((product) => product.sku === sku).stock;

test('requests', () => {
  const product = { sku: 'a/b', title: 'Mận', price: 1 };
  assert.deepEqual(requestOf({ type: 'put', product }, '/i.jpg', NOW),
    { method: 'PUT', path: 'shelf/a%2Fb', body: { ...product, image: '/i.jpg' } });
  assert.deepEqual(requestOf({ type: 'patch', sku: 'A', changes: { price: 2, hidden: null } },
    null, NOW), { method: 'PATCH', path: 'shelf/A', body: { price: 2, hidden: null } });
  assert.deepEqual(requestOf({ type: 'stock', sku: 'A', delta: -3 }, null, NOW),
    { method: 'PATCH', path: 'shelf/A', body: { stock_delta: -3 } });
  assert.deepEqual(requestOf({ type: 'delete', sku: 'A' }, null, NOW),
    { method: 'DELETE', path: 'shelf/A', body: null });
  assert.deepEqual(requestOf({ type: 'unpin' }, null, NOW),
    { method: 'DELETE', path: 'card', body: null });
});

test('a flash price runs from the moment that it is sent', () => {
  const action = { type: 'pin', sku: 'A', flashPrice: 9, flashMs: 300000 };
  assert.deepEqual(requestOf(action, null, NOW).body,
    { sku: 'A', flash_price: 9, ends_at: '2026-11-22T01:05:00.000Z' });
  assert.deepEqual(requestOf({ type: 'pin', sku: 'A' }, null, NOW).body, { sku: 'A' });
});

test('lanes', () => {
  assert.deepEqual(lanesOf({ type: 'pin', sku: 'A' }), ['card', 'product:A']);
  assert.deepEqual(lanesOf({ type: 'unpin' }), ['card']);
  assert.deepEqual(lanesOf({ type: 'put', product: { sku: 'A' } }), ['product:A']);
});

test('changes of the same product are merged', () => {
  const patch = (changes, sku = 'A') => ({ type: 'patch', sku, changes });
  assert.deepEqual(mergeActions(patch({ price: 1, unit: 'kg' }), patch({ price: 2 })),
    [patch({ price: 2, unit: 'kg' })]);
  assert.equal(mergeActions(patch({ price: 1 }), patch({ price: 2 }, 'B')), null);
  assert.equal(mergeActions(patch({ price: 1 }), { type: 'stock', sku: 'A', delta: 1 }), null);
});

test('each action shows at once', () => {
  const state = { shelf: [PLUM, CLOTH], card: PLUM };
  const after = (action, picture = {}) => applyAction(state, action, picture, NOW);
  const egg = { sku: 'TRUNG', title: 'Trứng', price: 4000 };
  assert.deepEqual(after({ type: 'put', product: egg }, { image: 'blob:1' }).shelf,
    [PLUM, CLOTH, { currency: 'VND', sold: 0, ...egg, image: 'blob:1' }]);
  assert.deepEqual(after({ type: 'patch', sku: 'VAI', changes: { price: 5, stock: null } }).shelf,
    [PLUM, { sku: 'VAI', title: 'Thổ cẩm', price: 5, currency: 'VND' }]);
  assert.equal(after({ type: 'stock', sku: 'MAN', delta: -20 }).shelf[0].stock, 0);
  assert.deepEqual(after({ type: 'delete', sku: 'MAN' }), { shelf: [CLOTH], card: null });
  assert.equal(after({ type: 'patch', sku: 'MAN', changes: { hidden: true } }).card, null);
  assert.equal(after({ type: 'unpin' }).card, null);
  assert.equal(after({ type: 'pin', sku: 'VAI', flashPrice: 9 }).card.flash_price, 9);
  assert.equal(after({ type: 'pin', sku: 'nobody' }).card, PLUM);
});

test('what this phone has done lies over what the server says', () => {
  const model = open();
  const { shelf, card } = model.project([entry({ type: 'stock', sku: 'MAN', delta: -2 }),
    entry({ type: 'pin', sku: 'MAN' })], NONE);
  assert.deepEqual(shelf.map(({ sku, stock }) => [sku, stock]),
    [['MAN', 10], ['VAI', 3], ['MAT', undefined]]);
  assert.equal(card.stock, 10);
  assert.equal(shelf[2].hidden, true);
  assert.equal(stockOf(model, 'MAN'), 12, 'it is not the server that has said so');
});

test('what was refused is not shown as done, but a new product is not lost', () => {
  const model = open([PLUM]);
  const failed = { failure: 'faultOther' };
  const egg = { sku: 'TRUNG', title: 'Trứng', price: 4000 };
  assert.deepEqual(shelfOf(model, [
    entry({ type: 'stock', sku: 'MAN', delta: -2 }, failed),
    entry({ type: 'put', product: egg }, failed),
  ]).map(({ sku, stock }) => [sku, stock]), [['MAN', 12], ['TRUNG', undefined]]);
});

test('an answer counts at once, and what was said before it does not', () => {
  const model = open();
  const sold = { ...PLUM, stock: 11, sold: 1, position: 1 };
  const isUnclear = model.learnAnswer({ type: 'stock', sku: 'MAN' },
    { seq: 12, rev: 10, product: sold });
  assert.equal(isUnclear, false);
  model.learnShelf({ seq: 11, rev: 11, shelf: [PLUM, { ...CLOTH, title: 'Vải' }] });
  assert.deepEqual(shelfOf(model).map(({ title, stock }) => [title, stock]),
    [['Mận hậu', 11], ['Vải', 3]]);
  model.learnShelf({ seq: 13, rev: 11, shelf: [{ ...PLUM, stock: 9 }] });
  assert.deepEqual(shelfOf(model).map(({ stock }) => stock), [9]);
});

test('numbers are newer than the shelf that is still being read', () => {
  const model = open();
  model.learnMessage({ seq: 12, rev: 12, count: { sku: 'MAN', stock: 4, sold: 8 } });
  model.learnShelf({ seq: 11, rev: 11, shelf: [{ ...PLUM, title: 'Mận tím' }] });
  assert.deepEqual(shelfOf(model).map(({ title, stock }) => [title, stock]), [['Mận tím', 4]]);
  model.learnMessage({ seq: 10, rev: 10, count: { sku: 'MAN', stock: 99 } });
  assert.equal(stockOf(model, 'MAN'), 4);
});

test('what was deleted does not come back with an old shelf', () => {
  const model = open();
  model.learnAnswer({ type: 'delete', sku: 'MAN' }, { seq: 12, rev: 12 });
  model.learnShelf({ seq: 11, rev: 11, shelf: [PLUM, CLOTH] });
  assert.deepEqual(shelfOf(model).map(({ sku }) => sku), ['VAI']);
  model.learnShelf({ seq: 14, rev: 14, shelf: [PLUM, CLOTH] });
  assert.deepEqual(shelfOf(model).map(({ sku }) => sku), ['MAN', 'VAI']);
});

test('an answer that only says "done before" calls for the shelf', () => {
  const model = open();
  assert.equal(model.learnAnswer({ type: 'stock', sku: 'MAN' }, { seq: 12, replayed: true }), true);
  assert.equal(model.learnAnswer({ type: 'delete', sku: 'MAN' }, {}), true);
});

test('cards', () => {
  const model = open();
  model.learnAnswer({ type: 'pin', sku: 'MAN' }, { seq: 12, card: { ...PLUM, flash_price: 9 } });
  model.learnMessage({ seq: 11, rev: 10, card: CLOTH });
  assert.equal(model.project([], NONE).card.flash_price, 9);
  model.learnMessage({ seq: 13, rev: 10, card: null });
  assert.equal(model.project([], NONE).card, null);
  model.learnMessage({ seq: 14, rev: 10, card: CLOTH });
  model.learnAnswer({ type: 'unpin' }, { seq: 15 });
  assert.equal(model.project([], NONE).card, null);
});

test('a shelf of another revision must be read', () => {
  const model = open();
  assert.equal(model.learnMessage({ seq: 11, rev: 10, shelf: [PLUM] }), false);
  assert.equal(model.learnMessage({ seq: 12, rev: 12, shelf: [PLUM] }), true);
  assert.equal(model.learnMessage({ seq: 12, rev: 12, card: null }), false);
});

test('products stand in their order, new ones at the end', () => {
  const model = open([{ ...PLUM, position: 2 }, { ...CLOTH, position: 1 }]);
  const product = { sku: 'N', title: 'N', price: 1 };
  const shelf = shelfOf(model, [entry({ type: 'put', product })]);
  assert.deepEqual(shelf.map(({ sku }) => sku), ['VAI', 'MAN', 'N']);
});

test('how far each product is', () => {
  const refused = entry({ type: 'stock', sku: 'A', delta: -1 }, { failure: 'faultLeft' });
  const marks = summarize([
    refused,
    entry({ type: 'pin', sku: 'A' }, { isSending: true }),
    entry({ type: 'pin', sku: 'B' }),
    entry({ type: 'patch', sku: 'B', changes: {} }, { isSending: true }),
    entry({ type: 'delete', sku: 'C' }, { heldUntil: 5 }),
  ]);
  assert.deepEqual(marks.get('A'), { state: 'failed', failed: refused });
  assert.deepEqual(marks.get('B'), { state: 'sending', failed: null });
  assert.equal(marks.get('C').state, 'held');
  assert.equal(marks.get('D'), undefined);
});

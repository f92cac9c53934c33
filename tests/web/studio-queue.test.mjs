// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { Queue, QueueLog } from '../../src/web/studio/queue.js';
import { Storage } from '../../src/web/studio/storage.js';
import { FakeClock, FakeLine, FakeStorage, rest } from './lib/studio.mjs';

const SAVED = { type: 'saved', answer: { seq: 1 } };
const LATER = { type: 'later', afterMs: 0 };
const REFUSED = { type: 'refused', failure: 'faultLeft' };

const PIN_PLUM = { type: 'pin', sku: 'MAN' };
const PIN_CLOTH = { type: 'pin', sku: 'VAI' };
const SELL_PLUM = { type: 'stock', sku: 'MAN', delta: -1 };
const SELL_CLOTH = { type: 'stock', sku: 'VAI', delta: -1 };
const NEW_PLUM = { type: 'put', product: { sku: 'MAN', title: 'Mận', price: 1 } };

let keys = 0;

// A queue as a page has one; with `storage` of another, the page that is opened after it.
function open({ storage = new FakeStorage(), clock = new FakeClock() } = {}) {
  const line = new FakeLine();
  const saved = [];
  let changes = 0;
  const queue = new Queue({
    log: new QueueLog(new Storage(() => storage), 'q.'),
    send: line.send,
    hooks: {
      onChange: () => { changes += 1; },
      onSaved: (entry, answer) => saved.push({ action: entry.action, answer }),
    },
    makeKey: () => `key-${keys += 1}`,
    clock,
  });
  return { queue, line, saved, clock, storage, changes: () => changes };
}

test('what is done is sent at once, and gone when it is saved', async () => {
  const { queue, line, saved, storage, changes } = open();
  queue.add(PIN_PLUM);
  assert.deepEqual(line.actions, [PIN_PLUM]);
  assert.equal(queue.entries.length, 1);
  assert.equal(storage.length, 1);
  const before = changes();
  line.sent[0].settle(SAVED);
  await rest();
  assert.deepEqual(queue.entries, []);
  assert.equal(storage.length, 0);
  assert.deepEqual(saved, [{ action: PIN_PLUM, answer: { seq: 1 } }]);
  assert.ok(changes() > before);
});

test('changes of one product go one by one, those of others beside them', async () => {
  const { queue, line } = open();
  queue.add(NEW_PLUM);
  queue.add(SELL_PLUM);
  queue.add(SELL_CLOTH);
  assert.deepEqual(line.actions, [NEW_PLUM, SELL_CLOTH]);
  line.sent[0].settle(SAVED);
  await rest();
  assert.deepEqual(line.actions, [NEW_PLUM, SELL_CLOTH, SELL_PLUM]);
});

test('a product is pinned after it is there', async () => {
  const { queue, line } = open();
  queue.add(NEW_PLUM);
  queue.add(PIN_PLUM);
  assert.deepEqual(line.actions, [NEW_PLUM]);
  line.sent[0].settle(SAVED);
  await rest();
  assert.deepEqual(line.actions, [NEW_PLUM, PIN_PLUM]);
});

test('without an answer it is sent again under the same key, later and later', async () => {
  const { queue, line, clock } = open();
  line.answer = () => LATER;
  queue.add(SELL_PLUM);
  await rest();
  const waits = [];
  for (let i = 0; i < 8; i++) {
    waits.push(clock.nextMs);
    await clock.pass(clock.nextMs);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(new Set(line.sent.map(({ id }) => id)).size, 1);
  assert.equal(line.sent.length, 9);
  line.answer = () => SAVED;
  await clock.pass(30000);
  assert.deepEqual(queue.entries, []);
  assert.equal(clock.nextMs, null);
});

test('one that throws was not done', async () => {
  const { queue, line, clock } = open();
  line.answer = () => Promise.reject(new Error('no network'));
  queue.add(PIN_PLUM);
  await rest();
  assert.equal(clock.nextMs, 1000);
  assert.ok(queue.isCut);
  queue.cancel(queue.add(SELL_CLOTH));
  line.answer = () => SAVED;
  await clock.pass(1000);
  assert.ok(!queue.isCut);
  assert.deepEqual(queue.entries, []);
});

test('the server may ask for patience', async () => {
  const { queue, line, clock } = open();
  line.answer = () => ({ type: 'later', afterMs: 7000 });
  queue.add(PIN_PLUM);
  await rest();
  assert.equal(clock.nextMs, 7000);
  assert.ok(!queue.isCut, 'it can be reached');
});

test('a network that is back is used at once', async () => {
  const { queue, line } = open();
  line.answer = () => LATER;
  queue.add(SELL_PLUM);
  await rest();
  line.answer = () => SAVED;
  queue.wake();
  await rest();
  assert.deepEqual(queue.entries, []);
});

test('a page that is opened again goes on where the last one ended', async () => {
  const first = open();
  first.line.answer = () => LATER;
  first.queue.add(NEW_PLUM);
  await rest();
  first.queue.add(SELL_PLUM);
  first.queue.add(PIN_CLOTH);
  const second = open({ storage: first.storage });
  assert.deepEqual(second.queue.entries.map(({ action }) => action),
    [NEW_PLUM, SELL_PLUM, PIN_CLOTH]);
  second.line.answer = () => SAVED;
  second.queue.kick();
  await rest();
  await rest();
  assert.deepEqual(second.line.actions, [NEW_PLUM, PIN_CLOTH, SELL_PLUM]);
  assert.equal(second.line.sent[0].id, first.line.sent[0].id, 'it has another key');
  assert.equal(first.storage.length, 0);
});

test('entries that nobody can read are left alone', () => {
  const storage = new FakeStorage();
  storage.setItem('q.1', '{"id":');
  storage.setItem('q.2', '{"id":"2"}');
  storage.setItem('q.3', 'null');
  assert.deepEqual(open({ storage }).queue.entries, []);
});

test('taps that wait are counted together, unless they may have arrived', async () => {
  const { queue, line, clock } = open();
  line.answer = () => LATER;
  queue.add(SELL_PLUM);
  await rest();
  queue.add(SELL_PLUM);
  queue.add(SELL_PLUM);
  queue.add({ type: 'stock', sku: 'MAN', delta: 1 });
  assert.deepEqual(queue.entries.map(({ action }) => action.delta), [-1, -1]);
  queue.add({ type: 'stock', sku: 'MAN', delta: 1 });
  assert.deepEqual(queue.entries.map(({ action }) => action.delta), [-1]);
  line.answer = () => SAVED;
  await clock.pass(1000);
  assert.deepEqual(queue.entries, []);
});

test('of pins that wait the last one counts', async () => {
  const { queue, line } = open();
  queue.add(PIN_PLUM);
  queue.add(PIN_CLOTH);
  queue.add({ type: 'unpin' });
  assert.deepEqual(queue.entries.map(({ action }) => action), [PIN_PLUM, { type: 'unpin' }]);
  line.sent[0].settle(SAVED);
  await rest();
  assert.deepEqual(line.actions, [PIN_PLUM, { type: 'unpin' }]);
});

test('what is refused stays, out of the way, until somebody decides', async () => {
  const { queue, line, saved } = open();
  line.answer = ({ action }) => (action.delta < 0 ? REFUSED : SAVED);
  const id = queue.add(SELL_PLUM);
  await rest();
  assert.equal(queue.entries[0].failure, 'faultLeft');
  queue.add(PIN_PLUM);
  await rest();
  assert.deepEqual(saved.map(({ action }) => action), [PIN_PLUM]);
  line.answer = () => SAVED;
  queue.retry(id);
  await rest();
  assert.deepEqual(queue.entries, []);
  assert.equal(queue.cancel(id), false);
});

test('nothing is done to a product that was refused', async () => {
  const { queue, line } = open();
  line.answer = () => REFUSED;
  const id = queue.add(NEW_PLUM);
  await rest();
  queue.add(PIN_PLUM);
  await rest();
  assert.deepEqual(line.actions, [NEW_PLUM]);
  assert.equal(queue.cancel(id), true);
  assert.deepEqual(line.actions, [NEW_PLUM, PIN_PLUM]);
});

test('a token that is refused stops everything, and loses nothing', async () => {
  const { queue, line, clock, storage } = open();
  line.answer = () => ({ type: 'denied' });
  queue.add(PIN_PLUM);
  await rest();
  assert.ok(queue.isDenied);
  queue.add(SELL_CLOTH);
  await clock.pass(600000);
  assert.equal(line.sent.length, 1);
  assert.equal(storage.length, 2);
  line.answer = () => SAVED;
  queue.wake();
  await rest();
  assert.deepEqual(queue.entries, []);
});

test('what is held back can be taken back', async () => {
  const { queue, line, clock } = open();
  line.answer = () => SAVED;
  const id = queue.add({ type: 'delete', sku: 'MAN' }, { holdMs: 6000 });
  await clock.pass(5900);
  assert.deepEqual(line.sent, []);
  assert.equal(queue.cancel(id), true);
  assert.deepEqual(queue.entries, []);
  queue.add({ type: 'delete', sku: 'VAI' }, { holdMs: 6000 });
  await clock.pass(6000);
  assert.deepEqual(line.actions, [{ type: 'delete', sku: 'VAI' }]);
});

test('nothing is held back when the page goes away', async () => {
  const { queue, line } = open();
  queue.add({ type: 'delete', sku: 'MAN' }, { holdMs: 6000 });
  assert.deepEqual(line.sent, []);
  queue.release();
  assert.equal(line.sent.length, 1);
});

test('what was refused goes with its product', async () => {
  const { queue, line } = open();
  line.answer = () => REFUSED;
  queue.add(SELL_PLUM);
  await rest();
  line.answer = () => SAVED;
  queue.add({ type: 'delete', sku: 'MAN' });
  await rest();
  assert.deepEqual(queue.entries, []);
});

test('a picture does not keep others waiting, and pictures go one by one', async () => {
  const { queue, line } = open();
  queue.add(NEW_PLUM, { picture: 'p1' });
  queue.add({ type: 'patch', sku: 'VAI', changes: {} }, { picture: 'p2' });
  queue.add(SELL_CLOTH);
  queue.add({ type: 'stock', sku: 'GA', delta: 1 });
  queue.add({ type: 'stock', sku: 'TRUNG', delta: 1 });
  queue.add({ type: 'stock', sku: 'MAT', delta: 1 });
  assert.deepEqual(line.sent.map(({ action }) => action.sku || action.product.sku),
    ['MAN', 'GA', 'TRUNG']);
  line.sent[0].settle(SAVED);
  await rest();
  assert.equal(line.sent[3].picture, 'p2');
});

test('storage that is forbidden or full lasts as long as the page', () => {
  const forbidden = new Storage(() => { throw new Error('SecurityError'); });
  assert.equal(forbidden.write('a', '1'), false);
  assert.equal(forbidden.read('a'), '1');
  assert.deepEqual(forbidden.keys(''), ['a']);
  forbidden.remove('a');
  assert.equal(forbidden.read('a'), null);

  const items = new FakeStorage();
  const storage = new Storage(() => items);
  assert.equal(storage.write('x.1', 'old'), true);
  items.setItem = () => { throw new Error('QuotaExceededError'); };
  assert.equal(storage.write('x.1', 'new'), false);
  assert.equal(storage.read('x.1'), 'new');
  assert.deepEqual(storage.keys('x.'), ['x.1']);
});

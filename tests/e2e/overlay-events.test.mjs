// SPDX-License-Identifier: Apache-2.0
//
// Server-sent events of the overlay: who reads them gets every change once and in order, on
// whichever worker; who was away gets what was missed; who does not read is cut off. And many
// writes at once: no two of them take the same piece.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Seller, sellers } from './lib/api.mjs';
import { getText, RawConnection } from './lib/http.mjs';
import { Description } from './lib/openapi.mjs';
import { run } from './lib/process.mjs';
import { tool } from './lib/push.mjs';
import { IS_SANITIZED, PATIENCE_MS, Server } from './lib/server.mjs';

const SCHEMAS = { overlay: 'Overlay', card: 'CardMessage', shelf: 'ShelfMessage',
  stock: 'StockMessage' };

function checkEvents(description, reader) {
  for (const { id, event, data } of reader.events) {
    assert.equal(description.explainAs(SCHEMAS[event], data), null, JSON.stringify(data));
    assert.equal(id, data.seq);
  }
}

// What a page knows that has seen these events: the card and the shelf.
function replay(events) {
  const state = {};
  for (const { event, data } of events) {
    if (event === 'stock') {
      const counts = ({ sku }) => (sku === data.sku ? { stock: data.stock, sold: data.sold } : {});
      state.shelf = state.shelf.map((one) => ({ ...one, ...counts(one) }));
    } else {
      const { v, seq, rev, ...rest } = data;
      Object.assign(state, rest);
    }
  }
  return state;
}

const shape = ({ id, event }) => `${id} ${event}`;

// Whatever is done, in the words of those who read: "seq event".
async function makeChanges(seller) {
  await seller.add('A1', { stock: 5 });
  await seller.add('A2', { stock: 5, position: 0 });
  await seller.patch('A1', { stock_delta: -1 });
  await seller.patch('A1', { price: 44000 });
  await seller.pin('A1', { note: 'chỉ tối nay' });
  await seller.patch('A1', { stock_delta: -1 });
  await seller.patch('A2', { stock_delta: -1 });
  await seller.must(200, 'PUT', 'shelf/A2', { json: (({ sold, sku, ...rest }) => rest)(
    (await seller.get('shelf/A2')).product) });
  await seller.patch('A2', { hidden: true });
  await seller.patch('A2', { price: 1 });
  await seller.must(200, 'POST', 'shelf:import',
    { json: [{ sku: 'A1', title: 'Mận', price: 45000 }] });
  await seller.must(200, 'DELETE', 'card');
  await seller.must(200, 'DELETE', 'card');
  await seller.must(200, 'DELETE', 'shelf/A1');
  return ['0 overlay', '1 shelf', '2 shelf', '3 stock', '4 shelf', '5 card', '6 card', '6 stock',
    '7 stock', '9 shelf', '10 shelf', '11 card', '11 shelf', '12 card', '14 shelf'];
}

async function checkOrder(t, { seller, description }) {
  // So many that some are on each worker.
  const readers = await Promise.all(Array.from({ length: 12 }, () => seller.events(t)));
  await Promise.all(readers.map((reader) => reader.waitForSeq(0)));
  const expected = await makeChanges(seller);
  for (const reader of readers) {
    await reader.waitForSeq(14);
    assert.deepEqual(reader.events.map(shape), expected);
    assert.deepEqual(reader.events, readers[0].events);
    assert.equal(reader.retry, 2000);
    assert.match(reader.headers['content-type'], /^text\/event-stream/);
    assert.equal(reader.headers['content-length'], undefined);
  }
  checkEvents(description, readers[0]);
  const { card, shelf } = await seller.with(null).get('overlay');
  assert.deepEqual(replay(readers[0].events), { card, shelf });
}

// A shelf so large that what is missed is less than all of it.
async function fillShelf(seller, count, product = {}) {
  const products = Array.from({ length: count }, (_, i) => ({ sku: `P${i}`, price: 45000,
    title: `Mận hậu Mộc Châu, thúng thứ ${i}`, stock: 1000, ...product }));
  await seller.must(200, 'POST', 'shelf:import', { json: { products } });
}

async function checkResume(t, { seller, description }) {
  await fillShelf(seller, 100);
  await seller.pin('P0');
  const stayed = await seller.events(t);
  await stayed.waitForSeq(2);
  for (let i = 0; i < 20; i++) {
    await seller.patch(`P${i % 3}`, { stock_delta: -1 });
  }
  await stayed.waitForSeq(22);
  // Of a change with two events perhaps only the first has come.
  const count = (seq) => stayed.events.filter(({ id }) => id === seq).length;
  const missed = (last) => stayed.events.filter(({ id, event }) => event !== 'overlay' &&
    (id > last || (id === last && count(id) > 1)));
  assert.deepEqual([11, 12].map(count), [1, 2], 'the card has a stock as well');
  for (const last of [2, 10, 12, 21]) {
    const reader = await seller.events(t, { lastEventId: last });
    await reader.waitForSeq(22);
    assert.deepEqual(reader.events, missed(last), `since ${last}`);
  }
  const [upToDate, ...lost] = await Promise.all(['22', '0', '999', 'x', '-1', '']
    .map((lastEventId) => seller.events(t, { lastEventId })));
  for (const reader of lost) {
    await reader.waitForSeq(22);
    assert.deepEqual(reader.events.map(shape), ['22 overlay']);
  }
  await seller.patch('P5', { stock_delta: -1 });
  await Promise.all([upToDate, ...lost].map((reader) => reader.waitForSeq(23)));
  assert.deepEqual(upToDate.events.map(shape), ['23 stock'], 'it was told what it knew');
  for (const reader of lost) {
    assert.deepEqual(reader.events.map(shape), ['22 overlay', '23 stock']);
  }
  await checkLongGap(t, seller, stayed);
  checkEvents(description, stayed);
}

// More than is kept was missed: all of it is told instead.
async function checkLongGap(t, seller, stayed) {
  for (let i = 0; i < 65; i++) {
    await seller.patch('P7', { stock_delta: -1 });
  }
  await stayed.waitForSeq(88);
  const open = async (lastEventId) => {
    const reader = await seller.events(t, { lastEventId });
    await reader.waitForSeq(88);
    return reader.events;
  };
  assert.equal((await open(24)).length, 64);
  const [first, ...rest] = await open(23);
  assert.deepEqual([shape(first), rest], ['88 overlay', []]);
  const { card, shelf } = await seller.with(null).get('overlay');
  assert.deepEqual(replay([first]), { card, shelf });
  assert.deepEqual(replay(stayed.events), { card, shelf });
}

async function countReaders(server) {
  return (await server.metrics()).get('phien_event_readers');
}

// Those of other tests have gone, ours have come.
async function waitForReaders(server, count) {
  const deadline = performance.now() + PATIENCE_MS;
  while (await countReaders(server) !== count) {
    assert.ok(performance.now() < deadline, `there are not ${count} readers`);
  }
}

async function checkSlow(t, { server, seller }) {
  // Some 100 KB each time.
  const long = 'ậ'.repeat(120);
  await fillShelf(seller, 200, { title: long, image: `https://example.com/${'x'.repeat(300)}` });
  const readers = await Promise.all([0, 1, 2].map(() => seller.events(t)));
  await Promise.all(readers.map((reader) => reader.waitForSeq(1)));
  const slow = await RawConnection.open(server.ports.http);
  t.after(() => slow.close());
  slow.socket.pause();
  slow.write(`GET ${new URL(seller.url('events')).pathname} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await waitForReaders(server, readers.length + 1);
  let seq = 1;
  while (seq < 400 && await countReaders(server) > readers.length) {
    await seller.patch('P0', { price: seq++ });
    await Promise.all(readers.map((reader) => reader.waitForSeq(seq)));
  }
  t.diagnostic(`cut after ${seq} changes`);
  assert.equal(await countReaders(server), readers.length);
  slow.socket.resume();
  await slow.waitClosed(PATIENCE_MS);
  await seller.patch('P0', { stock_delta: -1 });
  await Promise.all(readers.map((reader) => reader.waitForSeq(seq + 1)));
  for (const reader of readers) {
    assert.deepEqual(reader.events.map(({ id }) => id),
      Array.from({ length: seq + 1 }, (_, i) => i + 1));
  }
}

const MANY = 1000;

async function checkManyWrites(t, { seller }) {
  await seller.add('A1', { stock: MANY });
  const reader = await seller.events(t);
  await reader.waitForSeq(1);
  const sell = () => Promise.all(Array.from({ length: MANY }, () =>
    seller.call('PATCH', 'shelf/A1', { json: { stock_delta: -1 } })));
  const began = performance.now();
  const answers = await sell();
  t.diagnostic(`${MANY} writes in ${Math.round(performance.now() - began)} ms`);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  // Each took its own piece.
  const bySeq = answers.map(({ json }) => json).sort((a, b) => a.seq - b.seq);
  bySeq.forEach(({ seq, rev, product: { stock, sold } }, i) =>
    assert.deepEqual([seq, rev, stock, sold], [i + 2, i + 2, MANY - 1 - i, i + 1]));
  await reader.waitForSeq(MANY + 1);
  assert.deepEqual(reader.events.slice(1).map(({ data }) => data.stock),
    Array.from({ length: MANY }, (_, i) => MANY - 1 - i));

  // More is asked for than there is.
  const left = 300;
  await seller.patch('A1', { stock: left, sold: 0 });
  const statuses = (await sell()).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, left);
  assert.equal(statuses.filter((status) => status === 409).length, MANY - left);
  const { product } = await seller.get('shelf/A1');
  assert.deepEqual([product.stock, product.sold], [0, left]);
}

const CROWD = 300;

async function checkCrowd(t, { seller }) {
  await seller.add('A1', { stock: 5 });
  const readers = await Promise.all(Array.from({ length: CROWD }, () => seller.events(t)));
  await Promise.all(readers.map((reader) => reader.waitForSeq(1)));
  const began = performance.now();
  const times = [];
  const heard = readers.map((reader) => reader.waitForSeq(2).then(() =>
    times.push(performance.now() - began)));
  await seller.patch('A1', { stock_delta: -1 });
  await Promise.all(heard);
  for (const reader of readers) {
    assert.deepEqual(reader.events.map(shape), ['1 overlay', '2 stock']);
  }
  t.diagnostic(`${CROWD} readers heard of it within ${Math.round(Math.max(...times))} ms`);
}

const CASES = { order: checkOrder, resume: checkResume, slow: checkSlow, crowd: checkCrowd,
  many: checkManyWrites };

test('events', async (t) => {
  const server = await Server.start(t, { overlay: { writes_per_s: 0 },
    channels: sellers(...Object.keys(CASES)) });
  const description = new Description(await getText(`${server.httpUrl}/api/v1/openapi.yaml`));
  for (const [name, check] of Object.entries(CASES)) {
    await t.test(name, (one) => check(one, { server, description,
      seller: new Seller(server, name, { description }) }));
  }
  assert.deepEqual(description.problems, []);
});

// As many as watch a good market, all on one worker. The bench says how late; here all must hear,
// and no disk is waited for, which takes seconds behind a build.
test('thousands hear of each sale', async (t) => {
  const count = IS_SANITIZED ? 500 : 2000;
  const sales = 3;
  const server = await Server.start(t, { workers: 1, channels: sellers('cho'),
    overlay: { writes_per_s: 0, database: '' } });
  const seller = new Seller(server, 'cho');
  await seller.add('A1', { stock: 5 });
  const path = '/api/v1/channels/cho';
  const { stdout } = await run(tool('sse_readers'), [`127.0.0.1:${server.ports.http}`,
    `${path}/events`, String(count), String(sales), 'PATCH', `${path}/shelf/A1`, seller.token,
    '{"stock_delta":-1}']);
  t.diagnostic(stdout.trim());
  assert.ok(stdout.startsWith(
    `readers=${count} events=${sales} missing=0 broken=0 refused=0 `), stdout);
  assert.equal((await seller.get('shelf/A1')).product.stock, 5 - sales);
});

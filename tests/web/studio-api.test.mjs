// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { Api, judge } from '../../src/web/studio/api.js';
import { explainFault } from '../../src/web/studio/faults.js';
import { MESSAGES } from '../../src/web/studio/i18n.js';

const NOW = Date.parse('2026-11-22T01:00:00Z');
const SELL = { type: 'stock', sku: 'MAN', delta: -1 };

const answer = (status, body = '{}', headers = {}) => new Response(body, { status, headers });

function fault(status, ...pointers) {
  return explainFault(status, { errors: pointers.map((pointer) => ({ pointer, detail: '?' })) });
}

// An Api whose requests are noted, and answered by `respond(request)`.
function open(t, respond, pictures = {}) {
  const requests = [];
  const dates = [];
  t.mock.method(globalThis, 'fetch', async (url, init) => {
    requests.push({ url, ...init });
    return respond(requests[requests.length - 1]);
  });
  const api = new Api('/api/v1/channels/cho/', 'secret', {
    pictures: { get: async (id) => pictures[id] || null },
    now: () => NOW,
    observe: (date) => dates.push(date),
  });
  return { api, requests, dates };
}

test('what answers mean', async () => {
  assert.deepEqual(await judge(answer(200, '{"seq":3}'), SELL),
    { type: 'saved', answer: { seq: 3 } });
  assert.deepEqual(await judge(answer(201, '{"seq":3}'), SELL),
    { type: 'saved', answer: { seq: 3 } });
  for (const status of [401, 403]) {
    assert.deepEqual(await judge(answer(status), SELL), { type: 'denied' });
  }
  for (const status of [408, 429, 500, 502, 503, 504]) {
    assert.deepEqual(await judge(answer(status), SELL), { type: 'later', afterMs: 0 });
  }
  assert.deepEqual(await judge(answer(429, '', { 'Retry-After': '3' }), SELL),
    { type: 'later', afterMs: 3000 });
  assert.deepEqual(await judge(answer(409, '{"errors":[{"pointer":"/stock_delta"}]}'), SELL),
    { type: 'refused', failure: 'faultLeft' });
  assert.deepEqual(await judge(answer(418, '<html>'), SELL),
    { type: 'refused', failure: 'faultOther' });
});

test('an answer that was cut off says nothing', async () => {
  assert.deepEqual(await judge(answer(200, '{"seq":'), SELL), { type: 'later', afterMs: 0 });
});

test('what is gone need not be deleted', async () => {
  assert.deepEqual(await judge(answer(404), { type: 'delete', sku: 'MAN' }),
    { type: 'saved', answer: {} });
  assert.deepEqual(await judge(answer(404), SELL), { type: 'refused', failure: 'faultGone' });
});

test('faults in words that the page has', () => {
  const known = [
    [fault(422, '/title'), 'faultTitle'],
    [fault(422, '/price', '/title'), 'faultPrice'],
    [fault(422, '/original_price'), 'faultPrice'],
    [fault(422, '/unit'), 'faultUnit'],
    [fault(422, '/stock'), 'faultStock'],
    [fault(422, '/image'), 'faultPicture'],
    [fault(422, '/flash_price'), 'faultFlash'],
    [fault(422, '/ends_at'), 'faultFlash'],
    [fault(409, '/stock_delta'), 'faultLeft'],
    [fault(409, '/sku'), 'faultHidden'],
    [fault(409), 'faultConflict'],
    [fault(404, '/sku'), 'faultGone'],
    [fault(412, ''), 'faultChanged'],
    [fault(413), 'faultPicture'],
    [fault(415), 'faultPicture'],
    [fault(422, '/constructor'), 'faultOther'],
    [explainFault(400, null), 'faultOther'],
    [explainFault(400, { errors: 'x' }), 'faultOther'],
  ];
  for (const [said, wanted] of known) {
    assert.equal(said, wanted);
    assert.ok(wanted in MESSAGES.vi && wanted in MESSAGES.en, wanted);
  }
});

test('a change goes out with its token and its key', async (t) => {
  const { api, requests, dates } = open(t, () =>
    answer(200, '{"seq":7}', { Date: 'Sun, 22 Nov 2026 01:00:00 GMT' }));
  const outcome = await api.send({ id: 'key-1', action: SELL, picture: null });
  assert.deepEqual(outcome, { type: 'saved', answer: { seq: 7 } });
  const [{ url, method, headers, body, credentials }] = requests;
  assert.deepEqual([url, method, body, credentials],
    ['/api/v1/channels/cho/shelf/MAN', 'PATCH', '{"stock_delta":-1}', 'omit']);
  assert.deepEqual(headers, { 'Idempotency-Key': 'key-1', 'Content-Type': 'application/json',
    Authorization: 'Bearer secret' });
  assert.deepEqual(dates, ['Sun, 22 Nov 2026 01:00:00 GMT']);
});

test('a change without a body says that it has none', async (t) => {
  const { api, requests } = open(t, () => answer(200));
  await api.send({ id: 'key-1', action: { type: 'unpin' }, picture: null });
  assert.equal(requests[0].body, undefined);
  assert.equal(requests[0].headers['Content-Type'], undefined);
});

test('a picture is uploaded first, and goes into the product', async (t) => {
  const blob = new Blob(['jpeg']);
  const { api, requests } = open(t, ({ url }) => answer(200,
    url.endsWith('images') ? '{"image":"/api/v1/channels/cho/images/1.jpg"}' : '{"seq":8}'),
  { p1: blob });
  const action = { type: 'patch', sku: 'MAN', changes: { price: 1 } };
  assert.equal((await api.send({ id: 'k', action, picture: 'p1' })).type, 'saved');
  assert.deepEqual(requests.map(({ method, url }) => [method, url]), [
    ['POST', '/api/v1/channels/cho/images'], ['PATCH', '/api/v1/channels/cho/shelf/MAN']]);
  assert.equal(requests[0].body, blob);
  assert.equal(requests[1].body,
    '{"price":1,"image":"/api/v1/channels/cho/images/1.jpg"}');
});

test('without its picture a product is not changed', async (t) => {
  const { api, requests } = open(t, () => answer(503), { p1: new Blob(['jpeg']) });
  const action = { type: 'patch', sku: 'MAN', changes: {} };
  assert.equal((await api.send({ id: 'k', action, picture: 'p1' })).type, 'later');
  assert.deepEqual(await api.send({ id: 'k', action, picture: 'lost' }),
    { type: 'refused', failure: 'faultPicture' });
  assert.equal(requests.length, 1);
});

test('reading', async (t) => {
  const { api, requests } = open(t, ({ url }) => {
    if (url.endsWith('status')) {
      throw new TypeError('no network');
    }
    return answer(url.endsWith('shelf') ? 200 : 403, '{"seq":1}');
  });
  assert.deepEqual(await api.read('shelf'), { status: 200, json: { seq: 1 } });
  assert.deepEqual(await api.read('card'), { status: 403, json: null });
  assert.equal(await api.read('status'), null);
  assert.equal(requests[0].headers.Authorization, 'Bearer secret');
});

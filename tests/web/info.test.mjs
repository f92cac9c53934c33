// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { askInfo, InfoPoller } from '../../src/web/watch/info.js';

const DATE = 'Sun, 22 Nov 2026 01:00:00 GMT';

function answer(status, body) {
  return new Response(body, { status, headers: { Date: DATE } });
}

async function ask(t, fetch) {
  const dates = [];
  t.mock.method(globalThis, 'fetch', fetch);
  const result = await askInfo('sinho', (date, sent, received) => {
    assert.ok(received >= sent);
    dates.push(date);
  });
  return { result, dates };
}

test('a channel on air', async (t) => {
  const { result, dates } = await ask(t, async (url, { cache }) => {
    assert.equal(url, '/live/sinho/info.json');
    assert.equal(cache, 'no-store');
    return answer(200, '{"name":"sinho","title":"Chợ phiên","live":true}');
  });
  assert.deepEqual(result, { type: 'info', live: true, away: false, title: 'Chợ phiên' });
  assert.deepEqual(dates, [DATE]);
});

test('only true is on air', async (t) => {
  for (const live of ['false', '1', '"true"', 'null']) {
    const { result } = await ask(t, async () => answer(200, `{"live":${live}}`));
    assert.equal(result.live, false, live);
    t.mock.restoreAll();
  }
});

test('the seller is away, and a picture says so', async (t) => {
  const { result } = await ask(t, async () => answer(200, '{"live":false,"away":true}'));
  assert.deepEqual([result.live, result.away], [true, true]);
});

test('404 is no such channel; it dates the answer as well', async (t) => {
  const { result, dates } = await ask(t, async () => answer(404, '{}'));
  assert.deepEqual(result, { type: 'unknown' });
  assert.deepEqual(dates, [DATE]);
});

test('a server in trouble is no answer', async (t) => {
  const troubles = [
    async () => answer(503, '{}'),
    async () => answer(200, '<html>a hotel wants a password</html>'),
    async () => answer(200, 'null'),
    async () => {
      throw new TypeError('Failed to fetch');
    },
  ];
  for (const trouble of troubles) {
    const { result } = await ask(t, trouble);
    assert.deepEqual(result, { type: 'unreachable' });
    t.mock.restoreAll();
  }
});

// setTimeout by hand: node 18 has no mock timers.
class FakeTimers {
  constructor(t) {
    this.now = 0;
    this.timers = new Map();
    let ids = 0;
    t.mock.method(globalThis, 'setTimeout', (action, delay) => {
      ids += 1;
      this.timers.set(ids, { action, at: this.now + delay });
      return ids;
    });
    t.mock.method(globalThis, 'clearTimeout', (id) => this.timers.delete(id));
  }

  tick(ms) {
    this.now += ms;
    for (const [id, { action, at }] of [...this.timers]) {
      if (at <= this.now) {
        this.timers.delete(id);
        action();
      }
    }
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('the poller asks again and again, one question at a time', async (t) => {
  const timers = new FakeTimers(t);
  let asked = 0;
  let finish;
  const poller = new InfoPoller(() => {
    asked += 1;
    return new Promise((resolve) => {
      finish = resolve;
    });
  }, () => 2000);

  poller.poll();
  poller.poll();
  assert.equal(asked, 1, 'one at a time');
  timers.tick(10000);
  assert.equal(asked, 1, 'the wait begins with the answer');
  finish();
  await settle();
  timers.tick(1999);
  assert.equal(asked, 1);
  timers.tick(1);
  assert.equal(asked, 2);
  finish();
  await settle();
  poller.poll();
  assert.equal(asked, 3, 'at once when told to');
  finish();
  await settle();
  timers.tick(1500);
  poller.reschedule();
  timers.tick(1999);
  assert.equal(asked, 3, 'the wait starts over');
  timers.tick(1);
  assert.equal(asked, 4);
  assert.equal(timers.timers.size, 0, 'one timer at most');
});

test('a question that throws does not end the asking', async (t) => {
  const timers = new FakeTimers(t);
  let asked = 0;
  const poller = new InfoPoller(async () => {
    asked += 1;
    if (asked === 1) {
      throw new Error('no');
    }
  }, () => 100);
  await assert.rejects(poller.poll());
  timers.tick(100);
  assert.equal(asked, 2);
});

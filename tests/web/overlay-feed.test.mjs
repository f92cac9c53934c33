// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { Feed } from '../../src/web/overlay/feed.js';

const BASE = 'https://cho.example/api/v1/channels/cho/';
const DATE = 'Sun, 22 Nov 2026 05:00:00 GMT';

const settle = () => new Promise((resolve) => setImmediate(resolve));

// A browser whose timers are turned by hand, with a server that answers as `answer` says.
function makeBrowser(t, answer) {
  const browser = { streams: [], asked: [], timers: [], messages: [], dates: [] };
  t.mock.method(globalThis, 'setTimeout', (action, delay) => {
    browser.timers.push({ action, delay });
    return browser.timers.length;
  });
  t.mock.method(globalThis, 'clearTimeout', (id) => {
    if (browser.timers[id - 1]) {
      browser.timers[id - 1].action = () => {};
    }
  });
  t.mock.method(globalThis, 'fetch', async (url) => {
    browser.asked.push(url);
    return answer();
  });
  t.mock.method(Math, 'random', () => 0.5);
  globalThis.EventSource = class extends EventTarget {
    constructor(url) {
      super();
      Object.assign(this, { url, readyState: 0, isClosed: false });
      browser.streams.push(this);
    }

    close() {
      this.isClosed = true;
    }
  };
  t.after(() => {
    delete globalThis.EventSource;
  });
  browser.feed = new Feed(BASE, {
    onMessage: (text) => browser.messages.push(text),
    onAnswer: (date) => browser.dates.push(date),
  });
  return browser;
}

const snapshot = () => new Response('{"seq":1}', { headers: { Date: DATE } });

function refuse(stream) {
  stream.readyState = 2;
  stream.dispatchEvent(new Event('error'));
}

// The delays of retries; those of the limit of an answer's time are left out.
const retries = ({ timers }) => timers.map(({ delay }) => delay).filter((delay) => delay !== 8000);

test('the snapshot first, and then what happens', async (t) => {
  const browser = makeBrowser(t, snapshot);
  browser.feed.open();
  browser.feed.open();
  await settle();
  assert.deepEqual(browser.asked, [`${BASE}overlay`]);
  assert.equal(browser.streams.length, 1);
  assert.equal(browser.streams[0].url, `${BASE}events`);
  for (const kind of ['overlay', 'card', 'shelf', 'stock', 'other']) {
    browser.streams[0].dispatchEvent(Object.assign(new Event(kind), { data: kind }));
  }
  assert.deepEqual(browser.messages, ['{"seq":1}', 'overlay', 'card', 'shelf', 'stock']);
  assert.deepEqual(browser.dates, [DATE]);
});

test('the date of an answer from a cache is an old one', async (t) => {
  const browser = makeBrowser(t,
    () => new Response('{}', { headers: { Date: DATE, Age: '1' } }));
  browser.feed.open();
  await settle();
  assert.deepEqual(browser.dates, []);
});

test('a broken line is left to the browser', async (t) => {
  const browser = makeBrowser(t, snapshot);
  browser.feed.open();
  await settle();
  browser.streams[0].dispatchEvent(new Event('error'));
  assert.deepEqual(retries(browser), []);
  assert.equal(browser.streams[0].isClosed, false);
});

test('after a refusal the snapshot is asked for, ever more seldom', async (t) => {
  const browser = makeBrowser(t, snapshot);
  browser.feed.open();
  for (let i = 0; i < 7; i += 1) {
    await settle();
    refuse(browser.streams.at(-1));
    browser.timers.at(-1).action();
  }
  assert.deepEqual(retries(browser), [2000, 4000, 8000, 16000, 32000, 60000, 60000]
    .filter((delay) => delay !== 8000));
  await settle();
  assert.equal(browser.asked.length, 8);
  browser.streams.at(-1).dispatchEvent(new Event('open'));
  refuse(browser.streams.at(-1));
  assert.equal(retries(browser).at(-1), 2000);
});

test('a server in trouble says nothing, and nothing breaks', async (t) => {
  const answers = [
    () => new Response('{"seq":1}', { status: 503 }),
    () => {
      throw new TypeError('Failed to fetch');
    },
  ];
  for (const answer of answers) {
    const browser = makeBrowser(t, answer);
    browser.feed.open();
    await settle();
    assert.deepEqual(browser.messages, []);
    t.mock.restoreAll();
  }
});

test('closed is closed: no answer, no retry; and it opens again', async (t) => {
  const browser = makeBrowser(t, snapshot);
  browser.feed.open();
  browser.feed.close();
  await settle();
  assert.deepEqual(browser.messages, []);
  assert.ok(browser.streams[0].isClosed);
  refuse(browser.streams[0]);
  assert.deepEqual(retries(browser), []);
  browser.feed.open();
  await settle();
  refuse(browser.streams[1]);
  browser.feed.close();
  browser.timers.at(-1).action();
  await settle();
  assert.equal(browser.streams.length, 2);
});

test('a browser without server-sent events lives on snapshots', async (t) => {
  const browser = makeBrowser(t, snapshot);
  delete globalThis.EventSource;
  browser.feed.open();
  await settle();
  assert.deepEqual(retries(browser), [2000]);
  browser.timers.find(({ delay }) => delay === 2000).action();
  await settle();
  assert.equal(browser.asked.length, 2);
});

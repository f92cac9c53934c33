// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { ServerClock } from '../../src/web/overlay/clock.js';

const START = Date.UTC(2026, 10, 22, 1, 0, 0, 400);

// A server whose clock stands at START when the phone's monotonic one stands at 0, and the Date
// header that it writes at a local moment.
const serverTime = (localMs) => START + localMs;
const dateAt = (localMs) => new Date(Math.floor(serverTime(localMs) / 1000) * 1000).toUTCString();

// A little generator, so that a failure can be run again.
function makeRandom(seed) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

test('nothing is known before the first answer', () => {
  const clock = new ServerClock();
  assert.equal(clock.now(5), null);
  assert.equal(clock.isKnown, false);
  assert.equal(clock.uncertaintyMs, Infinity);
});

test('one answer places the clock within half a second and the way there', () => {
  const clock = new ServerClock();
  clock.observe(dateAt(130), 100, 160);
  assert.ok(Math.abs(clock.now(160) - serverTime(160)) <= 530);
  assert.equal(clock.uncertaintyMs, 530);
});

test('many answers narrow it down to less than 60 ms', () => {
  const random = makeRandom(1);
  const clock = new ServerClock();
  let sent = 0;
  for (let i = 0; i < 120; i += 1) {
    sent += 200 + random() * 400;
    const there = 10 + random() * 30;
    const back = 10 + random() * 30;
    clock.observe(dateAt(sent + there), sent, sent + there + back);
    const error = Math.abs(clock.now(sent) - serverTime(sent));
    assert.ok(error <= clock.uncertaintyMs, `${error} ms off, ${clock.uncertaintyMs} ms allowed`);
  }
  assert.ok(clock.uncertaintyMs < 60, `${clock.uncertaintyMs} ms`);
});

test('held answers, which take seconds, do no harm', () => {
  const random = makeRandom(2);
  const clock = new ServerClock();
  for (let sent = 0; sent < 60000; sent += 260) {
    const held = 250 + random() * 3000;
    clock.observe(dateAt(sent + 20 + held), sent, sent + 40 + held);
    assert.ok(Math.abs(clock.now(sent) - serverTime(sent)) <= clock.uncertaintyMs);
  }
  assert.ok(clock.uncertaintyMs < 320, `${clock.uncertaintyMs} ms`);
});

test("the phone's own clock is never asked", (t) => {
  t.mock.method(Date, 'now', () => assert.fail('Date.now was called'));
  const clock = new ServerClock();
  clock.observe(dateAt(50), 0, 100);
  assert.notEqual(clock.now(100), null);
});

test('a server whose clock is set is believed anew', () => {
  const clock = new ServerClock();
  for (let sent = 0; sent < 20000; sent += 300) {
    clock.observe(dateAt(sent + 10), sent, sent + 20);
  }
  const hourMs = 3600000;
  clock.observe(dateAt(20310 + hourMs), 20300, 20320);
  assert.ok(Math.abs(clock.now(20320) - serverTime(20320) - hourMs) <= 520);
});

test('the bounds widen over the hours, as clocks drift', () => {
  const clock = new ServerClock();
  clock.observe(dateAt(10), 0, 20);
  const before = clock.uncertaintyMs;
  clock.observe(dateAt(3600010), 3600000, 3600020);
  assert.ok(clock.uncertaintyMs <= before);
  // 50 ppm of four hours is 720 ms: still no contradiction.
  const local = 4 * 3600000;
  clock.observe(dateAt(local * (1 + 5e-5)), local, local + 20);
  assert.ok(Math.abs(clock.now(local) - serverTime(local * (1 + 5e-5))) <= clock.uncertaintyMs);
});

test('answers without a sound date change nothing', () => {
  const clock = new ServerClock();
  for (const date of [null, undefined, '', 'yesterday', 'NaN']) {
    clock.observe(date, 0, 10);
    assert.equal(clock.isKnown, false);
  }
  clock.observe(dateAt(0), 10, 5);
  clock.observe(dateAt(0), 0, NaN);
  assert.equal(clock.isKnown, false);
});

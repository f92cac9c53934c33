// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { formatViewers, initialStatus, nextStatus, statusDelayMs } from
  '../../src/web/studio/status.js';

const ok = (json) => ({ status: 200, json });
const ON_AIR = ok({ on_air: true, quality: 'fair', viewers: 213 });

test('what the server says of the channel', () => {
  assert.deepEqual(nextStatus(initialStatus, ON_AIR),
    { reach: 'ok', failures: 0, isOnAir: true, quality: 'fair', viewers: 213 });
});

test('a server that says something odd', () => {
  assert.deepEqual(nextStatus(initialStatus, ok({ on_air: 1, quality: 'x', viewers: '9' })),
    { reach: 'ok', failures: 0, isOnAir: false, quality: 'off', viewers: 0 });
});

test('a server that is out of reach, and back', () => {
  let status = nextStatus(initialStatus, ON_AIR);
  for (const answer of [null, { status: 503, json: null }]) {
    status = nextStatus(status, answer);
    assert.equal(status.reach, 'lost');
    assert.equal(status.viewers, 213, 'it forgets what it knew');
  }
  assert.equal(status.failures, 2);
  assert.equal(nextStatus(status, ON_AIR).failures, 0);
});

test('a token that is refused, a channel that is not there', () => {
  assert.equal(nextStatus(initialStatus, { status: 401, json: null }).reach, 'denied');
  assert.equal(nextStatus(initialStatus, { status: 403, json: null }).reach, 'denied');
  assert.equal(nextStatus(initialStatus, { status: 404, json: null }).reach, 'missing');
});

test('it asks every three seconds, and less often where nobody looks or nothing comes', () => {
  assert.equal(statusDelayMs(initialStatus, false, 0.5), 3000);
  assert.equal(statusDelayMs(initialStatus, true, 0.5), 30000);
  assert.equal(statusDelayMs({ failures: 1 }, false, 0.5), 4500);
  assert.equal(statusDelayMs({ failures: 1000 }, false, 0.5), 15000);
  assert.ok(statusDelayMs(initialStatus, false, 0) < statusDelayMs(initialStatus, false, 1));
});

test('many viewers', () => {
  assert.equal(formatViewers(0), '0');
  assert.equal(formatViewers(9999), '9999');
  assert.equal(formatViewers(12999), '12k');
});

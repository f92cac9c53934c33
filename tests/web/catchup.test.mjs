// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { CatchUp } from '../../src/web/watch/catchup.js';

const TARGET_DURATION = 2;

function feed(samples) {
  const catchUp = new CatchUp(0);
  return samples.map(([late, nowMs]) => catchUp.shouldJoinAnew(late, TARGET_DURATION, nowMs));
}

test('a little lateness is left to the playback rate', () => {
  assert.deepEqual(feed([[0.2, 20000], [2.9, 30000], [3.0, 60000]]), [false, false, false]);
});

test('lateness that lasts is ended after three seconds', () => {
  assert.deepEqual(feed([[4, 20000], [4, 22900], [4, 23000]]), [false, false, true]);
});

test('lateness that heals in between starts the wait over', () => {
  assert.deepEqual(feed([[4, 20000], [2, 22000], [4, 23000], [4, 25900], [4, 26000]]),
    [false, false, false, false, true]);
});

test('what is far behind, as after an outage, is ended at once', () => {
  assert.deepEqual(feed([[12, 20000]]), [true]);
});

test('a young player is given time, so that a thin line does not only ever join', () => {
  assert.deepEqual(feed([[12, 4000], [12, 9999], [12, 10000]]), [false, false, true]);
});

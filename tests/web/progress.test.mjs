// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { ProgressWatch, STALL_MS } from '../../src/web/watch/progress.js';

test('a picture that moves is a frame each time, the first look excepted', () => {
  const watch = new ProgressWatch();
  watch.reset(0);
  assert.equal(watch.sample(0, 0), null);
  assert.equal(watch.sample(0.5, 500), 'frame');
  assert.equal(watch.sample(1.0, 1000), 'frame');
});

test('a picture that stands still is a stall after a while, and as long as it lasts', () => {
  const watch = new ProgressWatch();
  watch.reset(0);
  watch.sample(1, 0);
  watch.sample(2, 500);
  assert.equal(watch.sample(2, 1000), null);
  assert.equal(watch.sample(2, 500 + STALL_MS - 1), null);
  assert.equal(watch.sample(2, 500 + STALL_MS), 'stall');
  assert.equal(watch.sample(2, 9000), 'stall');
  assert.equal(watch.sample(2.1, 9500), 'frame');
});

test('a step back is a new player, not a frame, and starts the wait over', () => {
  const watch = new ProgressWatch();
  watch.reset(0);
  watch.sample(60, 0);
  assert.equal(watch.sample(0, 1400), null);
  assert.equal(watch.sample(0, 2000), null);
  assert.equal(watch.sample(0, 1400 + STALL_MS), 'stall');
});

test('after a reset the jump to the live edge alone is no frame', () => {
  const watch = new ProgressWatch();
  watch.sample(5, 0);
  watch.reset(1000);
  assert.equal(watch.sample(90, 1500), null);
  assert.equal(watch.sample(90.2, 2000), 'frame');
});

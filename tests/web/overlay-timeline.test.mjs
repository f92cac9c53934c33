// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { Timeline } from '../../src/web/overlay/timeline.js';

test('things happen in order, when the picture is there and not before', () => {
  const timeline = new Timeline();
  timeline.add(5, 'b');
  timeline.add(4, 'a');
  timeline.add(7, 'c');
  assert.deepEqual(timeline.take(3.98), []);
  assert.equal(timeline.next, 4);
  assert.deepEqual(timeline.take(5), ['a', 'b']);
  assert.deepEqual(timeline.take(5), [], 'once');
  assert.deepEqual(timeline.take(100), ['c']);
  assert.equal(timeline.next, Infinity);
});

test('what is said later of the same moment comes later', () => {
  const timeline = new Timeline();
  timeline.add(4, 'a');
  timeline.add(4, 'b');
  assert.deepEqual(timeline.take(4), ['a', 'b']);
});

test('the last digits of the clocks do not matter, a frame does', () => {
  const timeline = new Timeline();
  timeline.add(4.001, 'a');
  timeline.add(4.02, 'b');
  assert.deepEqual(timeline.take(4), ['a']);
});

test('after a jump forward all is there, after one back nothing comes again', () => {
  const timeline = new Timeline();
  [1, 2, 3].forEach((time) => timeline.add(time, time));
  assert.deepEqual(timeline.take(2.5), [1, 2]);
  assert.deepEqual(timeline.take(0), []);
  assert.deepEqual(timeline.take(9), [3]);
});

test('a new clock forgets, and there is never more than some hundred', () => {
  const timeline = new Timeline();
  timeline.add(1, 'a');
  timeline.clear();
  assert.deepEqual(timeline.take(9), []);
  for (let time = 0; time < 5000; time += 1) {
    timeline.add(time, time);
  }
  const taken = timeline.take(Infinity);
  assert.equal(taken.length, 512);
  assert.equal(taken[0], 0, 'the next ones are kept');
});

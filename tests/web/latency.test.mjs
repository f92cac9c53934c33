// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { formatSeconds, LatencyMeter } from '../../src/web/watch/latency.js';

const NOW = Date.UTC(2026, 10, 22);

test('the first sample is shown as it is', () => {
  assert.equal(new LatencyMeter().sample(NOW - 1200, NOW), 1200);
});

test('noise is smoothed, and a lasting change is followed', () => {
  const meter = new LatencyMeter();
  meter.sample(NOW - 1000, NOW);
  assert.equal(meter.sample(NOW - 1200, NOW), 1050);
  let value = 0;
  for (let i = 0; i < 20; i += 1) {
    value = meter.sample(NOW - 2000, NOW);
  }
  assert.ok(Math.abs(value - 2000) < 10, `${value}`);
});

test('a seek is shown at once', () => {
  const meter = new LatencyMeter();
  meter.sample(NOW - 9000, NOW);
  assert.equal(meter.sample(NOW - 1000, NOW), 1000);
});

test('what is not known or cannot be is not shown', () => {
  const meter = new LatencyMeter();
  assert.equal(meter.sample(null, NOW), null);
  assert.equal(meter.sample(NOW, null), null);
  assert.equal(meter.sample(NaN, NOW), null);
  assert.equal(meter.sample(NOW - 3600000, NOW), null);
  assert.equal(meter.sample(NOW + 5000, NOW), null);
  assert.equal(meter.sample(NOW - 700, NOW), 700, 'and it recovers');
});

test('a reset forgets', () => {
  const meter = new LatencyMeter();
  meter.sample(NOW - 1000, NOW);
  meter.reset();
  assert.equal(meter.valueMs, null);
  assert.equal(meter.sample(NOW - 1400, NOW), 1400);
});

test('seconds are written as the language writes them', () => {
  assert.equal(formatSeconds(1234, 'en'), '1.2');
  assert.equal(formatSeconds(1234, 'vi'), '1,2');
  assert.equal(formatSeconds(0, 'en'), '0.0');
  assert.equal(formatSeconds(-400, 'en'), '0.0');
  assert.equal(formatSeconds(9940, 'en'), '9.9');
  assert.equal(formatSeconds(9960, 'en'), '10');
  assert.equal(formatSeconds(61400, 'vi'), '61');
  assert.equal(formatSeconds(1234567, 'vi'), '1235');
});

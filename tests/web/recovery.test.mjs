// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { Recovery } from '../../src/web/watch/recovery.js';

const network = (details) => ({ type: 'networkError', details });
const media = (details) => ({ type: 'mediaError', details });

test('a codec that the device lacks is not tried again and again', () => {
  for (const details of ['manifestIncompatibleCodecsError', 'bufferAddCodecError',
    'bufferIncompatibleCodecsError']) {
    assert.equal(new Recovery().decide(media(details), 0), 'unsupported', details);
  }
});

test('a media error gets a fresh media source, the second soon after a new player', () => {
  const recovery = new Recovery();
  assert.equal(recovery.decide(media('bufferAppendError'), 1000), 'recover');
  assert.equal(recovery.decide(media('bufferAppendError'), 4000), 'fail');
  assert.equal(recovery.decide(media('bufferStalledError'), 60000), 'recover');
});

test('the first media error counts as the first at any time', () => {
  assert.equal(new Recovery().decide(media('fragParsingError'), 0), 'recover');
});

test('the line gets four tries, and as many again once a playlist has come', () => {
  const recovery = new Recovery();
  const decide = () => recovery.decide(network('levelLoadError'), 0);
  assert.deepEqual([1, 2, 3, 4, 5].map(decide), ['reload', 'reload', 'reload', 'reload', 'fail']);
  recovery.loaded();
  assert.equal(recovery.decide(network('fragLoadTimeOut'), 0), 'reload');
});

test('without a multivariant playlist only a new player helps', () => {
  for (const details of ['manifestLoadError', 'manifestLoadTimeOut', 'manifestParsingError']) {
    assert.equal(new Recovery().decide(network(details), 0), 'fail', details);
  }
});

test('errors of any other kind get a new player', () => {
  for (const type of ['otherError', 'muxError', 'keySystemError', undefined]) {
    assert.equal(new Recovery().decide({ type, details: 'internalException' }, 0), 'fail');
  }
});

// SPDX-License-Identifier: Apache-2.0

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { rememberParts } from '../../src/web/watch/parts.js';

const STREAMS = { audiovideo: {} };

// A part as hls.js has it: 0.25 s, loaded if it has streams.
function part(sn, index, isLoaded) {
  return {
    fragment: { sn },
    index,
    start: sn * 2 + index * 0.25,
    duration: 0.25,
    elementaryStreams: isLoaded ? STREAMS : { audiovideo: null },
    get loaded() {
      return Boolean(this.elementaryStreams.audiovideo);
    },
  };
}

function ranges(...pairs) {
  return { length: pairs.length, start: (i) => pairs[i][0], end: (i) => pairs[i][1] };
}

const loaded = (parts) => parts.map((p) => (p.loaded ? '+' : '-')).join('');

test('parts that were forgotten while they lie in the buffer are remembered', () => {
  const parts = [part(3, 7, false), part(4, 0, false), part(4, 1, false), part(4, 2, true),
    part(4, 3, false)];
  assert.equal(rememberParts(parts, parts[3], ranges([0, 8.75])), 2);
  assert.equal(loaded(parts), '-+++-', 'only those of the segment, before the buffered one');
});

test('parts that are not in the buffer are left to be loaded', () => {
  const parts = [part(4, 0, false), part(4, 1, false), part(4, 2, true)];
  assert.equal(rememberParts(parts, parts[2], ranges([0, 8.1], [8.25, 8.75])), 1);
  assert.equal(loaded(parts), '-++');
});

test('nothing is done where nothing was forgotten', () => {
  const parts = [part(4, 0, true), part(4, 1, true)];
  assert.equal(rememberParts(parts, parts[1], ranges([0, 8.5])), 0);
  assert.equal(rememberParts(null, parts[1], ranges()), 0);
});

// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { cleanTitle, infoUrl, parseChannelName, playlistUrl }
  from '../../src/web/watch/channel.js';

test('the name is what follows /watch/ or /studio/', () => {
  const names = {
    '/watch/sinho': 'sinho',
    '/watch/sinho/': 'sinho',
    '/studio/sinho': 'sinho',
    '/watch/sa-pa_2': 'sa-pa_2',
    '/watch/SinHo': 'sinho',
    '/watch/sin%68o': 'sinho',
    '/watch/%20sinho%20': 'sinho',
    [`/watch/${'a'.repeat(64)}`]: 'a'.repeat(64),
  };
  for (const [path, name] of Object.entries(names)) {
    assert.equal(parseChannelName(path), name, path);
  }
});

test('what cannot be a channel is none', () => {
  const paths = ['/', '/watch', '/watch/', '/watch//', '/watch/a/b', '/live/sinho', '/watch/a b',
    '/watch/a%2Fb', '/watch/..', '/watch/%2e%2e', '/watch/%', '/watch/%ff', '/watch/sìn',
    '/watch/a?b', '/watch/<b>', `/watch/${'a'.repeat(65)}`, '/xwatch/a'];
  for (const path of paths) {
    assert.equal(parseChannelName(path), null, path);
  }
});

test('the addresses of a channel', () => {
  assert.equal(infoUrl('sinho'), '/live/sinho/info.json');
  assert.equal(playlistUrl('sinho'), '/live/sinho/index.m3u8');
});

test('a title is kept as it is written', () => {
  assert.equal(cleanTitle('Chợ phiên Sìn Hồ', 'sinho'), 'Chợ phiên Sìn Hồ');
  const decomposed = 'Chợ phiên Sìn Hồ'.normalize('NFD');
  assert.equal(cleanTitle(decomposed, 'sinho'), decomposed);
  assert.equal(cleanTitle('<b>50 %</b> & "quà"', 'x'), '<b>50 %</b> & "quà"');
});

test('without a title the name stands in', () => {
  for (const title of ['', '   ', '\u0000\n', '\u202e', undefined, null, 7, {}, []]) {
    assert.equal(cleanTitle(title, 'sinho'), 'sinho');
  }
  assert.equal(cleanTitle('', null), '');
});

test('control and direction-changing characters are taken out', () => {
  assert.equal(cleanTitle('a\u0000b\r\n\tc\u007fd\u2028e', 'x'), 'a b c d e');
  assert.equal(cleanTitle('giá \u202e000.05\u202c đồng\u2066\ufeff', 'x'), 'giá 000.05 đồng');
});

test('an endless title ends, and not in the middle of a character', () => {
  const title = cleanTitle('🧣'.repeat(500), 'x');
  assert.equal(Array.from(title).length, 161);
  assert.ok(title.endsWith('🧣…'));
});

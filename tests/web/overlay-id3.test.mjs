// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { readUserTexts } from '../../src/web/overlay/id3.js';
import { makeFrame, makeTag, makeTextTag } from './lib/overlay.mjs';

const bytes = (hex) => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));

test('the bytes that players are given', () => {
  const tag = bytes(`49 44 33 04 00 00 00 00 00 1c  54 58 58 58 00 00 00 12 00 00
    03 63 61 72 64 00 7b 22 73 6b 75 22 3a 22 41 31 22 7d`);
  assert.deepEqual(readUserTexts(tag), [{ description: 'card', value: '{"sku":"A1"}' }]);
});

test('Vietnamese, composed or not, and pictures', () => {
  for (const value of ['Mận hậu Mộc Châu', 'Mận hậu Mộc Châu'.normalize('NFD'), 'quả 🍑']) {
    assert.deepEqual(readUserTexts(makeTextTag('phien.overlay', value)),
      [{ description: 'phien.overlay', value }]);
  }
});

test('sizes on both sides of where their figures grow', () => {
  for (const length of [100, 112, 113, 127, 128, 16368, 16383, 16384]) {
    const value = 'x'.repeat(length);
    const [text] = readUserTexts(makeTextTag('d', value));
    assert.equal(text.value.length, length);
  }
});

test('tags of version 2.3 have plain frame sizes', () => {
  const body = [3, ...Buffer.from('d'), 0, ...Buffer.from('x'.repeat(200))];
  const [text] = readUserTexts(makeTag([makeFrame('TXXX', body, 3)], 3));
  assert.equal(text.value.length, 200);
});

test('Latin-1, and a NUL at the end', () => {
  const tag = makeTag([makeFrame('TXXX', [0, 0x64, 0, 0xe9, 0])]);
  assert.deepEqual(readUserTexts(tag), [{ description: 'd', value: 'é' }]);
});

test('other frames are passed over, and several tags may follow each other', () => {
  const text = makeFrame('TXXX', [3, ...Buffer.from('a'), 0, ...Buffer.from('1')]);
  const other = makeFrame('PRIV', [...Buffer.from('com.apple'), 0, 1, 2, 3]);
  const tags = Uint8Array.from([...makeTag([other, text, other]), ...makeTextTag('b', '2')]);
  assert.deepEqual(readUserTexts(tags),
    [{ description: 'a', value: '1' }, { description: 'b', value: '2' }]);
});

test('padding ends a tag, and what is behind the tags is not read', () => {
  const text = makeFrame('TXXX', [3, ...Buffer.from('a'), 0, ...Buffer.from('1')]);
  const tag = makeTag([text, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]);
  assert.equal(readUserTexts(Uint8Array.from([...tag, 0x49, 0x44])).length, 1);
});

test('whatever is cut off gives nothing, and no error', () => {
  const tag = makeTextTag('phien.overlay', '{"seq":1}');
  for (let length = 0; length < tag.length; length += 1) {
    assert.deepEqual(readUserTexts(tag.subarray(0, length)), [], `${length} bytes`);
  }
});

test('any byte may be anything', () => {
  const tag = makeTextTag('phien.overlay', '{"seq":1}');
  for (let at = 0; at < tag.length; at += 1) {
    for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
      const spoilt = Uint8Array.from(tag);
      spoilt[at] = value;
      assert.ok(readUserTexts(spoilt).length <= 1);
    }
  }
});

test('a text without a description, or in another encoding, is none', () => {
  assert.deepEqual(readUserTexts(makeTag([makeFrame('TXXX', [3, 0x61])])), []);
  assert.deepEqual(readUserTexts(makeTag([makeFrame('TXXX', [1, 0x61, 0, 0x62])])), []);
});

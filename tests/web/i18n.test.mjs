// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { chooseLanguage, MESSAGES, otherLanguage, translate }
  from '../../src/web/watch/i18n.js';
import { STATES } from '../../src/web/watch/state.js';

const SOURCE = new URL('../../src/web/watch/', import.meta.url);

const placeholders = (text) => (text.match(/\{\w+\}/g) || []).sort();

test('every language says everything, with the same blanks', () => {
  const keys = Object.keys(MESSAGES.vi);
  for (const [language, messages] of Object.entries(MESSAGES)) {
    assert.deepEqual(Object.keys(messages), keys, language);
    for (const key of keys) {
      assert.ok(messages[key].trim().length > 0, `${language}.${key}`);
      assert.deepEqual(placeholders(messages[key]), placeholders(MESSAGES.vi[key]),
        `${language}.${key}`);
    }
  }
});

test('Vietnamese is written in composed characters', () => {
  for (const [key, text] of Object.entries(MESSAGES.vi)) {
    assert.equal(text, text.normalize('NFC'), key);
  }
});

test('every state has something to say, but the silent ones', () => {
  const silent = ['playing', 'asleep'];
  for (const state of STATES) {
    assert.equal(`${state}Title` in MESSAGES.vi, !silent.includes(state), state);
  }
});

test('every message is used', () => {
  const text = readdirSync(SOURCE)
    .filter((name) => name.endsWith('.js') && name !== 'i18n.js')
    .map((name) => readFileSync(new URL(name, SOURCE), 'utf8'))
    .join('\n');
  for (const key of Object.keys(MESSAGES.vi)) {
    const isStateTitle = STATES.includes(key.replace(/Title$/, ''));
    assert.ok(isStateTitle || text.includes(`'${key}'`), key);
  }
});

test('blanks are filled in, as text', () => {
  assert.equal(translate('vi', 'behind', { seconds: '1,2' }), 'trễ 1,2 giây');
  assert.equal(translate('en', 'behind', { seconds: '1.2' }), '1.2 s behind');
  assert.equal(translate('en', 'video', { title: '$& {title} <b>' }),
    'Live picture: $& {title} <b>');
});

test("the viewer's choice comes first, then the browser's, then English", () => {
  assert.equal(chooseLanguage(null, ['vi-VN', 'en-US']), 'vi');
  assert.equal(chooseLanguage(null, ['VI']), 'vi');
  assert.equal(chooseLanguage(null, ['en-GB', 'vi']), 'en');
  assert.equal(chooseLanguage(null, ['fr-FR', 'vi-VN']), 'vi');
  assert.equal(chooseLanguage(null, ['fr', 'ja']), 'en');
  assert.equal(chooseLanguage('vi', ['en']), 'vi');
  assert.equal(chooseLanguage('en', ['vi']), 'en');
  for (const odd of ['', 'xx', 'toString', '__proto__', undefined]) {
    assert.equal(chooseLanguage(odd, []), 'en', String(odd));
  }
  assert.equal(chooseLanguage(null, [undefined]), 'en');
});

test('the switch goes to and fro', () => {
  assert.equal(otherLanguage('vi'), 'en');
  assert.equal(otherLanguage('en'), 'vi');
});

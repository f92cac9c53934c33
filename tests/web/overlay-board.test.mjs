// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { Board, RANK } from '../../src/web/overlay/board.js';
import { CLOTH, PLUM } from './lib/overlay.mjs';

function makeBoard() {
  const changes = [];
  const board = new Board((kind) => changes.push(kind));
  const show = (...args) => {
    board.show(...args);
    board.refresh();
  };
  return { board, show, changes };
}

test('a state is shown once, however often it is said', () => {
  const { show, changes } = makeBoard();
  show('card', 5, RANK.STREAM, PLUM);
  show('card', 5, RANK.STREAM, PLUM);
  show('card', 5, RANK.SERVER, PLUM);
  assert.deepEqual(changes, ['card']);
  show('card', 9, RANK.SERVER, PLUM);
  assert.deepEqual(changes, ['card'], 'a new seq alone is no change');
});

test('what comes and goes at once was not there', () => {
  const { board, changes } = makeBoard();
  board.show('card', 5, RANK.STREAM, PLUM);
  board.show('card', 6, RANK.STREAM, null);
  board.refresh();
  assert.deepEqual(changes, []);
});

test('the end of a range ends what only the range has said', () => {
  const { board, show } = makeBoard();
  show('card', 5, RANK.RANGE, PLUM);
  show('card', 4, RANK.END, null);
  assert.deepEqual(board.card, PLUM);
  show('card', 5, RANK.END, null);
  assert.equal(board.card, null);
  show('card', 5, RANK.RANGE, PLUM);
  assert.deepEqual(board.card, PLUM, 'it began anew');
  show('card', 5, RANK.STREAM, PLUM);
  show('card', 5, RANK.END, null);
  assert.deepEqual(board.card, PLUM, 'the stream says that itself');
});

test('it never goes back', () => {
  const { board, show } = makeBoard();
  show('card', 5, RANK.STREAM, PLUM);
  show('card', 6, RANK.STREAM, null);
  show('card', 5, RANK.SERVER, PLUM);
  assert.equal(board.card, null);
  show('card', 7, RANK.RANGE, CLOTH);
  assert.deepEqual(board.card, CLOTH);
});

test('card and shelf have seqs of one counter and marks of their own', () => {
  const { board, show, changes } = makeBoard();
  show('card', 5, RANK.STREAM, PLUM);
  show('shelf', 3, RANK.STREAM, [PLUM]);
  assert.deepEqual(board.shelf, [PLUM]);
  assert.deepEqual(changes, ['card', 'shelf']);
});

test('of two that are of the same seq the one that says more is shown', () => {
  const { board, show } = makeBoard();
  const whole = { ...PLUM, note: 'chỉ hôm nay' };
  show('card', 5, RANK.RANGE, PLUM);
  show('card', 5, RANK.STREAM, whole);
  assert.deepEqual(board.card, whole);
  show('card', 5, RANK.RANGE, PLUM);
  assert.deepEqual(board.card, whole);
});

test('numbers do not wait for the picture', () => {
  const { board, show, changes } = makeBoard();
  show('shelf', 3, RANK.STREAM, [PLUM, CLOTH]);
  show('card', 5, RANK.STREAM, PLUM);
  board.learn({ seq: 8, count: { sku: 'MAN', stock: 4, sold: 8 } }, RANK.SERVER);
  assert.deepEqual(board.card, { ...PLUM, stock: 4, sold: 8 });
  assert.deepEqual(board.shelf, [{ ...PLUM, stock: 4, sold: 8 }, CLOTH]);
  assert.deepEqual(changes, ['shelf', 'card', 'card', 'shelf']);
});

test('older numbers, which the stream repeats, are not believed', () => {
  const { board, show } = makeBoard();
  board.learn({ seq: 8, count: { sku: 'MAN', stock: 4 } }, RANK.SERVER);
  board.learn({ seq: 5, card: PLUM }, RANK.STREAM);
  show('card', 5, RANK.STREAM, PLUM);
  assert.equal(board.card.stock, 4);
  board.learn({ seq: 9, card: { ...PLUM, stock: 2 } }, RANK.STREAM);
  assert.equal(board.card.stock, 2, 'newer ones are, from wherever');
});

test('what is no longer counted has no number', () => {
  const { board, show } = makeBoard();
  show('card', 5, RANK.STREAM, PLUM);
  board.learn({ seq: 6, count: { sku: 'MAN' } }, RANK.SERVER);
  assert.ok(!('stock' in board.card));
});

test('what the stream had no room for comes from the shelf', () => {
  const { board, show } = makeBoard();
  const whole = { ...PLUM, image: '/a.jpg', url: 'https://x/', origin: 'Bản Áng' };
  board.learn({ seq: 4, rev: 4, shelf: [whole] }, RANK.SERVER);
  show('card', 5, RANK.STREAM, { ...PLUM, note: 'n' });
  assert.deepEqual(board.card, { ...whole, note: 'n', stock: 12 });
  show('card', 6, RANK.STREAM, { ...PLUM, image: '/b.jpg' });
  assert.equal(board.card.image, '/b.jpg', 'what the stream says is right');
});

test('a shelf that was cut short in the stream is the whole one of its revision', () => {
  const { board, show } = makeBoard();
  board.learn({ seq: 4, rev: 4, shelf: [PLUM, CLOTH] }, RANK.SERVER);
  show('shelf', 4, RANK.STREAM, [PLUM]);
  assert.equal(board.shelf.length, 2);
  show('shelf', 5, RANK.STREAM, [PLUM]);
  assert.equal(board.shelf.length, 1);
});

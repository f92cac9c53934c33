// SPDX-License-Identifier: Apache-2.0
//
// How things stand on this page: the card and the shelf that are shown, and how many are left.
//
// All that is said carries the channel's seq, which only grows, so that what was said before, or
// on another way, changes nothing. Numbers are newer than pictures: they count from the moment
// that they are known.

// Of two that say the same moment's state, the one that says more: messages in the stream may
// have had to leave something out, date ranges always do. The end of a range says the least: a
// range also ends where it begins anew, after the stream was away.
export const RANK = { END: -1, RANGE: 0, STREAM: 1, SERVER: 2 };

// What a message in the stream may leave out for want of room, and a newer one still knows.
const SPARED = ['image', 'url', 'badge', 'origin'];

const isSame = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class Board {
  card = null;
  shelf = [];

  #said = { card: null, shelf: [] }; // before the numbers were put in
  #marks = { card: { seq: -1, rank: 0 }, shelf: { seq: -1, rank: 0 } };
  #counts = new Map(); // by sku: { seq, stock, sold }
  #known = { rev: -1, shelf: [] }; // the newest shelf of which nothing was left out
  #onChange;

  // `onChange(kind)`: "card" or "shelf" is another now.
  constructor(onChange) {
    this.#onChange = onChange;
  }

  // The seq that is shown; -1: nothing was ever said.
  seq(kind) {
    return this.#marks[kind].seq;
  }

  // Learns what a message says of things that do not wait for the picture.
  learn({ seq, rev, card, shelf, count }, rank) {
    for (const product of [...(shelf || []), ...(card ? [card] : []), ...(count ? [count] : [])]) {
      this.#learnCount(seq, product);
    }
    if (shelf && rank === RANK.SERVER && rev >= this.#known.rev) {
      this.#known = { rev, shelf };
    }
    this.refresh();
  }

  // Puts it up, unless something later, or as much of the same, is there. What is seen changes with
  // refresh().
  show(kind, seq, rank, value) {
    const mark = this.#marks[kind];
    const isNews = rank === RANK.END ? seq === mark.seq && mark.rank === RANK.RANGE
      : seq > mark.seq || (seq === mark.seq && rank > mark.rank);
    if (isNews) {
      this.#marks[kind] = { seq, rank };
      this.#said[kind] = kind === 'shelf' && seq === this.#known.rev ? this.#known.shelf : value;
    }
  }

  // Says what is another now.
  refresh() {
    this.#refresh('card');
    this.#refresh('shelf');
  }

  #learnCount(seq, { sku, stock, sold }) {
    const count = this.#counts.get(sku);
    if (!count || seq > count.seq) {
      this.#counts.set(sku, { seq, stock, sold });
    }
  }

  #refresh(kind) {
    const said = this.#said[kind];
    const value = Array.isArray(said) ? said.map((product) => this.#complete(product))
      : said && this.#complete(said);
    if (!isSame(value, this[kind])) {
      this[kind] = value;
      this.#onChange(kind);
    }
  }

  #complete(product) {
    const whole = { ...product };
    const known = this.#known.shelf.find(({ sku }) => sku === product.sku) || {};
    for (const key of SPARED) {
      if (!(key in whole) && key in known) {
        whole[key] = known[key];
      }
    }
    const { stock, sold } = this.#counts.get(product.sku) || product;
    delete whole.stock;
    delete whole.sold;
    return Object.assign(whole, stock === undefined ? {} : { stock },
      sold === undefined ? {} : { sold });
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// How things stand: what the server has said last, and over it what this phone has done since. All
// that the server says carries the channel's seq, which only grows.

import { readProduct } from '../overlay/message.js';
import { applyAction, skuOf } from './actions.js';

// A product as who may change it gets it.
function readOwnProduct(value) {
  const product = readProduct(value);
  return product && value.hidden === true ? { ...product, hidden: true } : product;
}

const byPosition = (a, b) => (a.position === undefined ? Infinity : a.position) -
  (b.position === undefined ? Infinity : b.position) || 0;

// Stock is left out where it is not counted.
function withCount({ stock: _, ...product }, { stock, sold }) {
  return {
    ...product,
    ...(stock === undefined ? {} : { stock }),
    ...(sold === undefined ? {} : { sold }),
  };
}

export class Model {
  rev = -1; // of the shelf that was read last

  // By sku: { seq, product, countSeq }; null: it was deleted. Numbers come oftener than the rest.
  #products = new Map();
  #card = { seq: -1, card: null };

  get isKnown() {
    return this.rev >= 0;
  }

  // What GET shelf says, with the token. Answers that came in the meantime may be newer.
  learnShelf({ seq, rev, shelf }) {
    const before = this.#products;
    this.#products = new Map([...before].filter(([, known]) => known.seq > seq));
    shelf.map(readOwnProduct).filter((product) => product !== null).forEach((product) => {
      const known = before.get(product.sku);
      if (!known || known.seq <= seq) {
        this.#products.set(product.sku, this.#keepCount(known, { seq, product, countSeq: seq }));
      }
    });
    this.rev = Math.max(this.rev, rev);
  }

  // A message that everybody gets: the card and the numbers. True: the shelf is another than the
  // one that was read, and must be read again.
  learnMessage({ seq, rev, card, shelf, count }) {
    if (card !== undefined) {
      this.#learnCard(seq, card);
    }
    [...(count ? [count] : []), ...(shelf || [])].forEach((numbers) =>
      this.#learnCount(seq, numbers));
    return shelf !== undefined && rev > this.rev;
  }

  // The answer to a change. True: it does not say how things stand now.
  learnAnswer(action, { seq, product, card, replayed }) {
    if (replayed || seq === undefined) {
      return true;
    }
    if (action.type === 'delete') {
      this.#products.set(action.sku, { seq, product: null, countSeq: seq });
    } else if (product) {
      this.#learnProduct(seq, readOwnProduct(product));
    }
    if (action.type === 'pin' || action.type === 'unpin') {
      this.#learnCard(seq, card ? readProduct(card) : null);
    }
    return false;
  }

  // { shelf, card } with all that the entries of the queue do. `pictureOf(entry)`: an address of
  // the picture that is to be uploaded with it, or null.
  project(entries, { nowMs, pictureOf }) {
    const shelf = [...this.#products.values()].map(({ product }) => product)
      .filter((product) => product !== null).sort(byPosition);
    const seen = entries.filter(({ failure, action }) => !failure || action.type === 'put')
      .reduce((state, entry) => {
        const image = pictureOf(entry);
        return applyAction(state, entry.action, image ? { image } : {}, nowMs);
      }, { shelf, card: this.#card.card });
    return { shelf: seen.shelf, card: this.#complete(seen) };
  }

  #learnCard(seq, card) {
    if (seq > this.#card.seq) {
      this.#card = { seq, card };
    }
  }

  #learnProduct(seq, product) {
    const known = this.#products.get(product.sku);
    if (!known || seq > known.seq) {
      this.#products.set(product.sku,
        this.#keepCount(known, { seq, product, countSeq: seq }));
    }
  }

  #learnCount(seq, { sku, stock, sold }) {
    const known = this.#products.get(sku);
    if (known && known.product && seq > known.countSeq) {
      this.#products.set(sku, { ...known, countSeq: seq,
        product: withCount(known.product, { stock, sold }) });
    }
  }

  #keepCount(known, next) {
    return known && known.product && known.countSeq > next.seq
      ? { ...next, countSeq: known.countSeq, product: withCount(next.product, known.product) }
      : next;
  }

  // The product that is pinned is what the shelf says of it, and what the card says beside.
  #complete({ shelf, card }) {
    const product = card && shelf.find(({ sku }) => sku === card.sku);
    if (!card || !product) {
      return card && !this.isKnown ? card : null;
    }
    const { flash_price: flashPrice, ends_at: endsAt } = card;
    return {
      ...product,
      ...(flashPrice === undefined ? {} : { flash_price: flashPrice }),
      ...(endsAt === undefined ? {} : { ends_at: endsAt }),
    };
  }
}

const RANKS = ['saved', 'held', 'waiting', 'sending', 'failed'];

function stateOf({ failure, isSending, heldUntil }) {
  if (failure) {
    return 'failed';
  }
  if (isSending) {
    return 'sending';
  }
  return heldUntil > 0 ? 'held' : 'waiting';
}

// By sku, how far its changes are: { state, failed: the first entry that was refused }.
export function summarize(entries) {
  const marks = new Map();
  for (const entry of entries) {
    const sku = skuOf(entry.action);
    const state = stateOf(entry);
    const mark = marks.get(sku) || { state: 'saved', failed: null };
    marks.set(sku, {
      state: RANKS.indexOf(state) > RANKS.indexOf(mark.state) ? state : mark.state,
      failed: mark.failed || (entry.failure ? entry : null),
    });
  }
  return marks;
}

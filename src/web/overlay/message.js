// SPDX-License-Identifier: Apache-2.0
//
// The messages of phien.overlay/1: JSON that says how things stand, never what has changed. They
// come in the stream, as server-sent events and as the snapshot of the API, all in the same words.

// The description of the ID3 frame that carries them.
export const SCHEME = 'phien.overlay';

const VERSION = 'phien.overlay/1';

const PRODUCTS_MAX = 200;

const TEXTS = ['sku', 'title', 'currency', 'unit', 'image', 'url', 'badge', 'origin', 'note',
  'ends_at', 'shown_at', 'hides_at'];
const NUMBERS = ['price', 'original_price', 'flash_price', 'stock', 'sold', 'position'];

const isAmount = (value) => Number.isFinite(value) && value >= 0;

// A product or card with the members that are known and sound, or null.
export function readProduct(value) {
  if (value === null || typeof value !== 'object') {
    return null;
  }
  const product = {};
  for (const key of TEXTS) {
    if (typeof value[key] === 'string' && value[key] !== '') {
      product[key] = value[key];
    }
  }
  for (const key of NUMBERS) {
    if (isAmount(value[key])) {
      product[key] = value[key];
    }
  }
  return product.sku && product.title && 'price' in product ? product : null;
}

function readShelf(list) {
  return list.slice(0, PRODUCTS_MAX).map(readProduct).filter((product) => product !== null);
}

// { sku, stock, sold }: one product's numbers.
function readCount({ sku, stock, sold }) {
  const count = { sku };
  if (isAmount(stock)) {
    count.stock = stock;
  }
  if (isAmount(sold)) {
    count.sold = sold;
  }
  return count;
}

// What a message says: { seq, rev } with those of `card` (null: none is shown), `shelf` and
// `count` that it speaks of. Null: not such a message.
export function readMessage(text) {
  let json;
  try {
    json = JSON.parse(text);
  } catch (_) {
    return null;
  }
  if (json === null || typeof json !== 'object' || json.v !== VERSION ||
      !Number.isFinite(json.seq)) {
    return null;
  }
  const message = { seq: json.seq, rev: Number.isFinite(json.rev) ? json.rev : json.seq };
  if (Array.isArray(json.shelf)) {
    message.shelf = readShelf(json.shelf);
  }
  const card = readProduct(json.card);
  if (card || json.card === null) {
    message.card = card;
  }
  if (typeof json.sku === 'string') {
    message.count = readCount(json);
  }
  return message;
}

// SPDX-License-Identifier: Apache-2.0
//
// A product as it is written in the form: { title, price, unit, stock }, where null is an empty
// field. A stock that is empty is not counted.

export const UNITS = ['kg', 'con', 'bó', 'quả', 'chai', 'gói'];

// As the API takes them.
const TITLE_MAX = 120;
export const STOCK_MAX = 1000000;

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';

// A sku that no other phone makes up; `bytes` are random.
export function makeSku(bytes) {
  return `s-${Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join('')}`;
}

export function draftOf(product) {
  const { title = '', price = null, unit = null, stock = null } = product || {};
  return { title, price, unit, stock };
}

export function cleanTitle(title) {
  return Array.from(title.replace(/\s+/g, ' ').trim()).slice(0, TITLE_MAX).join('').trim();
}

// A new product. Who cannot write leaves the title out: the picture says it.
export function productOf(draft, sku, spareTitle) {
  const { title, price, unit, stock } = draft;
  return {
    sku,
    title: cleanTitle(title) || spareTitle,
    price,
    ...(unit === null ? {} : { unit }),
    ...(stock === null ? {} : { stock }),
  };
}

// What the draft changes of a product, or null: nothing. `before` is the draft as it was opened:
// what nobody has touched may have been changed by others since.
export function changesOf(product, before, draft) {
  const changes = {};
  const title = cleanTitle(draft.title);
  if (title !== '' && title !== before.title) {
    changes.title = title;
  }
  for (const key of ['price', 'unit', 'stock']) {
    if (draft[key] !== before[key]) {
      changes[key] = draft[key];
    }
  }
  // The old price, struck through, is never below the new one.
  if (changes.price > product.original_price) {
    changes.original_price = null;
  }
  return Object.keys(changes).length > 0 ? changes : null;
}

// What a flash price may be, to begin with: a tenth off, in round figures.
export function suggestFlashPrice(price) {
  const step = 10 ** Math.max(0, String(Math.floor(price)).length - 2);
  return Math.max(0, Math.min(price - 1, Math.round(price * 0.9 / step) * step));
}

// The letter that stands in for a picture, and the number of its colour.
export function letterOf({ sku, title }, colours) {
  const [letter = '?'] = Array.from(title.trim());
  let sum = 0;
  for (const character of sku) {
    sum = (sum * 31 + character.charCodeAt(0)) % 65521;
  }
  return { letter: letter.toLocaleUpperCase('vi'), colour: sum % colours };
}

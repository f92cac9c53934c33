// SPDX-License-Identifier: Apache-2.0
//
// All products, as tiles that stay where they are while they are looked at.

import { make, setText } from '../overlay/dom.js';
import { makeSign } from './icons.js';
import { TileView } from './tile-view.js';

const SAVED = { state: 'saved', failed: null };

export class ShelfView {
  #list = make('ul', { class: 'shelf' });
  #tiles = new Map(); // by sku
  #hint = make('span', {});
  #empty;
  #language = make('button', { class: 'language', type: 'button' });
  #hooks;

  // hooks: those of TileView, onAdd() and onLanguage()
  constructor(hooks) {
    this.#hooks = hooks;
    this.#empty = make('button', { class: 'empty', type: 'button' }, makeSign('camera'),
      this.#hint);
    this.element = make('main', { class: 'products' }, this.#list, this.#empty, this.#language);
    this.#empty.addEventListener('click', hooks.onAdd);
    this.#language.addEventListener('click', hooks.onLanguage);
  }

  render({ shelf, card, marks, isKnown, ...context }) {
    const tiles = new Map();
    shelf.forEach((product, i) => {
      const tile = this.#tiles.get(product.sku) || new TileView(this.#hooks);
      tiles.set(product.sku, tile);
      tile.render(product, { ...context, isPinned: card !== null && card.sku === product.sku,
        mark: marks.get(product.sku) || SAVED });
      if (this.#list.children[i] !== tile.element) {
        this.#list.insertBefore(tile.element, this.#list.children[i] || null);
      }
    });
    this.#tiles = tiles;
    while (this.#list.children.length > tiles.size) {
      this.#list.lastChild.remove();
    }
    this.#list.hidden = shelf.length === 0;
    this.#empty.hidden = !isKnown || shelf.length > 0;
    setText(this.#hint, context.say('emptyShelf'));
    setText(this.#language, context.say('otherLanguage'));
  }
}

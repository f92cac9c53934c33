// SPDX-License-Identifier: Apache-2.0
//
// The basket (giỏ hàng): a button with the number of products, and the sheet that it opens.

import { make, makeIcon, setAttributes, setText } from './dom.js';
import { translate } from './i18n.js';
import { ProductView } from './product-view.js';

export class BasketView {
  #count = make('span', { class: 'count', 'aria-hidden': 'true' });
  #title = make('h2');
  #close = make('button', { class: 'close', type: 'button' }, makeIcon('close'));
  #list = make('ul');
  #items = new Map(); // by sku
  #products = [];
  #context = null;
  #onOpen;

  constructor(onOpen) {
    this.#onOpen = onOpen;
    this.button = make('button', { class: 'basket', type: 'button', 'aria-haspopup': 'dialog' },
      makeIcon('basket'), this.#count);
    this.scrim = make('div', { class: 'scrim' });
    this.sheet = make('section', { class: 'sheet', role: 'dialog' },
      make('header', {}, this.#title, this.#close), this.#list);
    this.button.addEventListener('click', () => this.#open());
    this.#close.addEventListener('click', () => this.#shut());
    this.scrim.addEventListener('click', () => this.#shut());
    this.sheet.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        this.#shut();
      }
    });
    this.#toggle(false);
  }

  render(products, card, context) {
    this.#context = context;
    // What is pinned has the price of the card, which may be a better one.
    this.#products = products.map((product) => (card && card.sku === product.sku
      ? { ...product, ...card, isPinned: true } : product));
    this.#renderButton();
    if (!this.sheet.hidden) {
      this.#renderList();
    }
  }

  tick(nowMs) {
    return this.sheet.hidden ? Infinity : this.#products.reduce((soonest, { sku }) =>
      Math.min(soonest, this.#items.get(sku).tick(nowMs)), Infinity);
  }

  #renderButton() {
    const { length } = this.#products;
    const { language } = this.#context;
    this.button.hidden = length === 0;
    setText(this.#count, String(length));
    setAttributes(this.button, { 'aria-label': translate(language, 'basketOf', { n: length }) });
    setText(this.#title, translate(language, 'basket'));
    setAttributes(this.sheet, { 'aria-label': translate(language, 'basket') });
    setAttributes(this.#close, { 'aria-label': translate(language, 'close') });
    if (length === 0 && !this.sheet.hidden) {
      this.#shut();
    }
  }

  // Lines stay what they are, so that a list that is being read does not jump.
  #renderList() {
    const items = new Map();
    this.#products.forEach((product, i) => {
      const item = this.#items.get(product.sku) || new ProductView('li', 'item');
      items.set(product.sku, item);
      item.render(product, this.#context);
      setAttributes(item.element, { 'aria-current': product.isPinned ? 'true' : null });
      if (this.#list.children[i] !== item.element) {
        this.#list.insertBefore(item.element, this.#list.children[i] || null);
      }
    });
    this.#items = items;
    while (this.#list.children.length > items.size) {
      this.#list.lastChild.remove();
    }
  }

  #open() {
    this.#toggle(true);
    this.#renderList();
    this.#onOpen();
    // It still comes in from beyond the edge, where no browser shall scroll to.
    this.#close.focus({ preventScroll: true });
  }

  #shut() {
    this.#toggle(false);
    this.button.focus();
  }

  #toggle(isOpen) {
    this.sheet.hidden = !isOpen;
    this.scrim.hidden = !isOpen;
    this.button.setAttribute('aria-expanded', String(isOpen));
  }
}

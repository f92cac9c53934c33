// SPDX-License-Identifier: Apache-2.0
//
// The card: slides in over the lower edge of the picture, and away again. Who finds it in the way
// puts it aside, until another comes.

import { make, makeIcon, setAttributes } from './dom.js';
import { translate } from './i18n.js';
import { ProductView } from './product-view.js';

const SLIDE_MS = 400; // as the style sheet has it

// The same showing of the same product.
const showingOf = ({ sku, shown_at: shownAt }) => `${sku} ${shownAt || ''}`;

export class CardView {
  #product = new ProductView('div', 'card');
  #close = make('button', { class: 'close', type: 'button' }, makeIcon('close'));
  #showing = null;
  #putAside = null;
  #timer = null;
  #onToggle;

  // onToggle(): it comes, or goes.
  constructor(onToggle) {
    this.#onToggle = onToggle;
    this.element = make('section', { class: 'slot', 'aria-live': 'polite' },
      this.#product.element);
    this.element.hidden = true;
    this.#product.element.appendChild(this.#close);
    this.#close.addEventListener('click', () => {
      this.#putAside = this.#showing;
      this.#hide();
    });
  }

  get isShown() {
    return this.#showing !== null;
  }

  // Its upper edge when it has come to rest.
  get top() {
    return this.element.parentNode.getBoundingClientRect().top + this.element.offsetTop;
  }

  // `card` may be null.
  render(card, context) {
    setAttributes(this.element, { 'aria-label': translate(context.language, 'card') });
    setAttributes(this.#close, { 'aria-label': translate(context.language, 'hideCard') });
    if (!card || showingOf(card) === this.#putAside) {
      this.#hide();
      return;
    }
    this.#product.render(card, context);
    const isNew = showingOf(card) !== this.#showing;
    this.#showing = showingOf(card);
    this.#putAside = null;
    if (isNew) {
      this.#slideIn();
    }
  }

  tick(nowMs) {
    return this.isShown ? this.#product.tick(nowMs) : Infinity;
  }

  #slideIn() {
    clearTimeout(this.#timer);
    this.element.hidden = false;
    this.element.removeAttribute('data-shown');
    // A style that is set and changed in the same breath makes no transition.
    this.element.getBoundingClientRect();
    this.element.setAttribute('data-shown', '');
    this.#onToggle();
  }

  #hide() {
    if (!this.isShown) {
      return;
    }
    this.#showing = null;
    this.element.removeAttribute('data-shown');
    this.#onToggle();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.element.hidden = true;
    }, SLIDE_MS);
  }
}

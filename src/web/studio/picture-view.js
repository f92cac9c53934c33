// SPDX-License-Identifier: Apache-2.0
//
// A product's picture; until it has come, and where there is none, its letter on a colour.

import { make, setAttributes } from '../overlay/dom.js';
import { safeUrl } from '../overlay/links.js';
import { letterOf } from './draft.js';

const COLOURS = 6;

export class PictureView {
  #letter = make('span', { class: 'letter' });
  #image = make('img', { alt: '', loading: 'lazy', decoding: 'async' });

  constructor() {
    this.element = make('span', { class: 'picture', 'aria-hidden': 'true' }, this.#letter,
      this.#image);
    this.#image.addEventListener('load', () => this.#image.setAttribute('data-loaded', ''));
    this.#image.addEventListener('error', () => this.#image.removeAttribute('data-loaded'));
  }

  render(product, root) {
    const { letter, colour } = letterOf(product, COLOURS);
    const { image } = product;
    // Those that this phone has taken and not sent yet.
    const isOwn = image && image.startsWith('blob:');
    const address = isOwn ? image : image && safeUrl(image, root);
    // Drawn by the style sheet: it is no text that anybody has to hear.
    setAttributes(this.#letter, { 'data-letter': letter });
    setAttributes(this.element, { 'data-colour': String(colour) });
    if (!address) {
      this.#image.removeAttribute('data-loaded');
    }
    setAttributes(this.#image, { src: address || null });
  }
}

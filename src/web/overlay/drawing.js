// SPDX-License-Identifier: Apache-2.0
//
// Card and basket, drawn over the video in a shadow tree of their own: what the page's styles do
// does not reach them, and they do nothing to the page.

import { BasketView } from './basket-view.js';
import { Captions } from './captions.js';
import { CardView } from './card-view.js';
import { make } from './dom.js';

// From here on card and basket lie beside each other, and the sheet comes from the side.
const WIDE_PX = 560;
const LOW_PX = 420;

// A constructed sheet is let in by every content security policy, where there is such a thing.
// OVERLAY_STYLE is put in by build.mjs.
function addStyle(shadow) {
  if (shadow.adoptedStyleSheets && typeof CSSStyleSheet.prototype.replaceSync === 'function') {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(OVERLAY_STYLE);
    shadow.adoptedStyleSheets = [sheet];
  } else {
    shadow.appendChild(make('style', {})).textContent = OVERLAY_STYLE;
  }
}

export class Drawing {
  #overlay;
  #video;
  #container;
  #host = make('div', { 'data-phien-overlay': '' });
  #frame;
  #card;
  #basket = new BasketView(() => this.#tick());
  #captions;
  #observer = null;
  #timer = null;

  // Fills `container`, or, without one, lies over the video.
  constructor(overlay, video, container) {
    this.#overlay = overlay;
    this.#video = video;
    this.#container = container;
    this.#captions = new Captions(video);
    this.#card = new CardView(() => this.#reportCard());
    const { button, scrim, sheet } = this.#basket;
    const dock = make('div', { class: 'dock' }, this.#card.element, button);
    this.#frame = make('div', { class: 'frame' }, dock, scrim, sheet);
    const shadow = this.#host.attachShadow({ mode: 'open' });
    addStyle(shadow);
    shadow.appendChild(this.#frame);
    this.#insert();
    for (const type of ['card', 'shelf', 'language']) {
      overlay.addEventListener(type, this.#render);
    }
    this.#render();
  }

  remove() {
    clearTimeout(this.#timer);
    this.#captions.close();
    window.removeEventListener('resize', this.#measure);
    if (this.#observer) {
      this.#observer.disconnect();
    }
    for (const type of ['card', 'shelf', 'language']) {
      this.#overlay.removeEventListener(type, this.#render);
    }
    if (this.#container) {
      this.#container.style.removeProperty('--phien-card');
    }
    this.#host.remove();
  }

  // The page may want to make room: --phien-card is what the card takes of the lower edge.
  #reportCard() {
    if (this.#container) {
      const height = this.#card.isShown
        ? this.#frame.getBoundingClientRect().bottom - this.#card.top : 0;
      this.#container.style.setProperty('--phien-card', `${Math.round(height)}px`);
    }
  }

  #insert() {
    if (this.#container) {
      this.#host.setAttribute('data-filling', '');
      this.#container.appendChild(this.#host);
    } else {
      this.#video.parentNode.insertBefore(this.#host, this.#video.nextSibling);
    }
    window.addEventListener('resize', this.#measure);
    if (typeof ResizeObserver === 'function') {
      this.#observer = new ResizeObserver(this.#measure);
      this.#observer.observe(this.#container || this.#video);
      // Its size is nothing as long as the page hides it.
      this.#observer.observe(this.#frame);
      // What grows above the video moves it.
      this.#observer.observe(document.body);
    }
    this.#measure();
  }

  #measure = () => {
    const { offsetWidth: width, offsetHeight: height } = this.#container || this.#video;
    if (!this.#container) {
      const { offsetLeft, offsetTop, controls } = this.#video;
      Object.assign(this.#host.style, { left: `${offsetLeft}px`, top: `${offsetTop}px`,
        width: `${width}px`, height: `${height}px` });
      this.#frame.toggleAttribute('data-controls', controls);
    }
    this.#frame.toggleAttribute('data-wide', width >= WIDE_PX);
    this.#frame.toggleAttribute('data-low', height < LOW_PX);
    this.#reportCard();
  };

  #render = () => {
    const { card, shelf, language, root } = this.#overlay;
    const now = this.#overlay.now();
    this.#frame.lang = language;
    this.#card.render(card, { language, root, now });
    this.#basket.render(shelf, card, { language, root, now });
    this.#tick();
    this.#reportCard();
  };

  // Only while time runs out for something does a timer run.
  #tick() {
    clearTimeout(this.#timer);
    const now = this.#overlay.now();
    const soonest = Math.min(this.#card.tick(now), this.#basket.tick(now));
    if (Number.isFinite(soonest)) {
      this.#timer = setTimeout(() => this.#tick(), soonest);
    }
  }
}

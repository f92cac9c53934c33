// SPDX-License-Identifier: Apache-2.0
//
// One product, as card or as a line of the basket: picture first, for those who read little.

import { formatCountdown, untilNextSecond } from './countdown.js';
import { make, makeIcon, setAttributes, setLine, setText } from './dom.js';
import { translate } from './i18n.js';
import { safeUrl } from './links.js';
import { formatPrice, priceAt } from './money.js';

function makePicture() {
  const image = make('img', { alt: '', loading: 'lazy', decoding: 'async' });
  const badge = make('span', { class: 'badge' });
  const stamp = make('span', { class: 'stamp' });
  // The button beside it says the same; nobody has to hear it twice.
  const picture = make('a', { class: 'picture', target: '_blank', rel: 'noopener',
    tabindex: '-1', 'aria-hidden': 'true' }, makeIcon('none'), image, badge, stamp);
  // Until it has come, and if it does not, the mark behind it stands in. (Hidden ones would not be
  // loaded at all.)
  image.addEventListener('load', () => image.setAttribute('data-loaded', ''));
  image.addEventListener('error', () => image.removeAttribute('data-loaded'));
  return { picture, image, badge, stamp };
}

function makePrices() {
  const price = make('strong', { class: 'price' });
  const unit = make('span', { class: 'unit' });
  const was = make('s', { class: 'was' });
  return { prices: make('p', { class: 'prices' }, price, unit, was), price, unit, was };
}

function makeTimer() {
  const time = make('b');
  const timer = make('span', { class: 'timer', role: 'timer', 'aria-live': 'off' },
    makeIcon('clock'), time);
  return { timer, time };
}

function makeFacts() {
  const left = make('span', { class: 'left' });
  const sold = make('span', { class: 'sold' });
  return { facts: make('p', { class: 'facts' }, left, sold), left, sold };
}

export class ProductView {
  #parts;
  #product = null;
  #language = 'vi';

  constructor(tag, className) {
    const parts = {
      ...makePicture(),
      title: make('p', { class: 'title', dir: 'auto' }),
      origin: make('p', { class: 'origin', dir: 'auto' }),
      ...makePrices(),
      ...makeFacts(),
      ...makeTimer(),
      note: make('p', { class: 'note', dir: 'auto' }),
      buy: make('a', { class: 'buy', target: '_blank', rel: 'noopener' }),
    };
    const words = make('div', { class: 'words' }, parts.title, parts.origin, parts.prices,
      parts.facts, parts.note);
    this.#parts = parts;
    this.element = make(tag, { class: `product ${className}` },
      parts.picture, parts.timer, words, parts.buy);
  }

  // `root`: where the server's paths begin.
  render(product, { language, root, now }) {
    this.#product = product;
    this.#language = language;
    const isSoldOut = product.stock === 0;
    this.element.toggleAttribute('data-sold-out', isSoldOut);
    this.#renderPicture(product, root, isSoldOut);
    this.#renderWords(product, isSoldOut);
    this.#renderBuy(product, isSoldOut ? null : safeUrl(product.url, root));
    this.tick(now);
  }

  // Prices and the time that is left, as they are now. Returns in how many milliseconds they
  // change, Infinity: never.
  tick(nowMs) {
    const product = this.#product;
    const { price, was, endsAt } = priceAt(product, nowMs);
    const format = (amount) => formatPrice(amount, product.currency || 'VND', this.#language);
    const parts = this.#parts;
    setText(parts.price, format(price));
    setLine(parts.was, was === null ? null : format(was));
    parts.was.title = was === null ? '' : this.#say('oldPrice');
    parts.timer.hidden = endsAt === null || product.stock === 0;
    if (parts.timer.hidden) {
      return Infinity;
    }
    const time = formatCountdown(endsAt - nowMs, this.#say);
    setText(parts.time, time);
    setAttributes(parts.timer, { 'aria-label': this.#say('endsIn', { time }) });
    return untilNextSecond(endsAt - nowMs);
  }

  #say = (key, values) => translate(this.#language, key, values);

  #renderPicture({ image, badge, url }, root, isSoldOut) {
    const parts = this.#parts;
    const src = safeUrl(image, root);
    if (parts.image.getAttribute('src') !== src) {
      setAttributes(parts.image, { src, 'data-loaded': null });
    }
    setAttributes(parts.picture, { href: isSoldOut ? null : safeUrl(url, root) });
    setLine(parts.badge, badge);
    setLine(parts.stamp, isSoldOut ? this.#say('soldOut') : null);
  }

  #renderWords({ title, origin, unit, stock, sold, note }, isSoldOut) {
    const parts = this.#parts;
    setText(parts.title, title);
    setLine(parts.origin, origin);
    setLine(parts.unit, unit && `/${unit}`);
    setLine(parts.left, isSoldOut ? this.#say('soldOut')
      : stock !== undefined && this.#say('left', { n: this.#count(stock) }));
    setLine(parts.sold, sold ? this.#say('sold', { n: this.#count(sold) }) : null);
    setLine(parts.note, note);
  }

  #renderBuy({ title }, href) {
    const { buy } = this.#parts;
    buy.hidden = href === null;
    setText(buy, this.#say('buy'));
    setAttributes(buy, { href, 'aria-label': this.#say('buyThis', { title }) });
  }

  #count(n) {
    return n.toLocaleString(this.#language);
  }
}

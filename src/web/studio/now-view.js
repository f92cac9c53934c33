// SPDX-License-Identifier: Apache-2.0
//
// What is in the picture now, and its flash price.

import { formatCountdown, untilNextSecond } from '../overlay/countdown.js';
import { make, setAttributes, setLine, setText } from '../overlay/dom.js';
import { formatPrice, priceAt } from '../overlay/money.js';
import { AMOUNT_MAX } from './amount.js';
import { AmountInput } from './amount-input.js';
import { suggestFlashPrice } from './draft.js';
import { makeSign } from './icons.js';
import { PictureView } from './picture-view.js';

const FLASH_MINUTES = [5, 10, 15];

export class NowView {
  #hint = make('p', { class: 'hint' }, makeSign('tap'), make('span', {}));
  #picture = new PictureView();
  #label = make('h1', {});
  #title = make('p', { class: 'title', dir: 'auto' });
  #price = make('strong', { class: 'price' });
  #was = make('s', { class: 'was' });
  #time = make('b', {});
  #timer;
  #flash = make('button', { class: 'toggle', type: 'button', 'aria-expanded': 'false' },
    makeSign('flash'));
  #unpin = make('button', { class: 'unpin', type: 'button' }, makeSign('pin'), make('span', {}));
  #card;
  #panel;
  #input = new AmountInput(make('input', { id: 'flash-price', inputmode: 'numeric',
    autocomplete: 'off', enterkeyhint: 'done' }), AMOUNT_MAX);
  #inputLabel = make('label', { for: 'flash-price' });
  #chips = FLASH_MINUTES.map((minutes) => ({ minutes,
    button: make('button', { class: 'chip', type: 'button' }) }));
  #stop = make('button', { class: 'chip', type: 'button' });
  #shown = null;
  #context = null;
  #hooks;

  // hooks: onUnpin(product), onFlash(product, price, ms), onFlashEnd(product)
  constructor(hooks) {
    this.#hooks = hooks;
    this.#timer = make('span', { class: 'timer', role: 'timer', 'aria-live': 'off' },
      makeSign('clock'), this.#time);
    this.#card = make('div', { class: 'card' }, this.#picture.element,
      make('div', { class: 'words' }, this.#label, this.#title,
        make('p', { class: 'prices' }, this.#price, this.#was, this.#timer)),
      this.#flash, this.#unpin);
    this.#panel = make('div', { class: 'flash' },
      make('div', { class: 'amount' }, this.#inputLabel, this.#input.input),
      make('div', { class: 'chips' }, ...this.#chips.map(({ button }) => button), this.#stop));
    this.element = make('section', { class: 'now', 'aria-live': 'polite' }, this.#hint,
      this.#card, this.#panel);
    this.#toggle(false);
    this.#listen();
  }

  // `card` may be null. `state` is that of the change that has pinned it.
  render({ card, language, say, root, now, state }) {
    this.#context = { language, say, now };
    const isOther = !card || !this.#shown || card.sku !== this.#shown.sku;
    this.#shown = card;
    this.#hint.hidden = card !== null;
    this.#card.hidden = card === null;
    setText(this.#hint.lastChild, say('nowNone'));
    this.#input.language = language;
    if (isOther) {
      this.#toggle(false);
    }
    if (card) {
      this.#renderCard(card, root, state);
      this.#tick();
    }
  }

  // How long until it would look different.
  tick() {
    return this.#shown ? this.#tick() : Infinity;
  }

  #renderCard(card, root, state) {
    const { say } = this.#context;
    this.#picture.render(card, root);
    setAttributes(this.#card, { 'data-sku': card.sku, 'data-state': state });
    setText(this.#label, say('now'));
    setText(this.#title, card.title);
    setAttributes(this.#flash, { 'aria-label': say('flash') });
    setAttributes(this.#unpin, { 'aria-label': say('unpin', { title: card.title }) });
    setText(this.#unpin.lastChild, say('unpinShort'));
    setText(this.#inputLabel, say('flash'));
    for (const { minutes, button } of this.#chips) {
      setText(button, say('flashMinutes', { n: minutes }));
      setAttributes(button, { 'aria-label': say('flashStart', { n: minutes }) });
    }
    setText(this.#stop, say('flashStop'));
  }

  #tick() {
    const { language, say, now } = this.#context;
    const currency = this.#shown.currency || 'VND';
    const nowMs = now();
    const { price, was, endsAt } = priceAt(this.#shown, nowMs);
    setText(this.#price, formatPrice(price, currency, language));
    setLine(this.#was, was === null ? '' : formatPrice(was, currency, language));
    const left = endsAt === null ? 0 : endsAt - nowMs;
    this.#timer.hidden = left <= 0;
    this.#stop.hidden = left <= 0;
    setText(this.#time, left > 0 ? formatCountdown(left, say) : '');
    setAttributes(this.#flash, { 'data-on': left > 0 ? '' : null });
    return left > 0 ? untilNextSecond(left) : Infinity;
  }

  #toggle(isOpen) {
    this.#panel.hidden = !isOpen;
    this.#flash.setAttribute('aria-expanded', String(isOpen));
  }

  #listen() {
    this.#flash.addEventListener('click', () => {
      const isOpen = this.#panel.hidden;
      this.#toggle(isOpen);
      if (isOpen) {
        const { flash_price: flashPrice, price } = this.#shown;
        this.#input.value = flashPrice === undefined ? suggestFlashPrice(price) : flashPrice;
      }
    });
    this.#unpin.addEventListener('click', () => this.#hooks.onUnpin(this.#shown));
    this.#stop.addEventListener('click', () => {
      this.#toggle(false);
      this.#hooks.onFlashEnd(this.#shown);
    });
    for (const { minutes, button } of this.#chips) {
      button.addEventListener('click', () => this.#start(minutes));
    }
  }

  #start(minutes) {
    const { value } = this.#input;
    if (value === null) {
      this.#input.input.focus();
      return;
    }
    this.#toggle(false);
    this.#hooks.onFlash(this.#shown, value, minutes * 60000);
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// One product on the shelf: a big picture that is tapped to show it, and what is left of it.

import { make, setAttributes, setLine, setText } from '../overlay/dom.js';
import { formatPrice } from '../overlay/money.js';
import { groupAmount } from './amount.js';
import { PictureView } from './picture-view.js';
import { makeSign } from './icons.js';

function makeButton(className, sign, ...children) {
  return make('button', { class: className, type: 'button' }, makeSign(sign), ...children);
}

export class TileView {
  #picture = new PictureView();
  #stamp = make('span', { class: 'stamp' });
  #mark = make('span', { class: 'mark', 'aria-hidden': 'true' }, make('i', { class: 'ring' }),
    makeSign('check'), makeSign('alert'));
  #face;
  #edit = makeButton('round edit', 'pencil');
  #title = make('h2', { class: 'title', dir: 'auto' });
  #price = make('span', { class: 'price' });
  #unit = make('span', { class: 'unit' });
  #less = makeButton('step', 'less');
  #more = makeButton('step', 'more');
  #left = make('span', { class: 'left' });
  #fault = make('span', {});
  #retry = makeButton('fix', 'retry');
  #drop = makeButton('fix', 'close');
  #alarm;
  #count;
  #product = null;
  #mode = null;
  #failed = null;

  // hooks: onPin(product, isPinned), onEdit(product), onStock(product, delta), onRetry(entry),
  // onDrop(entry)
  constructor(hooks) {
    this.#face = make('button', { class: 'face', type: 'button' }, this.#picture.element,
      make('span', { class: 'pinned' }, makeSign('pin')), this.#stamp, this.#mark);
    this.#count = make('div', { class: 'count' }, this.#less, this.#left, this.#more);
    this.#alarm = make('div', { class: 'alarm', role: 'alert' }, this.#fault, this.#retry,
      this.#drop);
    this.element = make('li', { class: 'tile' }, this.#face, this.#edit,
      make('div', { class: 'words' }, this.#title,
        make('p', { class: 'prices' }, this.#price, this.#unit)), this.#count, this.#alarm);
    this.#face.addEventListener('click', () => this.#tap(hooks));
    this.#edit.addEventListener('click', () => hooks.onEdit(this.#product));
    this.#less.addEventListener('click', () => hooks.onStock(this.#product, -1));
    this.#more.addEventListener('click', () => hooks.onStock(this.#product, 1));
    this.#retry.addEventListener('click', () => hooks.onRetry(this.#failed));
    this.#drop.addEventListener('click', () => hooks.onDrop(this.#failed));
  }

  // mark: { state, failed } of its changes.
  render(product, { isPinned, mark, language, say, root }) {
    const { title, price, currency, unit, stock, hidden } = product;
    this.#product = product;
    this.#failed = mark.failed;
    const isSoldOut = stock === 0;
    setAttributes(this.element, {
      'data-sku': product.sku,
      'data-state': mark.state,
      'data-pinned': isPinned ? '' : null,
      'data-hidden': hidden ? '' : null,
      'data-sold-out': isSoldOut ? '' : null,
    });
    this.#mode = { isPinned };
    this.#picture.render(product, root);
    const stamp = (hidden && say('hidden')) || (isSoldOut && say('soldOut')) || '';
    setLine(this.#stamp, stamp);
    const act = hidden ? title : say(isPinned ? 'unpin' : 'pin', { title });
    setAttributes(this.#face, {
      'aria-pressed': String(isPinned),
      'aria-label': stamp ? `${act}, ${stamp}` : act,
    });
    setAttributes(this.#edit, { 'aria-label': say('edit', { title }) });
    setText(this.#title, title);
    setText(this.#price, formatPrice(price, currency || 'VND', language));
    setLine(this.#unit, unit ? ` / ${unit}` : '');
    this.#renderCount(product, say, language);
    this.#renderAlarm(mark.failed, say);
  }

  focus() {
    this.#face.focus();
  }

  #tap({ onPin, onEdit }) {
    if (this.#product.hidden) {
      onEdit(this.#product);
    } else {
      onPin(this.#product, this.#mode.isPinned);
    }
  }

  #renderCount({ title, stock }, say, language) {
    const isCounted = stock !== undefined;
    setAttributes(this.#count, {
      'data-counted': isCounted ? '' : null,
      'data-long': stock > 999 ? '' : null,
    });
    this.#less.hidden = !isCounted;
    this.#more.hidden = !isCounted;
    this.#less.disabled = stock === 0;
    setAttributes(this.#less, { 'aria-label': say('less', { title }) });
    setAttributes(this.#more, { 'aria-label': say('more', { title }) });
    setText(this.#left, isCounted ? groupAmount(stock, language) : say('uncounted'));
  }

  #renderAlarm(failed, say) {
    this.#alarm.hidden = !failed;
    setText(this.#fault, failed ? say(failed.failure) : '');
    setAttributes(this.#retry, { 'aria-label': say('retry') });
    setAttributes(this.#drop, { 'aria-label': say('discard') });
  }
}

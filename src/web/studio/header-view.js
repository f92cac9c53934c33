// SPDX-License-Identifier: Apache-2.0
//
// What is seen from an arm's length: on air or not, how good the link is, how many watch, and what
// is not saved yet.

import { make, setAttributes, setLine, setText } from '../overlay/dom.js';
import { makeSign } from './icons.js';
import { formatViewers } from './status.js';

const LINK_WORDS = { good: 'linkGood', fair: 'linkFair', poor: 'linkPoor', off: 'linkOff' };

// What the dot and the lamps show.
function describe({ reach, isOnAir, quality }) {
  if (reach === 'unknown') {
    return { air: 'unknown', light: 'off' };
  }
  if (reach === 'lost') {
    return { air: 'lost', light: 'off' };
  }
  return { air: isOnAir ? 'onAir' : 'offAir', light: isOnAir ? quality : 'off' };
}

function unsavedText(count, isLost, say) {
  if (isLost) {
    return count > 0 ? say('unsavedLost', { n: count }) : say('lostOnly');
  }
  return count > 0 ? say('unsaved', { n: count }) : '';
}

export class HeaderView {
  #air = make('strong', { class: 'air' }, make('i', {}), make('span', {}));
  #light = make('span', { class: 'light' },
    make('span', { class: 'lamps', 'aria-hidden': 'true' }, make('i', {}), make('i', {}),
      make('i', {})), make('span', {}));
  #viewers = make('span', { class: 'viewers', role: 'img' }, makeSign('eye'), make('b', {}));
  #unsaved = make('p', { class: 'unsaved', role: 'status' }, make('i', { class: 'ring' }),
    make('span', {}));

  #add = make('button', { class: 'add', type: 'button' }, makeSign('camera'),
    make('span', { class: 'plus' }, makeSign('more')));

  constructor({ onAdd }) {
    this.element = make('header', { class: 'top' },
      make('div', { class: 'facts' }, this.#air, this.#light, this.#viewers, this.#add),
      this.#unsaved);
    this.#add.addEventListener('click', onAdd);
  }

  render({ status, unsaved, isStuck, isCut, say }) {
    const { air, light } = describe(status);
    setAttributes(this.#air, { 'data-air': air });
    setText(this.#air.lastChild, say(air));
    setAttributes(this.#light, { 'data-light': light });
    setText(this.#light.lastChild, say(LINK_WORDS[light]));
    const { viewers } = status;
    setAttributes(this.#viewers, { 'aria-label': say('viewers', { n: viewers }) });
    setText(this.#viewers.lastChild, formatViewers(viewers));
    setAttributes(this.#add, { 'aria-label': say('add') });
    const isLost = status.reach === 'lost' || isCut;
    const text = unsavedText(unsaved, isLost, say);
    setLine(this.#unsaved.lastChild, text);
    this.#unsaved.hidden = !text;
    setAttributes(this.#unsaved, {
      'data-lost': isLost ? '' : null,
      'data-stuck': isStuck ? '' : null,
    });
  }
}

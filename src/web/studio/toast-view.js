// SPDX-License-Identifier: Apache-2.0
//
// What was just done, for as long as it can be taken back.

import { make, setText } from '../overlay/dom.js';
import { makeSign } from './icons.js';

export class ToastView {
  #text = make('span', {});
  #undo = make('button', { type: 'button' }, makeSign('undo'), make('span', {}));
  #timer = null;
  #onUndo = null;

  constructor() {
    this.element = make('div', { class: 'toast', role: 'status' }, this.#text, this.#undo);
    this.element.hidden = true;
    this.#undo.addEventListener('click', () => {
      this.hide();
      this.#onUndo();
    });
  }

  show(text, undoText, durationMs, onUndo) {
    clearTimeout(this.#timer);
    this.#onUndo = onUndo;
    this.element.hidden = false;
    setText(this.#text, text);
    setText(this.#undo.lastChild, undoText);
    this.#timer = setTimeout(() => this.hide(), durationMs);
  }

  hide() {
    clearTimeout(this.#timer);
    this.element.hidden = true;
  }
}

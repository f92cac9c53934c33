// SPDX-License-Identifier: Apache-2.0
//
// Why there is nothing to be done on this page, and what helps.

import { make, setLine, setText } from '../overlay/dom.js';

export class NoticeView {
  #title = make('h1', {});
  #hint = make('p', {});
  #kept = make('p', { class: 'kept' });
  #language = make('button', { class: 'language', type: 'button' });

  constructor({ onLanguage }) {
    this.element = make('main', { class: 'notice' },
      make('span', { class: 'lanterns', 'aria-hidden': 'true' }, make('i', {}), make('i', {}),
        make('i', {})), this.#title, this.#hint, this.#kept, this.#language);
    this.#language.addEventListener('click', onLanguage);
    this.element.hidden = true;
  }

  // kind: "denied" or "missing".
  render(kind, { unsaved, say }) {
    setText(this.#title, say(`${kind}Title`));
    setText(this.#hint, say(`${kind}Hint`));
    setLine(this.#kept, unsaved > 0 ? say('deniedKept', { n: unsaved }) : '');
    setText(this.#language, say('otherLanguage'));
  }
}

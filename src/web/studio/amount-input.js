// SPDX-License-Identifier: Apache-2.0
//
// A field for a whole number that groups its digits while they are typed.

import { groupAmount, parseAmount, placeCaret } from './amount.js';

export class AmountInput {
  #max;
  #language = 'vi';

  // onChange(): somebody has typed.
  constructor(input, max, onChange = () => {}) {
    this.input = input;
    this.#max = max;
    input.addEventListener('input', () => {
      this.#regroup();
      onChange();
    });
  }

  get value() {
    return parseAmount(this.input.value, this.#max);
  }

  set value(amount) {
    this.input.value = groupAmount(amount, this.#language);
  }

  set language(language) {
    // To write the same again would move the caret of who is typing.
    if (language !== this.#language) {
      const { value } = this;
      this.#language = language;
      this.value = value;
    }
  }

  #regroup() {
    const { input } = this;
    const before = input.value.slice(0, input.selectionStart);
    this.value = this.value;
    const caret = placeCaret(input.value, before);
    input.setSelectionRange(caret, caret);
  }
}

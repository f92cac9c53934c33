// SPDX-License-Identifier: Apache-2.0
//
// The page: what is in the picture, the shelf, the form over it, or a notice in place of all.

import { make } from '../overlay/dom.js';
import { FormView } from './form-view.js';
import { HeaderView } from './header-view.js';
import { NoticeView } from './notice-view.js';
import { NowView } from './now-view.js';
import { ShelfView } from './shelf-view.js';
import { ToastView } from './toast-view.js';

const HOLE = 'phien.form'; // marks the entry of the history that closes the form

export class View {
  toast = new ToastView();

  #header;
  #now;
  #shelf;
  #form;
  #notice;
  #desk;
  #context = null;
  #timer = null;
  #isLeaving = false; // the form's entry of the history, which was closed already

  // hooks: those of the parts
  constructor(root, hooks) {
    this.#notice = new NoticeView(hooks);
    this.#now = new NowView(hooks);
    const onAdd = () => this.#form.open(null, this.#context);
    const onEdit = (product) => this.#form.open(product, this.#context);
    this.#header = new HeaderView({ onAdd });
    this.#shelf = new ShelfView({ ...hooks, onAdd, onEdit });
    this.#form = new FormView({ ...hooks, onToggle: (isOpen) => this.#onForm(isOpen) });
    this.#desk = make('div', { class: 'desk' },
      make('div', { class: 'head' }, this.#header.element, this.#now.element),
      this.#shelf.element);
    root.textContent = '';
    [this.#desk, this.#form.element, this.toast.element, this.#notice.element]
      .forEach((element) => root.appendChild(element));
    this.#desk.hidden = true;
    window.addEventListener('popstate', () => this.#onBack());
  }

  // context: { language, say, root, now, shelf, card, marks, isKnown, status, unsaved, isStuck,
  // isCut, notice: null, "denied" or "missing", pinState, spareTitle }
  render(context) {
    this.#context = context;
    document.documentElement.lang = context.language;
    const { notice } = context;
    this.#notice.element.hidden = notice === null;
    this.#desk.hidden = notice !== null;
    if (notice !== null) {
      this.#form.close();
      this.#notice.render(notice, context);
      return;
    }
    this.#header.render(context);
    this.#now.render({ ...context, state: context.pinState });
    this.#shelf.render(context);
    this.#form.render(context);
    this.#tick();
  }

  #tick() {
    clearTimeout(this.#timer);
    const leftMs = this.#now.tick();
    if (leftMs < Infinity) {
      this.#timer = setTimeout(() => this.#tick(), leftMs);
    }
  }

  // The phone's own "back" closes the form, and leaves the page open.
  #onForm(isOpen) {
    this.#desk.inert = isOpen;
    if (isOpen) {
      history.pushState(HOLE, '');
      this.toast.hide();
    } else if (history.state === HOLE) {
      this.#isLeaving = true;
      history.back();
    }
  }

  #onBack() {
    if (this.#isLeaving) {
      this.#isLeaving = false;
    } else {
      this.#form.close();
    }
  }
}

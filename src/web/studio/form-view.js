// SPDX-License-Identifier: Apache-2.0
//
// The form for a new product, or for one that is on the shelf: photo first.

import { make, setAttributes, setLine, setText } from '../overlay/dom.js';
import { formatPrice } from '../overlay/money.js';
import { AMOUNT_MAX } from './amount.js';
import { AmountInput } from './amount-input.js';
import { draftOf, STOCK_MAX, UNITS } from './draft.js';
import { makeSign } from './icons.js';
import { PictureView } from './picture-view.js';

function makeFileInput(attributes) {
  return make('input', { type: 'file', accept: 'image/*', ...attributes });
}

function makeField(id, input) {
  const label = make('label', { for: id });
  return { label, element: make('div', { class: 'field' }, label, input) };
}

const NUMERIC = { inputmode: 'numeric', autocomplete: 'off', enterkeyhint: 'done' };

export class FormView {
  #heading = make('h1', { id: 'form-heading' });
  #close = make('button', { class: 'round', type: 'button' }, makeSign('close'));
  #picture = new PictureView();
  #camera = makeFileInput({ capture: 'environment', id: 'camera' });
  #gallery = makeFileInput({ id: 'gallery' });
  #cameraText = make('span', {});
  #galleryText = make('span', {});
  #name = make('input', { id: 'title', maxlength: '120', autocomplete: 'off',
    enterkeyhint: 'next', autocapitalize: 'sentences' });
  #price = new AmountInput(make('input', { id: 'price', 'aria-describedby': 'price-read fault',
    ...NUMERIC }), AMOUNT_MAX, () => this.#readPrice());
  #priceRead = make('span', { class: 'read', id: 'price-read', 'aria-live': 'polite' });
  #stock = new AmountInput(make('input', { id: 'stock', ...NUMERIC }), STOCK_MAX);
  #less = make('button', { class: 'step', type: 'button' }, makeSign('less'));
  #more = make('button', { class: 'step', type: 'button' }, makeSign('more'));
  #units = make('div', { class: 'chips', role: 'group' });
  #fault = make('p', { class: 'fault', id: 'fault', role: 'alert' });
  #save = make('button', { class: 'save', type: 'submit' }, makeSign('check'), make('span', {}));
  #hide = make('button', { class: 'tool', type: 'button' }, makeSign('eye'), makeSign('hide'),
    make('span', {}));
  #delete = make('button', { class: 'tool', type: 'button' }, makeSign('trash'),
    make('span', {}));
  #fields = {};
  #form;
  #product = null; // null: a new one
  #before = null;
  #unit = null;
  #photo = null; // { blob, url } that was taken here
  #context = null;
  #hooks;

  // hooks: onSave(product or null, before, draft, photo or null), onHide(product),
  // onShow(product), onDelete(product), onPhoto(file): a promise of { blob, url },
  // onToggle(isOpen)
  constructor(hooks) {
    this.#hooks = hooks;
    this.#fields.name = makeField('title', this.#name);
    this.#fields.price = makeField('price', make('div', { class: 'amount' }, this.#price.input,
      this.#priceRead));
    this.#fields.stock = makeField('stock', make('div', { class: 'stock' }, this.#less,
      this.#stock.input, this.#more));
    this.#fields.unit = { label: make('span', { class: 'label', id: 'unit-label' }) };
    this.#units.setAttribute('aria-labelledby', 'unit-label');
    this.#build();
    this.#listen();
    this.element.hidden = true;
  }

  get isOpen() {
    return !this.element.hidden;
  }

  // `product` null: a new one.
  open(product, context) {
    this.#product = product;
    this.#before = draftOf(product);
    this.#photo = null;
    this.element.hidden = false;
    this.render(context);
    this.#fill(this.#before);
    this.#hooks.onToggle(true);
    (product ? this.#close : this.#camera).focus();
  }

  close() {
    if (this.isOpen) {
      this.element.hidden = true;
      this.#hooks.onToggle(false);
    }
  }

  render({ language, say, root, spareTitle }) {
    this.#context = { language, say, root };
    if (!this.isOpen) {
      return;
    }
    const isNew = this.#product === null;
    setText(this.#heading, say(isNew ? 'addTitle' : 'editTitle'));
    setAttributes(this.#close, { 'aria-label': say('close') });
    setText(this.#cameraText, say('camera'));
    setText(this.#galleryText, say('gallery'));
    setText(this.#fields.name.label, say('title'));
    setText(this.#fields.price.label, say('price'));
    setText(this.#fields.stock.label, say('stock'));
    setText(this.#fields.unit.label, say('unit'));
    setText(this.#save.lastChild, say('save'));
    setAttributes(this.#name, { placeholder: isNew ? spareTitle : null });
    setAttributes(this.#stock.input, { placeholder: say('uncounted') });
    setAttributes(this.#less, { 'aria-label': say('fewer') });
    setAttributes(this.#more, { 'aria-label': say('oneMore') });
    this.#price.language = language;
    this.#stock.language = language;
    this.#renderTools(isNew, say);
    this.#readPrice();
  }

  #build() {
    const photo = make('div', { class: 'photo' }, this.#picture.element,
      make('label', { class: 'take', for: 'camera' }, this.#camera, makeSign('camera'),
        this.#cameraText),
      make('label', { class: 'take', for: 'gallery' }, this.#gallery, makeSign('gallery'),
        this.#galleryText));
    this.#form = make('form', { novalidate: '' }, photo, this.#fields.price.element,
      make('div', { class: 'field' }, this.#fields.unit.label, this.#units),
      this.#fields.name.element, this.#fields.stock.element,
      make('div', { class: 'tools' }, this.#hide, this.#delete),
      make('div', { class: 'finish' }, this.#fault, this.#save));
    this.element = make('section', { class: 'sheet', role: 'dialog', 'aria-modal': 'true',
      'aria-labelledby': 'form-heading' },
    make('header', {}, this.#heading, this.#close), this.#form);
  }

  #fill({ title, price, unit, stock }) {
    this.#name.value = title;
    this.#price.value = price;
    this.#stock.value = stock;
    this.#unit = unit;
    this.#camera.value = '';
    this.#gallery.value = '';
    this.#picture.render(this.#product || { sku: '', title: ' ' }, this.#context.root);
    setAttributes(this.#picture.element, { 'data-none': this.#product ? null : '' });
    setLine(this.#fault, '');
    this.#renderUnits();
    this.#readPrice();
  }

  #renderUnits() {
    const others = this.#unit && !UNITS.includes(this.#unit) ? [this.#unit] : [];
    const chips = [...UNITS, ...others].map((unit) => {
      const chip = make('button', { class: 'chip', type: 'button',
        'aria-pressed': String(unit === this.#unit) });
      chip.textContent = unit;
      chip.addEventListener('click', () => this.#chooseUnit(unit));
      return chip;
    });
    this.#units.textContent = '';
    chips.forEach((chip) => this.#units.appendChild(chip));
  }

  #chooseUnit(unit) {
    this.#unit = unit === this.#unit ? null : unit;
    for (const chip of this.#units.children) {
      chip.setAttribute('aria-pressed', String(chip.textContent === this.#unit));
    }
    this.#readPrice();
  }

  #renderTools(isNew, say) {
    this.#hide.hidden = isNew;
    this.#delete.hidden = isNew;
    setText(this.#delete.lastChild, say('delete'));
    const isHidden = !isNew && this.#product.hidden === true;
    setAttributes(this.#hide, { 'data-hidden': isHidden ? '' : null });
    setText(this.#hide.lastChild, say(isHidden ? 'show' : 'hide'));
  }

  // The price as viewers will see it.
  #readPrice() {
    const { value } = this.#price;
    const currency = (this.#product && this.#product.currency) || 'VND';
    const price = value === null ? '' : formatPrice(value, currency, this.#context.language);
    setText(this.#priceRead, price && this.#unit ? `${price} / ${this.#unit}` : price);
  }

  #step(delta) {
    this.#stock.value = Math.max(0, Math.min(STOCK_MAX, (this.#stock.value || 0) + delta));
  }

  async #take(input) {
    const [file] = input.files;
    if (!file) {
      return;
    }
    try {
      this.#photo = await this.#hooks.onPhoto(file);
      this.#picture.render({ sku: '', title: ' ', image: this.#photo.url }, null);
      setAttributes(this.#picture.element, { 'data-none': null });
      setLine(this.#fault, '');
    } catch (_) {
      setLine(this.#fault, this.#context.say('badPicture'));
    }
    input.value = '';
  }

  #submit() {
    const draft = { title: this.#name.value, price: this.#price.value, unit: this.#unit,
      stock: this.#stock.value };
    if (draft.price === null) {
      setLine(this.#fault, this.#context.say('needPrice'));
      this.#price.input.focus();
      return;
    }
    this.#name.blur();
    const [product, before, photo] = [this.#product, this.#before, this.#photo];
    this.close();
    this.#hooks.onSave(product, before, draft, photo);
  }

  #finish(act) {
    const product = this.#product;
    this.close();
    act(product);
  }

  #listen() {
    this.#close.addEventListener('click', () => this.close());
    this.#camera.addEventListener('change', () => this.#take(this.#camera));
    this.#gallery.addEventListener('change', () => this.#take(this.#gallery));
    this.#less.addEventListener('click', () => this.#step(-1));
    this.#more.addEventListener('click', () => this.#step(1));
    this.#hide.addEventListener('click', () => this.#finish((product) =>
      (product.hidden ? this.#hooks.onShow(product) : this.#hooks.onHide(product))));
    this.#delete.addEventListener('click', () => this.#finish((product) =>
      this.#hooks.onDelete(product)));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        this.close();
      }
    });
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The studio: what a helper does beside the seller. It shows at once what is tapped, and the queue
// sees to it that the server learns of it.

import { ServerClock } from '../overlay/clock.js';
import { Feed } from '../overlay/feed.js';
import { chooseLanguage } from '../overlay/i18n.js';
import { readMessage } from '../overlay/message.js';
import { otherLanguage } from '../watch/i18n.js';
import { InfoPoller } from '../watch/info.js';
import { skuOf } from './actions.js';
import { Api } from './api.js';
import { changesOf, makeSku, productOf } from './draft.js';
import { translate } from './i18n.js';
import { Model, summarize } from './model.js';
import { shrinkPicture } from './picture.js';
import { PictureStore } from './picture-store.js';
import { queueKey, readPlace, tokenKey } from './place.js';
import { Queue, QueueLog } from './queue.js';
import { initialStatus, nextStatus, statusDelayMs } from './status.js';
import { Storage } from './storage.js';
import { View } from './view.js';

const LANGUAGE_KEY = 'phien.language';

// How long something can be taken back.
const UNDO_MS = 6000;

// How long a tick is seen.
const TICK_MS = 2000;

function makeRandomBytes(count) {
  return crypto.getRandomValues(new Uint8Array(count));
}

class Studio {
  #storage = new Storage();
  #pictures = new PictureStore();
  #urls = new Map(); // of pictures that wait, by their ids
  #clock = new ServerClock();
  #model = new Model();
  #status = initialStatus;
  #ticked = new Map(); // when the last change of a product was saved, by sku
  #held = []; // messages that wait for an answer to what they may say already
  #isReading = false;
  #isStale = true;
  #name;
  #token;
  #language;
  #view;
  #api;
  #queue;
  #feed;
  #poller;

  constructor() {
    const { name, token, address } = readPlace(location);
    this.#name = name;
    if (address !== null) {
      history.replaceState(null, '', address);
    }
    if (name && token) {
      this.#storage.write(tokenKey(name), token);
    }
    this.#token = token || (name && this.#storage.read(tokenKey(name)));
    this.#language = chooseLanguage([this.#storage.read(LANGUAGE_KEY),
      ...(navigator.languages || [navigator.language])]);
    const base = `/api/v1/channels/${name}/`;
    this.#api = new Api(base, this.#token, {
      pictures: this.#pictures,
      now: () => this.#now(),
      observe: (date, sentMs, receivedMs) => this.#clock.observe(date, sentMs, receivedMs),
    });
    this.#queue = this.#makeQueue();
    this.#feed = new Feed(base, {
      onMessage: (text) => this.#onMessage(text),
      onAnswer: (date, sentMs, receivedMs) => this.#clock.observe(date, sentMs, receivedMs),
    });
    this.#poller = new InfoPoller(() => this.#ask(),
      () => statusDelayMs(this.#status, document.hidden, Math.random()));
    this.#view = new View(document.getElementById('page'), this.#makeHooks());
  }

  open() {
    this.#render();
    if (this.#notice !== null) {
      return;
    }
    this.#loadPictures();
    this.#feed.open();
    this.#poller.poll();
    this.#queue.kick();
    window.addEventListener('online', () => this.#wake());
    window.addEventListener('pagehide', () => this.#queue.release());
    document.addEventListener('visibilitychange', () => this.#onVisibility());
  }

  get #notice() {
    if (this.#name === null || this.#status.reach === 'missing') {
      return 'missing';
    }
    const isDenied = !this.#token || this.#status.reach === 'denied' || this.#queue.isDenied;
    return isDenied ? 'denied' : null;
  }

  #now() {
    return this.#clock.now(performance.now()) || Date.now();
  }

  #say = (key, values) => translate(this.#language, key, values);

  #makeQueue() {
    return new Queue({
      log: new QueueLog(this.#storage, queueKey(this.#name)),
      send: (entry) => this.#api.send(entry),
      makeKey: () => makeSku(makeRandomBytes(24)),
      hooks: {
        onChange: () => this.#onQueue(),
        onSaved: (entry, answer) => this.#onSaved(entry, answer),
      },
      clock: {
        now: () => Date.now(),
        setTimeout: (act, ms) => setTimeout(act, ms),
        clearTimeout: (timer) => clearTimeout(timer),
        random: Math.random,
      },
    });
  }

  #makeHooks() {
    const add = (action, options) => this.#queue.add(action, options);
    return {
      onLanguage: () => this.#switchLanguage(),
      onPin: ({ sku }, isPinned) => add(isPinned ? { type: 'unpin' } : { type: 'pin', sku }),
      onUnpin: () => add({ type: 'unpin' }),
      onFlash: ({ sku }, flashPrice, flashMs) => add({ type: 'pin', sku, flashPrice, flashMs }),
      onFlashEnd: ({ sku }) => add({ type: 'pin', sku }),
      onStock: ({ sku }, delta) => add({ type: 'stock', sku, delta }),
      onShow: ({ sku }) => add({ type: 'patch', sku, changes: { hidden: null } }),
      onHide: (product) => this.#doUndoably('hid', product,
        { type: 'patch', sku: product.sku, changes: { hidden: true } }),
      onDelete: (product) => this.#doUndoably('deleted', product,
        { type: 'delete', sku: product.sku }),
      onSave: (product, before, draft, photo) => this.#saveDraft(product, before, draft, photo),
      onPhoto: (file) => this.#takePhoto(file),
      onRetry: ({ id }) => this.#queue.retry(id),
      onDrop: (entry) => this.#dropEntry(entry),
    };
  }

  #doUndoably(key, { title }, action) {
    const id = this.#queue.add(action, { holdMs: UNDO_MS });
    this.#view.toast.show(this.#say(key, { title }), this.#say('undo'), UNDO_MS,
      () => this.#queue.cancel(id));
  }

  #dropEntry(entry) {
    this.#queue.cancel(entry.id);
    this.#forgetPicture(entry);
  }

  async #takePhoto(file) {
    const blob = await shrinkPicture(file);
    return { blob, url: URL.createObjectURL(blob) };
  }

  async #saveDraft(product, before, draft, photo) {
    let picture = null;
    if (photo) {
      picture = `${this.#name}/${makeSku(makeRandomBytes(16))}`;
      this.#urls.set(picture, photo.url);
      await this.#pictures.put(picture, photo.blob);
    }
    if (!product) {
      const sku = makeSku(makeRandomBytes(10));
      this.#queue.add({ type: 'put', product: productOf(draft, sku, this.#spareTitle) },
        { picture });
      return;
    }
    const changes = changesOf(product, before, draft);
    if (changes || picture) {
      this.#queue.add({ type: 'patch', sku: product.sku, changes: changes || {} }, { picture });
    }
  }

  get #spareTitle() {
    return this.#say('spareTitle', { n: this.#project().shelf.length + 1 });
  }

  async #loadPictures() {
    const waiting = this.#queue.entries.map(({ picture }) => picture).filter(Boolean);
    await Promise.all(waiting.map(async (id) => {
      const blob = await this.#pictures.get(id);
      if (blob) {
        this.#urls.set(id, URL.createObjectURL(blob));
      }
    }));
    this.#render();
    await this.#pictures.sweep(`${this.#name}/`, waiting);
  }

  #forgetPicture({ picture }) {
    if (picture) {
      this.#pictures.remove(picture);
      URL.revokeObjectURL(this.#urls.get(picture));
      this.#urls.delete(picture);
    }
  }

  #onSaved(entry, answer) {
    this.#forgetPicture(entry);
    if (this.#model.learnAnswer(entry.action, answer)) {
      this.#readShelf();
    }
    const sku = skuOf(entry.action);
    this.#ticked.set(sku, performance.now());
    setTimeout(() => this.#render(), TICK_MS);
  }

  #onQueue() {
    if (this.#view) {
      this.#learnHeld();
      this.#render();
    }
  }

  // An event may say what is being sent before the answer to it does; it would count twice then.
  #onMessage(text) {
    const message = readMessage(text);
    if (message) {
      this.#held.push(message);
      this.#learnHeld();
      this.#render();
    }
  }

  #learnHeld() {
    const isCounting = this.#queue.entries.some(({ isSending, action }) =>
      isSending && action.type === 'stock');
    if (isCounting) {
      return;
    }
    for (const message of this.#held.splice(0)) {
      if (this.#model.learnMessage(message)) {
        this.#readShelf();
      }
    }
  }

  async #readShelf() {
    this.#isStale = true;
    if (this.#isReading) {
      return;
    }
    this.#isReading = true;
    while (this.#isStale) {
      this.#isStale = false;
      const answer = await this.#api.read('shelf');
      if (!answer || !answer.json) {
        this.#isStale = true;
        break;
      }
      this.#model.learnShelf(answer.json);
    }
    this.#isReading = false;
    this.#render();
  }

  async #ask() {
    const before = this.#status.reach;
    this.#status = nextStatus(this.#status, await this.#api.read('status'));
    if (this.#status.reach === 'ok') {
      if (before !== 'ok' || this.#queue.isDenied) {
        this.#queue.wake();
      }
      if (this.#isStale) {
        this.#readShelf();
      }
    }
    this.#render();
  }

  #wake() {
    this.#poller.poll();
    this.#queue.wake();
  }

  #onVisibility() {
    if (document.hidden) {
      this.#queue.release();
      this.#feed.close();
      this.#poller.reschedule();
    } else {
      this.#feed.open();
      this.#wake();
    }
  }

  #switchLanguage() {
    this.#language = otherLanguage(this.#language);
    this.#storage.write(LANGUAGE_KEY, this.#language);
    this.#render();
  }

  #project() {
    return this.#model.project(this.#queue.entries, {
      nowMs: this.#now(),
      pictureOf: ({ picture }) => this.#urls.get(picture) || null,
    });
  }

  // How far each product's changes are, with those that were just saved.
  #summarize() {
    const marks = summarize(this.#queue.entries);
    const since = performance.now() - TICK_MS;
    for (const [sku, at] of this.#ticked) {
      if (at < since) {
        this.#ticked.delete(sku);
      } else if (!marks.has(sku)) {
        marks.set(sku, { state: 'ticked', failed: null });
      }
    }
    return marks;
  }

  #render() {
    const { shelf, card } = this.#project();
    const marks = this.#summarize();
    document.title = this.#name ? `${this.#say('page')} · ${this.#name}` : this.#say('page');
    const { entries, isCut } = this.#queue;
    this.#view.render({
      language: this.#language,
      say: this.#say,
      root: `${location.origin}/`,
      now: () => this.#now(),
      shelf,
      card,
      marks,
      isKnown: this.#model.isKnown,
      status: this.#status,
      unsaved: entries.filter(({ heldUntil }) => heldUntil === 0).length,
      isStuck: entries.length > 0 && entries.every(({ failure }) => failure),
      isCut,
      notice: this.#notice,
      pinState: ((card && marks.get(card.sku)) || { state: 'saved' }).state,
      spareTitle: this.#say('spareTitle', { n: shelf.length + 1 }),
    });
  }
}

new Studio().open();

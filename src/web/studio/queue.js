// SPDX-License-Identifier: Apache-2.0
//
// What has been done on this phone and the server has not said yet that it is saved. It outlives
// the page and the network: each entry is kept, and sent again until there is an answer, under the
// one key by which the server knows that it is the same. Entries of a lane go one by one, in their
// order; others beside each other.

import { lanesOf, mergeActions, skuOf } from './actions.js';

const RETRY_MS = 1000;
const RETRY_MAX_MS = 30000;

// Sent at the same time; of these, one with a picture, which may take a slow line for half a
// minute.
const SENT_MAX = 3;
const PICTURES_MAX = 1;

// Once something was sent, it may have arrived.
const isUntouched = (entry) => entry.tries === 0 && !entry.isSending;

const sharesLane = (a, b) => lanesOf(a.action).some((lane) => lanesOf(b.action).includes(lane));

// A product that the server has refused is not there for what comes after it.
const isInTheWay = ({ failure, action }) => !failure || action.type === 'put';

export class Queue {
  isDenied = false;

  #entries = [];
  #log;
  #send;
  #hooks;
  #makeKey;
  #clock;
  #failures = 0;
  #isCut = false;
  #notBefore = 0;
  #timer = null;

  // log: put(entry), remove(id), all(), where entries outlive the page.
  // send(entry): the promise of one of
  //   { type: "saved", answer } | { type: "refused", failure } | { type: "denied" } |
  //   { type: "later", afterMs }: it was not done, or nobody knows whether it was
  // hooks: onChange(), onSaved(entry, answer)
  // clock: now() in milliseconds, setTimeout, clearTimeout, random()
  constructor({ log, send, hooks, makeKey, clock }) {
    this.#log = log;
    this.#send = send;
    this.#hooks = hooks;
    this.#makeKey = makeKey;
    this.#clock = clock;
    this.#entries = log.all().sort((a, b) => a.order - b.order)
      .map((entry) => ({ ...entry, isSending: false, heldUntil: 0 }));
  }

  // In their order: { id, action, picture, tries, isSending, failure, … }.
  get entries() {
    return this.#entries;
  }

  // Something waits, and the server was out of reach when it was tried last.
  get isCut() {
    return this.#isCut && this.#entries.some(({ failure, heldUntil }) =>
      !failure && heldUntil === 0);
  }

  // `picture` names a picture that is to be uploaded with it; holdMs: it can be taken back so
  // long. The id of the entry that does it, or null: nothing has to be done any more.
  add(action, { picture = null, holdMs = 0 } = {}) {
    this.#dropWhatIsOver(action);
    const merged = holdMs === 0 && !picture ? this.#merge(action) : undefined;
    if (merged !== undefined) {
      this.kick();
      return merged;
    }
    const entry = {
      id: this.#makeKey(),
      order: this.#nextOrder(),
      action,
      picture,
      tries: 0,
      failure: null,
      isSending: false,
      heldUntil: holdMs > 0 ? this.#clock.now() + holdMs : 0,
    };
    this.#entries.push(entry);
    this.#keep(entry);
    this.kick();
    return entry.id;
  }

  // Takes back what has not been sent. False: it is too late.
  cancel(id) {
    const entry = this.#find(id);
    if (!entry || (!entry.failure && !isUntouched(entry))) {
      return false;
    }
    this.#drop(entry);
    this.kick();
    return true;
  }

  // Once more, what was refused.
  retry(id) {
    const entry = this.#find(id);
    if (entry && entry.failure) {
      // The server remembers keys of what was done alone.
      entry.failure = null;
      this.#keep(entry);
      this.kick();
    }
  }

  // Nothing is held back any longer: the page may go away.
  release() {
    this.#entries.forEach((entry) => {
      entry.heldUntil = 0;
    });
    this.kick();
  }

  // The network may be back, and the token may be right again.
  wake() {
    this.isDenied = false;
    this.#notBefore = 0;
    this.kick();
  }

  // Sends what can be sent now.
  kick() {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    const now = this.#clock.now();
    this.#entries.filter(({ heldUntil }) => heldUntil <= now).forEach((entry) => {
      entry.heldUntil = 0;
    });
    if (!this.isDenied) {
      if (now >= this.#notBefore) {
        this.#entries.filter((entry) => this.#isReady(entry))
          .forEach((entry) => this.#sendIfFree(entry));
      }
      this.#setTimer(now);
    }
    this.#hooks.onChange();
  }

  #find(id) {
    return this.#entries.find((entry) => entry.id === id);
  }

  #nextOrder() {
    return this.#entries.reduce((order, entry) => Math.max(order, entry.order + 1), 0);
  }

  #keep({ isSending, heldUntil, ...entry }) {
    this.#log.put(entry);
  }

  #drop(entry) {
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#log.remove(entry.id);
  }

  // Only the last pin counts, and nothing of a product that is deleted.
  #dropWhatIsOver(action) {
    const { type } = action;
    this.#entries.filter((entry) => entry.failure || isUntouched(entry)).forEach((entry) => {
      const isPin = entry.action.type === 'pin' || entry.action.type === 'unpin';
      const isOldPin = isPin && (type === 'pin' || type === 'unpin');
      const isOfDeleted = type === 'delete' && entry.failure &&
        skuOf(entry.action) === skuOf(action);
      if (isOldPin || isOfDeleted) {
        this.#drop(entry);
      }
    });
  }

  // Undefined: it cannot be merged with what waits. Null: the two undo each other.
  #merge(action) {
    const lane = this.#entries.filter((entry) => sharesLane(entry, { action }));
    const last = lane[lane.length - 1];
    if (!last || last.failure || !isUntouched(last) || last.picture || last.heldUntil > 0) {
      return undefined;
    }
    const merged = mergeActions(last.action, action);
    if (!merged) {
      return undefined;
    }
    if (merged.length === 0) {
      this.#drop(last);
      return null;
    }
    [last.action] = merged;
    this.#keep(last);
    return last.id;
  }

  #isReady(entry) {
    return !entry.failure && !entry.isSending && entry.heldUntil === 0 &&
      !this.#entries.some((other) => other.order < entry.order && isInTheWay(other) &&
        sharesLane(other, entry));
  }

  #sendIfFree(entry) {
    const sent = this.#entries.filter(({ isSending }) => isSending);
    const pictures = sent.filter(({ picture }) => picture);
    if (sent.length < SENT_MAX && !(entry.picture && pictures.length >= PICTURES_MAX)) {
      this.#sendNow(entry);
    }
  }

  async #sendNow(entry) {
    entry.isSending = true;
    entry.tries += 1;
    // Should the page end now, nobody knows whether it arrived.
    this.#keep(entry);
    let result;
    try {
      result = await this.#send(entry);
    } catch (_) {
      result = { type: 'later', isCut: true };
    }
    entry.isSending = false;
    this.#settle(entry, result);
    this.kick();
  }

  #settle(entry, { type, answer, failure, afterMs, isCut = false }) {
    this.#isCut = isCut;
    if (type === 'later') {
      this.#backOff(afterMs);
      return;
    }
    this.#failures = 0;
    if (type === 'denied') {
      this.isDenied = true;
    } else if (type === 'refused') {
      entry.failure = failure;
      this.#keep(entry);
    } else {
      this.#drop(entry);
      this.#hooks.onSaved(entry, answer);
    }
  }

  // Phones that lost the same network do not all come back at the same time.
  #backOff(afterMs = 0) {
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** this.#failures) *
      (0.75 + this.#clock.random() / 2);
    this.#failures += 1;
    this.#notBefore = this.#clock.now() + Math.max(delayMs, afterMs);
  }

  #setTimer(now) {
    const next = this.#entries.filter(({ failure, isSending }) => !failure && !isSending)
      .map(({ heldUntil }) => Math.max(heldUntil, this.#notBefore))
      .filter((at) => at > now);
    if (next.length > 0) {
      this.#timer = this.#clock.setTimeout(() => this.kick(), Math.min(...next) - now);
    }
  }
}

// Entries in a Storage, each under a key of its own: two pages of one phone do not write over each
// other.
export class QueueLog {
  #storage;
  #prefix;

  constructor(storage, prefix) {
    this.#storage = storage;
    this.#prefix = prefix;
  }

  put(entry) {
    this.#storage.write(this.#prefix + entry.id, JSON.stringify(entry));
  }

  remove(id) {
    this.#storage.remove(this.#prefix + id);
  }

  all() {
    return this.#storage.keys(this.#prefix).map((key) => this.#parse(key)).filter(Boolean);
  }

  #parse(key) {
    try {
      const entry = JSON.parse(this.#storage.read(key));
      return typeof entry.id === 'string' && typeof entry.action.type === 'string' ? entry : null;
    } catch (_) {
      return null;
    }
  }
}

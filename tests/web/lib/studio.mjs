// SPDX-License-Identifier: Apache-2.0
//
// What the studio's queue is tested with: a clock that is turned by hand, and storage that
// outlives a page.

export class FakeClock {
  #now = 1000000;
  #timers = new Map();
  #lastTimer = 0;

  now = () => this.#now;
  random = () => 0.5;

  setTimeout = (act, ms) => {
    this.#lastTimer += 1;
    this.#timers.set(this.#lastTimer, { act, at: this.#now + ms });
    return this.#lastTimer;
  };

  clearTimeout = (timer) => {
    this.#timers.delete(timer);
  };

  // How long until the next timer, or null.
  get nextMs() {
    const times = [...this.#timers.values()].map(({ at }) => at - this.#now);
    return times.length > 0 ? Math.min(...times) : null;
  }

  // Lets time go by, timer by timer, and what they start come to rest.
  async pass(ms) {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end)
        .sort(([, a], [, b]) => a.at - b.at);
      if (due.length === 0) {
        break;
      }
      const [timer, { act, at }] = due[0];
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, at);
      act();
      await rest();
    }
    this.#now = end;
    await rest();
  }
}

// Until all promises that can be settled are.
export function rest() {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export class FakeStorage {
  items = new Map();

  get length() {
    return this.items.size;
  }

  key(i) {
    return [...this.items.keys()][i];
  }

  getItem(key) {
    return this.items.has(key) ? this.items.get(key) : null;
  }

  setItem(key, value) {
    this.items.set(key, String(value));
  }

  removeItem(key) {
    this.items.delete(key);
  }
}

// A line to the server: answers are given by hand, or by `answer(entry)`.
export class FakeLine {
  sent = []; // { entry, settle }
  answer = null;

  send = (entry) => new Promise((resolve) => {
    const sent = { id: entry.id, action: entry.action, picture: entry.picture, settle: resolve };
    this.sent.push(sent);
    if (this.answer) {
      resolve(this.answer(sent));
    }
  });

  get actions() {
    return this.sent.map(({ action }) => action);
  }
}

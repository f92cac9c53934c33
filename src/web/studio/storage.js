// SPDX-License-Identifier: Apache-2.0
//
// What the phone keeps for the page. Storage may be forbidden or full, and then things last as
// long as the page.

export class Storage {
  #store;
  #memory = new Map();

  // `store` is a function that gives localStorage: looking at it may throw already.
  constructor(store = () => localStorage) {
    try {
      this.#store = store();
    } catch (_) {
      this.#store = null;
    }
  }

  read(key) {
    if (this.#memory.has(key)) {
      return this.#memory.get(key);
    }
    try {
      return this.#store.getItem(key);
    } catch (_) {
      return null;
    }
  }

  // False: it is kept for as long as the page lives, and no longer.
  write(key, value) {
    try {
      this.#store.setItem(key, value);
      this.#memory.delete(key);
      return true;
    } catch (_) {
      this.#memory.set(key, value);
      return false;
    }
  }

  remove(key) {
    this.#memory.delete(key);
    try {
      this.#store.removeItem(key);
    } catch (_) {
      // It was never there.
    }
  }

  // The keys that begin so.
  keys(prefix) {
    const keys = new Set(this.#memory.keys());
    try {
      for (let i = 0; i < this.#store.length; i++) {
        keys.add(this.#store.key(i));
      }
    } catch (_) {
      // Those in memory are all.
    }
    return [...keys].filter((key) => key.startsWith(prefix));
  }
}

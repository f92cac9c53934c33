// SPDX-License-Identifier: Apache-2.0
//
// Pictures that wait to be uploaded, in IndexedDB, where the phone has one that works: in private
// windows it may not, and then they last as long as the page.

const DATABASE = 'phien.studio';
const TABLE = 'pictures';

function settle(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

export class PictureStore {
  #factory;
  #opened = null;
  #memory = new Map();

  // `factory` is a function that gives indexedDB: looking at it may throw already.
  constructor(factory = () => indexedDB) {
    this.#factory = factory;
  }

  async put(id, blob) {
    this.#memory.set(id, blob);
    await this.#do('readwrite', (table) => table.put(blob, id));
  }

  async get(id) {
    return this.#memory.get(id) || await this.#do('readonly', (table) => table.get(id)) || null;
  }

  async remove(id) {
    this.#memory.delete(id);
    await this.#do('readwrite', (table) => table.delete(id));
  }

  // Removes those of this prefix that nothing waits for any more.
  async sweep(prefix, wanted) {
    const ids = await this.#do('readonly', (table) => table.getAllKeys()) || [];
    const lost = ids.filter((id) => id.startsWith(prefix) && !wanted.includes(id));
    await Promise.all(lost.map((id) => this.remove(id)));
  }

  async #do(mode, act) {
    try {
      this.#opened = this.#opened || this.#open();
      const database = await this.#opened;
      return await settle(act(database.transaction(TABLE, mode).objectStore(TABLE)));
    } catch (_) {
      return null;
    }
  }

  async #open() {
    const request = this.#factory().open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE);
    return settle(request);
  }
}

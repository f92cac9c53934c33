// SPDX-License-Identifier: Apache-2.0
//
// What the server says beside the stream: server-sent events, at once and for as long as the page
// is looked at. Where they cannot be had, and until they can again, the snapshot is asked for.

const KINDS = ['overlay', 'card', 'shelf', 'stock'];

const RETRY_MS = 2000;
const RETRY_MAX_MS = 60000;
const TIMEOUT_MS = 8000;

const CLOSED = 2; // EventSource.CLOSED

export class Feed {
  #base;
  #hooks;
  #events = null;
  #timer = null;
  #failures = 0;
  #isOpen = false;

  // `base` is the channel's place in the API, with a slash at its end.
  // hooks: onMessage(text), onAnswer(dateHeader, sentMs, receivedMs)
  constructor(base, hooks) {
    this.#base = base;
    this.#hooks = hooks;
  }

  open() {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.#connect();
    }
  }

  close() {
    this.#isOpen = false;
    clearTimeout(this.#timer);
    this.#dropEvents();
  }

  // Asked for in any case: events carry no date, from which the server's clock is told.
  #connect() {
    this.#ask();
    if (typeof EventSource !== 'function') {
      this.#retry();
      return;
    }
    const events = new EventSource(`${this.#base}events`);
    this.#events = events;
    for (const kind of KINDS) {
      events.addEventListener(kind, ({ data }) => this.#hooks.onMessage(data));
    }
    events.addEventListener('open', () => {
      this.#failures = 0;
    });
    // After a broken line browsers come back by themselves; after a refusal they do not.
    events.addEventListener('error', () => {
      if (events === this.#events && events.readyState === CLOSED) {
        this.#dropEvents();
        this.#retry();
      }
    });
  }

  #dropEvents() {
    if (this.#events) {
      this.#events.close();
      this.#events = null;
    }
  }

  #retry() {
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#connect(), delayMs * (0.75 + Math.random() / 2));
  }

  async #ask() {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
    const sentMs = performance.now();
    try {
      const response = await fetch(`${this.#base}overlay`,
        { cache: 'no-store', credentials: 'omit', signal: abort.signal });
      const receivedMs = performance.now();
      const text = response.ok ? await response.text() : null;
      if (this.#isOpen) {
        // An answer from a cache carries the date of its first use.
        if (!response.headers.get('Age')) {
          this.#hooks.onAnswer(response.headers.get('Date'), sentMs, receivedMs);
        }
        if (text !== null) {
          this.#hooks.onMessage(text);
        }
      }
    } catch (_) {
      // The next try, the events and the stream itself say the same.
    } finally {
      clearTimeout(timer);
    }
  }
}

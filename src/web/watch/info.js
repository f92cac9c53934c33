// SPDX-License-Identifier: Apache-2.0
//
// Asks the server about the channel, again and again.

import { infoUrl } from './channel.js';

const TIMEOUT_MS = 6000;

// One question: { type: "info", live, away, title }, { type: "unknown" } or
// { type: "unreachable" }. live: there is something to see. away: it is not the seller, who has
// lost the line, but the picture that says so.
export async function askInfo(name, onAnswer) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  const sentMs = performance.now();
  try {
    const response = await fetch(infoUrl(name), { cache: 'no-store', signal: abort.signal });
    onAnswer(response.headers.get('Date'), sentMs, performance.now());
    if (response.status === 404) {
      return { type: 'unknown' };
    }
    if (!response.ok) {
      return { type: 'unreachable' };
    }
    const info = await response.json();
    const away = info.away === true;
    return { type: 'info', live: info.live === true || away, away, title: info.title };
  } catch (_) {
    return { type: 'unreachable' };
  } finally {
    clearTimeout(timer);
  }
}

export class InfoPoller {
  #ask;
  #delayMs;
  #timer = null;
  #isAsking = false;

  // `ask` is called, and when its promise is settled, again after `delayMs()`.
  constructor(ask, delayMs) {
    this.#ask = ask;
    this.#delayMs = delayMs;
  }

  // Asks now.
  async poll() {
    if (this.#isAsking) {
      return;
    }
    clearTimeout(this.#timer);
    this.#isAsking = true;
    try {
      await this.#ask();
    } finally {
      this.#isAsking = false;
      this.reschedule();
    }
  }

  // Starts the wait over, with the delay that is right now.
  reschedule() {
    if (!this.#isAsking) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.poll(), this.#delayMs());
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The server's wall clock, told from the Date header of its answers, since the phone's own may be
// hours wrong. Local times are monotonic milliseconds (performance.now()).
//
// Date counts whole seconds, so one answer only says: when it was written, some time between
// `sentMs` and `receivedMs`, the server's clock stood in [Date, Date + 1 s). Each answer so bounds
// the offset from both sides; the bounds of many cut each other down to a few tens of milliseconds.

const SECOND_MS = 1000;

// How fast two quartz clocks may part: bounds that are never renewed widen at this rate.
const DRIFT = 1e-4;

export class ServerClock {
  constructor() {
    this.low = -Infinity;
    this.high = Infinity;
    this.atMs = 0;
  }

  // Takes one answer in. Those without a sound Date change nothing.
  observe(dateHeader, sentMs, receivedMs) {
    const dateMs = Date.parse(dateHeader);
    if (!Number.isFinite(dateMs) || !(receivedMs >= sentMs)) {
      return;
    }
    const low = dateMs - receivedMs;
    const high = dateMs + SECOND_MS - sentMs;
    const widening = Math.max(0, receivedMs - this.atMs) * DRIFT;
    this.atMs = receivedMs;
    this.low = Math.max(this.low - widening, low);
    this.high = Math.min(this.high + widening, high);
    if (this.low > this.high) {
      // The bounds contradict each other: the server's clock was set. The newest answer counts.
      this.low = low;
      this.high = high;
    }
  }

  // What the server's clock says at a local moment, in milliseconds since 1970, or null.
  now(localMs) {
    return this.isKnown ? localMs + (this.low + this.high) / 2 : null;
  }

  get isKnown() {
    return Number.isFinite(this.low);
  }

  // How wrong now() can be, either way.
  get uncertaintyMs() {
    return this.isKnown ? (this.high - this.low) / 2 : Infinity;
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What is known of the stream's future: players read metadata some seconds before its picture is
// shown. Times are those of the video's clock, in seconds.

// What comes later than all this is not waited for: nobody buffers so much.
const ENTRIES_MAX = 512;

// Less than a frame: clocks of media do not meet to the last digit.
const CLOSE_S = 0.008;

export class Timeline {
  #entries = [];

  add(time, entry) {
    const { length } = this.#entries;
    let at = length;
    while (at > 0 && this.#entries[at - 1].time > time) {
      at -= 1;
    }
    this.#entries.splice(at, 0, { time, entry });
    if (length >= ENTRIES_MAX) {
      this.#entries.pop();
    }
  }

  // Takes out what the picture at `now` has reached, in order.
  take(now) {
    let count = 0;
    while (count < this.#entries.length && this.#entries[count].time <= now + CLOSE_S) {
      count += 1;
    }
    return this.#entries.splice(0, count).map(({ entry }) => entry);
  }

  // When the next thing happens; Infinity: nothing is known to.
  get next() {
    return this.#entries.length > 0 ? this.#entries[0].time : Infinity;
  }

  // The video has another clock now.
  clear() {
    this.#entries = [];
  }
}

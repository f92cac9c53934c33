// SPDX-License-Identifier: Apache-2.0
//
// Whether the picture moves. Asked a few times a second: the media clock is the only witness that
// every browser and both players give.

// Shorter hiccups heal by themselves, and a notice that flashes disturbs more than they do.
export const STALL_MS = 1500;

export class ProgressWatch {
  constructor() {
    this.reset(0);
  }

  reset(nowMs) {
    this.position = null;
    this.movedAtMs = nowMs;
  }

  // "frame" when the picture has moved since the last call, "stall" when it has stood still too
  // long, null in between.
  sample(position, nowMs) {
    const hasMoved = this.position !== null && position > this.position;
    if (this.position === null || position !== this.position) {
      this.position = position;
      this.movedAtMs = nowMs;
    }
    if (hasMoved) {
      return 'frame';
    }
    return nowMs - this.movedAtMs >= STALL_MS ? 'stall' : null;
  }
}

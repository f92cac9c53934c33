// SPDX-License-Identifier: Apache-2.0
//
// How far behind the seller the picture is: the server's clock now, less the PROGRAM-DATE-TIME of
// the frame on screen.

// Beyond these something else is wrong than the delay, and no figure is better than a false one.
const MIN_MS = -1500;
const MAX_MS = 10 * 60 * 1000;

// A step larger than this is a seek or a stall and shown at once; smaller ones are smoothed.
const JUMP_MS = 1500;
const SMOOTHING = 0.25;

export class LatencyMeter {
  constructor() {
    this.valueMs = null;
  }

  reset() {
    this.valueMs = null;
  }

  // `playingDate` and `serverNow` in milliseconds since 1970; either may be null.
  sample(playingDate, serverNow) {
    const latency = serverNow === null || playingDate === null ? NaN : serverNow - playingDate;
    if (!(latency >= MIN_MS && latency <= MAX_MS)) {
      this.valueMs = null;
    } else if (this.valueMs === null || Math.abs(latency - this.valueMs) > JUMP_MS) {
      this.valueMs = latency;
    } else {
      this.valueMs += (latency - this.valueMs) * SMOOTHING;
    }
    return this.valueMs;
  }
}

// "1.2", or "1,2" in Vietnamese; whole seconds from ten on.
export function formatSeconds(latencyMs, language) {
  const seconds = Math.max(0, latencyMs) / 1000;
  const digits = seconds < 9.95 ? 1 : 0;
  return seconds.toLocaleString(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  });
}

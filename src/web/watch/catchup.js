// SPDX-License-Identifier: Apache-2.0
//
// When to give up the place in the stream and join anew at the live edge. hls.js plays up to a
// tenth faster while it is less than about a target duration late; what is later than that would
// stay late for ever.
//
// Joining anew beats seeking: after an outage hls.js first loads every segment that was missed,
// which a thin line cannot afford, and a seek from whole segments back to parts can leave it
// waiting for seconds.

const MARGIN_S = 1;
const FAR_S = 4;
const PATIENCE_MS = 3000;
const MIN_AGE_MS = 10000;

export class CatchUp {
  // For a player that was started at `startedAtMs`.
  constructor(startedAtMs) {
    this.startedAtMs = startedAtMs;
    this.lateSinceMs = null;
  }

  // `late`: seconds of media listed beyond the picture, less the hold-back that is wanted.
  shouldJoinAnew(late, targetDuration, nowMs) {
    if (late <= targetDuration + MARGIN_S) {
      this.lateSinceMs = null;
      return false;
    }
    if (this.lateSinceMs === null) {
      this.lateSinceMs = nowMs;
    }
    const isPatient = late < targetDuration + FAR_S && nowMs - this.lateSinceMs < PATIENCE_MS;
    return !isPatient && nowMs - this.startedAtMs >= MIN_AGE_MS;
  }
}

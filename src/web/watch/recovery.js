// SPDX-License-Identifier: Apache-2.0
//
// What to do about a fatal error of hls.js, which has stopped by itself then: "reload" (load on,
// after a pause), "recover" (a fresh media source), "unsupported", or "fail": a new player.

const CODEC_ERRORS = ['manifestIncompatibleCodecsError', 'bufferAddCodecError',
  'bufferIncompatibleCodecsError'];

const MEDIA_WINDOW_MS = 10000;
const RELOADS_MAX = 4;

export class Recovery {
  constructor() {
    this.recoveredAtMs = -Infinity;
    this.reloads = 0;
  }

  // A playlist has come: the line is good again.
  loaded() {
    this.reloads = 0;
  }

  decide({ type, details }, nowMs) {
    if (CODEC_ERRORS.includes(details)) {
      return 'unsupported';
    }
    if (type === 'mediaError') {
      return this.#decideMedia(nowMs);
    }
    // Without a multivariant playlist there is nothing yet that could be loaded on.
    if (type === 'networkError' && !details.startsWith('manifest')) {
      this.reloads += 1;
      return this.reloads <= RELOADS_MAX ? 'reload' : 'fail';
    }
    return 'fail';
  }

  #decideMedia(nowMs) {
    const isFirst = nowMs - this.recoveredAtMs > MEDIA_WINDOW_MS;
    this.recoveredAtMs = nowMs;
    return isFirst ? 'recover' : 'fail';
  }
}

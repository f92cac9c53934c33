// SPDX-License-Identifier: Apache-2.0
//
// The player for iPhones before iOS 17.1, which have no media source for scripts: the browser's
// own HLS.

export class NativePlayer {
  #video;
  #hooks;
  #isOpen = false;

  constructor(video, hooks) {
    this.#video = video;
    this.#hooks = hooks;
    video.addEventListener('error', () => this.#isOpen && hooks.onFailed());
    video.addEventListener('ended', () => this.#isOpen && hooks.onEnded());
    video.addEventListener('durationchange', () => this.#onDuration());
  }

  start(url) {
    this.#isOpen = true;
    this.#video.src = url;
    this.#video.load();
  }

  stop() {
    this.#isOpen = false;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  resume() {
    const { seekable } = this.#video;
    if (this.#isOpen && seekable.length > 0) {
      this.#video.currentTime = seekable.end(seekable.length - 1);
    }
  }

  get playingDate() {
    const start = this.#isOpen && this.#video.getStartDate ? this.#video.getStartDate() : null;
    const startMs = start ? start.getTime() : NaN;
    return Number.isFinite(startMs) ? startMs + this.#video.currentTime * 1000 : null;
  }

  get ahead() {
    return null;
  }

  tick() {}

  // A live stream has no length. One that has, before anything was played, is over.
  #onDuration() {
    if (this.#isOpen && Number.isFinite(this.#video.duration) && this.#video.currentTime === 0) {
      this.#hooks.onEnded();
    }
  }
}

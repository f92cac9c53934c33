// SPDX-License-Identifier: Apache-2.0
//
// What the browser's own HLS reads, and other players that do as it does: cues in text tracks of
// kind "metadata". ID3 is a cue with value { key: "TXXX", info, data }; a date range is as many
// cues as it has attributes, each { key: "X-...", data }.
//
// activeCues is never asked: Safari 26.0 left cues in it that were over, and cues without length
// are never in it. All cues are looked through, and each is taken once.

import { SCHEME } from './message.js';

const DATE_RANGE = 'com.apple.quicktime.HLS';

// Long streams gather cues; new ones come at the end, or near it.
const LOOKED_AT_MAX = 600;

export class TrackSource {
  #video;
  #hooks;
  #tracks = new Set();
  #taken = new WeakSet();

  // hooks: onText(text, time), onRanges(ranges), onRestart()
  constructor(video, hooks) {
    this.#video = video;
    this.#hooks = hooks;
    video.addEventListener('emptied', hooks.onRestart);
    this.#list.addEventListener('addtrack', this.scan);
    this.scan();
  }

  close() {
    this.#video.removeEventListener('emptied', this.#hooks.onRestart);
    this.#list.removeEventListener('addtrack', this.scan);
    this.#tracks.forEach((track) => track.removeEventListener('cuechange', this.scan));
  }

  get playingDate() {
    const start = this.#video.getStartDate ? this.#video.getStartDate() : null;
    const startMs = start ? start.getTime() : NaN;
    return Number.isFinite(startMs) ? startMs + this.#video.currentTime * 1000 : null;
  }

  // Takes in what has come.
  scan = () => {
    for (let i = 0; i < this.#list.length; i += 1) {
      if (this.#list[i].kind === 'metadata') {
        this.#open(this.#list[i]);
        this.#scanTrack(this.#list[i]);
      }
    }
  };

  get #list() {
    return this.#video.textTracks;
  }

  // Cues of a disabled track are not read at all.
  #open(track) {
    if (track.mode === 'disabled') {
      track.mode = 'hidden';
    }
    if (!this.#tracks.has(track)) {
      this.#tracks.add(track);
      track.addEventListener('cuechange', this.scan);
    }
  }

  #scanTrack({ cues }) {
    const ranges = new Map();
    const length = cues ? cues.length : 0;
    for (let i = Math.max(0, length - LOOKED_AT_MAX); i < length; i += 1) {
      const cue = cues[i];
      const { key, info, data } = cue.value || {};
      if (cue.type === DATE_RANGE) {
        this.#gather(ranges, cue, key, data);
      } else if (key === 'TXXX' && info === SCHEME && !this.#taken.has(cue)) {
        this.#taken.add(cue);
        this.#hooks.onText(data, cue.startTime);
      }
    }
    if (ranges.size > 0) {
      this.#hooks.onRanges([...ranges.values()]);
    }
  }

  #gather(ranges, { id, startTime, endTime }, key, data) {
    const name = id || String(startTime);
    const range = ranges.get(name) || { id: name, attributes: {}, start: startTime, end: endTime };
    range.attributes[key] = data;
    ranges.set(name, range);
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What hls.js (1.x, also its light build) reads: ID3 from emsg boxes and MPEG-TS, and date ranges.
// Its events go by name, so that whichever copy of hls.js a page has will do.

import { readUserTexts } from './id3.js';
import { SCHEME } from './message.js';
import { CLASS } from './ranges.js';

const METADATA = 'hlsFragParsingMetadata';
const UPDATED = 'hlsLevelUpdated';
const LOADING = 'hlsManifestLoading';
const DESTROYING = 'hlsDestroying';

function readRanges({ dateRanges = {} }) {
  return Object.keys(dateRanges).map((id) => dateRanges[id])
    .filter((range) => range.class === CLASS && range.isValid)
    .map((range) => ({
      id: range.id,
      attributes: range.attr,
      start: range.startTime,
      end: range.duration === null ? Infinity : range.startTime + range.duration,
    }));
}

export class HlsSource {
  #hls;
  #hooks;

  // hooks: onText(text, time), onRanges(ranges), onRestart(), onGone()
  constructor(hls, hooks) {
    this.#hls = hls;
    this.#hooks = hooks;
    hls.on(METADATA, this.#onMetadata);
    hls.on(UPDATED, this.#onUpdated);
    hls.on(LOADING, hooks.onRestart);
    hls.on(DESTROYING, hooks.onGone);
    if (hls.latestLevelDetails) {
      hooks.onRanges(readRanges(hls.latestLevelDetails));
    }
  }

  close() {
    this.#hls.off(METADATA, this.#onMetadata);
    this.#hls.off(UPDATED, this.#onUpdated);
    this.#hls.off(LOADING, this.#hooks.onRestart);
    this.#hls.off(DESTROYING, this.#hooks.onGone);
  }

  // The date of the picture, in milliseconds since 1970, or null.
  get playingDate() {
    const date = this.#hls.playingDate;
    return date ? date.getTime() : null;
  }

  // hls.js has its metadata read by the time that it is asked for.
  scan() {}

  #onMetadata = (_, { samples }) => {
    for (const { data, pts } of samples) {
      for (const { description, value } of readUserTexts(data)) {
        if (description === SCHEME) {
          this.#hooks.onText(value, pts);
        }
      }
    }
  };

  #onUpdated = (_, { details }) => this.#hooks.onRanges(readRanges(details));
}

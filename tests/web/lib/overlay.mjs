// SPDX-License-Identifier: Apache-2.0
//
// What the overlay is tested with: messages and the tags that carry them, a video without a
// picture, and an hls.js that says what it is told to.

import { EventEmitter } from 'node:events';

// Node 18 has none.
globalThis.CustomEvent = globalThis.CustomEvent || class CustomEvent extends Event {
  constructor(type, { detail }) {
    super(type);
    this.detail = detail;
  }
};

const syncsafe = (n) => [n >> 21 & 0x7f, n >> 14 & 0x7f, n >> 7 & 0x7f, n & 0x7f];
const plain = (n) => [n >> 24 & 0xff, n >> 16 & 0xff, n >> 8 & 0xff, n & 0xff];

export function makeFrame(id, body, version = 4) {
  const size = version === 4 ? syncsafe(body.length) : plain(body.length);
  return [...Buffer.from(id, 'latin1'), ...size, 0, 0, ...body];
}

export function makeTag(frames, version = 4) {
  const body = frames.flat();
  return Uint8Array.from([...Buffer.from('ID3'), version, 0, 0, ...syncsafe(body.length),
    ...body]);
}

// A tag with one user text, as phien writes them.
export function makeTextTag(description, value) {
  return makeTag([makeFrame('TXXX',
    [3, ...Buffer.from(description), 0, ...Buffer.from(value)])]);
}

export const PLUM = { sku: 'MAN', title: 'Mận hậu', price: 45000, currency: 'VND', stock: 12 };
export const CLOTH = { sku: 'VAI', title: 'Thổ cẩm', price: 1250000, currency: 'VND', stock: 3 };

export function say(members) {
  return JSON.stringify({ v: 'phien.overlay/1', ...members });
}

// As much of a video element as is asked for.
export class FakeVideo extends EventTarget {
  constructor() {
    super();
    this.currentTime = 0;
    this.readyState = 4;
    this.paused = false;
    this.playbackRate = 1;
    this.textTracks = new EventTarget();
    this.textTracks.length = 0;
    this.start = null;
  }

  // Plays on to that time, and says so.
  playTo(time) {
    this.currentTime = time;
    this.dispatchEvent(new Event('timeupdate'));
  }

  getStartDate() {
    return new Date(this.start === null ? NaN : this.start);
  }

  addTrack(kind = 'metadata') {
    const track = new EventTarget();
    Object.assign(track, { kind, mode: 'disabled', cues: [] });
    this.textTracks[this.textTracks.length] = track;
    this.textTracks.length += 1;
    this.textTracks.dispatchEvent(new Event('addtrack'));
    return track;
  }
}

// The Hls of hls.js, as far as the overlay listens to it.
export class FakeHls extends EventEmitter {
  constructor() {
    super();
    this.playingDate = null;
    this.latestLevelDetails = null;
  }

  emitTag(data, pts) {
    this.emit('hlsFragParsingMetadata', 'hlsFragParsingMetadata',
      { samples: [{ data, pts, dts: pts, type: 'https://aomedia.org/emsg/ID3' }] });
  }

  // A message of the overlay at that time of the video's clock.
  emitMessage(members, pts) {
    this.emitTag(makeTextTag('phien.overlay', say(members)), pts);
  }

  emitRanges(ranges) {
    const dateRanges = Object.fromEntries(ranges.map((range) => [range.id, range]));
    this.emit('hlsLevelUpdated', 'hlsLevelUpdated', { details: { dateRanges } });
  }
}

// A date range as hls.js has it.
export function makeRange(id, startTime, duration, attributes = {}) {
  return {
    id,
    class: 'vn.phien.card',
    isValid: true,
    startTime,
    duration,
    attr: { ID: id, CLASS: 'vn.phien.card', 'START-DATE': '2026-11-22T01:00:00.000Z',
      'X-SKU': 'MAN', 'X-TITLE': 'Mận hậu', 'X-PRICE': '45000', 'X-CURRENCY': 'VND',
      ...attributes },
  };
}

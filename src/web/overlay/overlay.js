// SPDX-License-Identifier: Apache-2.0
//
// The overlay of one video: takes in what the stream and the server say, and shows it when it is
// its time. The stream is right about when: viewers are seconds behind. The server is right about
// how many are left, and stands in where the stream says nothing.

import { Board, RANK } from './board.js';
import { ServerClock } from './clock.js';
import { Feed } from './feed.js';
import { HlsSource } from './hls-source.js';
import { placesOf } from './links.js';
import { readMessage } from './message.js';
import { changesOfRanges } from './ranges.js';
import { Timeline } from './timeline.js';
import { TrackSource } from './track-source.js';

// The same comes in the stream, sooner and to the frame, if it comes at all.
const RANGE_GRACE_S = 0.5;
const SERVER_GRACE_MS = 1000;

// How far a picture without a date is taken to be behind.
const UNDATED_MS = 5000;

const WAITING_MAX = 64;

// Later things are found by timeupdate, which comes a few times a second.
const TIMER_S = 1;

const HAVE_CURRENT_DATA = 2;

const VIDEO_EVENTS = ['timeupdate', 'playing', 'seeked', 'ratechange'];

// Safari before version 14 has no constructor for what any node is.
function makeEventTarget() {
  try {
    return new EventTarget();
  } catch (_) {
    return document.createDocumentFragment();
  }
}

function entriesOf({ seq, rev, card, shelf }, rank) {
  const entries = [];
  if (card !== undefined) {
    entries.push({ kind: 'card', seq, rank, value: card });
  }
  if (shelf) {
    entries.push({ kind: 'shelf', seq: rev, rank, value: shelf });
  }
  return entries;
}

export class Overlay {
  #video;
  #events = makeEventTarget();
  #board = new Board((kind) => this.#fire(kind));
  #timeline = new Timeline();
  #ranges = new Set(); // keys of their changes that are on the timeline
  #waiting = []; // what the server has said and the picture has not reached
  #clock = new ServerClock();
  #source = null;
  #feed = null;
  #timer = null;
  #language;
  #askNow;

  // hls: an Hls of hls.js, or nothing for the browser's own. channel: "https://HOST/live/NAME/",
  // without which the stream alone is heard. now(): the server's clock, where the page knows it.
  constructor(video, { hls = null, channel = null, language = 'vi', now = () => null } = {}) {
    const { root, api } = placesOf(channel, typeof location === 'object' ? location.href : null);
    this.root = root;
    this.#video = video;
    this.#language = language;
    this.#askNow = now;
    VIDEO_EVENTS.forEach((type) => video.addEventListener(type, this.#look));
    this.follow(hls);
    if (api) {
      this.#feed = new Feed(api, {
        onMessage: (text) => this.#onServer(text),
        onAnswer: (date, sentMs, receivedMs) => this.#clock.observe(date, sentMs, receivedMs),
      });
      this.#listenToPage(true);
      this.#onVisibility();
    }
  }

  // The card that is shown, or null, and the products of the shelf.
  get card() {
    return this.#board.card;
  }

  get shelf() {
    return this.#board.shelf;
  }

  get language() {
    return this.#language;
  }

  set language(language) {
    this.#language = language;
    this.#fire('language');
  }

  // "card" and "shelf", with the same in their `detail`.
  addEventListener(type, listener, options) {
    this.#events.addEventListener(type, listener, options);
  }

  removeEventListener(type, listener, options) {
    this.#events.removeEventListener(type, listener, options);
  }

  // The server's clock, in milliseconds since 1970, or the device's until that is known.
  now() {
    const now = this.#serverNow();
    return now === null ? Date.now() : now;
  }

  // From now on the video is fed by this Hls, or by the browser itself.
  follow(hls) {
    if (this.#source) {
      this.#source.close();
    }
    this.#restart();
    const hooks = {
      onText: (text, time) => this.#onStream(text, time),
      onRanges: (ranges) => this.#onRanges(ranges),
      onRestart: () => this.#restart(),
      onGone: () => this.follow(null),
    };
    this.#source = null;
    this.#source = hls ? new HlsSource(hls, hooks) : new TrackSource(this.#video, hooks);
  }

  detach() {
    VIDEO_EVENTS.forEach((type) => this.#video.removeEventListener(type, this.#look));
    this.#source.close();
    clearTimeout(this.#timer);
    if (this.#feed) {
      this.#listenToPage(false);
      this.#feed.close();
    }
    this.#fire('detach');
  }

  #serverNow() {
    const now = this.#askNow();
    return now === null ? this.#clock.now(performance.now()) : now;
  }

  #fire(type) {
    const detail = type === 'card' || type === 'shelf' ? this[type] : null;
    this.#events.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #listenToPage(isListening) {
    if (typeof document === 'object') {
      document[isListening ? 'addEventListener' : 'removeEventListener']('visibilitychange',
        this.#onVisibility);
    }
  }

  // Browsers open six connections to a server for all of their pages; one that nobody sees gives
  // its own back.
  #onVisibility = () => {
    if (typeof document === 'object' && document.hidden) {
      this.#feed.close();
    } else {
      this.#feed.open();
    }
  };

  #restart() {
    this.#timeline.clear();
    this.#ranges.clear();
  }

  #onStream(text, time) {
    const message = readMessage(text);
    if (message) {
      this.#board.learn(message, RANK.STREAM);
      entriesOf(message, RANK.STREAM).forEach((entry) => this.#timeline.add(time, entry));
      this.#check();
    }
  }

  // Playlists repeat their ranges again and again.
  #onRanges(ranges) {
    for (const { key, time, seq, card } of changesOfRanges(ranges)) {
      if (!this.#ranges.has(key)) {
        this.#ranges.add(key);
        this.#timeline.add(time + RANGE_GRACE_S,
          { kind: 'card', seq, rank: card ? RANK.RANGE : RANK.END, value: card });
      }
    }
  }

  #onServer(text) {
    const message = readMessage(text);
    if (!message) {
      return;
    }
    this.#board.learn(message, RANK.SERVER);
    for (const entry of entriesOf(message, RANK.SERVER)) {
      if (entry.kind === 'shelf' && this.#board.seq('shelf') < 0) {
        this.#show([entry]);
      } else {
        this.#waiting.push({ entry, dateMs: this.#dateOf(entry), sinceMs: performance.now() });
      }
    }
    this.#waiting.splice(0, this.#waiting.length - WAITING_MAX);
    this.#check();
  }

  // When what the server says began, or null. Whoever has just come may have missed it in the
  // stream.
  #dateOf({ kind, value }) {
    const shownAt = kind === 'card' && value && this.#board.seq('card') < 0
      ? Date.parse(value.shown_at) : NaN;
    return Number.isFinite(shownAt) ? shownAt : this.#serverNow();
  }

  #look = () => {
    this.#source.scan();
    this.#check();
  };

  // Shows what the picture has reached.
  #check() {
    const { readyState, currentTime } = this.#video;
    if (readyState < HAVE_CURRENT_DATA) {
      return;
    }
    this.#show([...this.#timeline.take(currentTime), ...this.#takeWaiting()]);
    this.#setTimer();
  }

  #takeWaiting() {
    const date = this.#source ? this.#source.playingDate : null;
    const now = performance.now();
    const isDue = ({ dateMs, sinceMs }) => (date === null || dateMs === null
      ? now >= sinceMs + UNDATED_MS : date >= dateMs + SERVER_GRACE_MS);
    const due = this.#waiting.filter(isDue);
    this.#waiting = this.#waiting.filter((waiting) => !due.includes(waiting));
    return due.map(({ entry }) => entry);
  }

  // What lies between the first and the last of them is over before it was seen.
  #show(entries) {
    entries.forEach(({ kind, seq, rank, value }) => this.#board.show(kind, seq, rank, value));
    this.#board.refresh();
  }

  #setTimer() {
    clearTimeout(this.#timer);
    const { currentTime, paused, playbackRate } = this.#video;
    const left = this.#timeline.next - currentTime;
    if (!paused && left < TIMER_S) {
      this.#timer = setTimeout(() => this.#check(), Math.max(1, left * 1000 / playbackRate));
    }
  }
}

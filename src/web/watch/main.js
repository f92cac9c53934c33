// SPDX-License-Identifier: Apache-2.0
//
// The watch page: asks about the channel, feeds what happens to the state machine, and does what
// it says.

import { ServerClock } from '../overlay/clock.js';
import { attach } from '../overlay/phien-overlay.js';
import { channelUrl, parseChannelName, playlistUrl } from './channel.js';
import { chooseLanguage, otherLanguage } from './i18n.js';
import { askInfo, InfoPoller } from './info.js';
import { LatencyMeter } from './latency.js';
import { createPlayer } from './player.js';
import { ProgressWatch } from './progress.js';
import { initialModel, pollDelayMs, step } from './state.js';
import { View } from './view.js';

const TICK_MS = 500;

// A timer that comes this late has slept with the phone.
const SLEPT_MS = 5000;

const LANGUAGE_KEY = 'phien.language';

// Storage may be forbidden, and then the choice lasts as long as the page.
function readSaved(key) {
  try {
    return localStorage.getItem(key);
  } catch (_) {
    return null;
  }
}

function save(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch (_) {
    // Nothing is lost but the memory of it.
  }
}

class WatchPage {
  #name = parseChannelName(location.pathname);
  #clock = new ServerClock();
  #latency = new LatencyMeter();
  #progress = new ProgressWatch();
  #model = initialModel(performance.now());
  #tickedAtMs = performance.now();
  #view;
  #video;
  #player;
  #overlay;
  #poller;
  #isAway = false;
  #isUnsure = false; // whose picture it is that moves again

  constructor() {
    const preferred = navigator.languages || [navigator.language];
    const language = chooseLanguage(readSaved(LANGUAGE_KEY), preferred);
    this.#view = new View(this.#name, language);
    this.#video = this.#view.video;
    this.#player = createPlayer(this.#video, {
      onFailed: () => this.#send({ type: 'failed' }),
      onLate: () => this.#send({ type: 'late' }),
      onEnded: () => this.#send({ type: 'ended' }),
      onUnsupported: () => this.#send({ type: 'unsupported' }),
      onAnswer: (date, sentMs, receivedMs) => this.#clock.observe(date, sentMs, receivedMs),
      onHls: (hls) => this.#overlay.follow(hls),
    });
    this.#overlay = attach(this.#video, {
      channel: this.#name && channelUrl(this.#name),
      draw: document.getElementById('stage'),
      language,
      now: () => this.#clock.now(performance.now()),
    });
    this.#poller = new InfoPoller(() => this.#ask(),
      () => pollDelayMs(this.#model.state, this.#isAway || this.#isUnsure, Math.random()));
    this.#listenToViewer();
    this.#listenToPage();
    this.#listenToVideo();
  }

  open() {
    if (this.#name === null) {
      this.#send({ type: 'unknown' });
      return;
    }
    this.#poller.poll();
    setInterval(() => this.#tick(), TICK_MS);
  }

  async #ask() {
    // Nobody looks: waking asks at once.
    if (document.hidden) {
      return;
    }
    const answer = await askInfo(this.#name,
      (date, sentMs, receivedMs) => this.#clock.observe(date, sentMs, receivedMs));
    if (answer.type === 'info') {
      this.#view.setTitle(answer.title);
      this.#isAway = answer.away;
      this.#isUnsure = false;
      this.#view.setAway(answer.away);
    }
    this.#send(answer);
  }

  #send(event) {
    const before = this.#model.state;
    const { model, effects } = step(this.#model, { ...event, now: performance.now() });
    this.#model = model;
    for (const effect of effects) {
      this.#perform(effect);
    }
    if (model.state !== before) {
      this.#onStateChanged(before);
    }
  }

  #onStateChanged(before) {
    const { state } = this.#model;
    this.#isUnsure = before === 'reconnecting' && state === 'playing';
    if (state === 'playing') {
      this.#view.showPicture();
    } else if (state !== 'reconnecting' && state !== 'asleep') {
      this.#view.dropPicture();
    }
    this.#latency.reset();
    this.#view.setLatency(null);
    this.#view.setState(state);
    this.#poller.reschedule();
  }

  #perform(effect) {
    switch (effect) {
      case 'start':
        this.#start();
        break;
      case 'stop':
        this.#view.keepStill();
        this.#player.stop();
        break;
      case 'resume':
        this.#player.resume();
        this.#play();
        break;
      case 'poll':
        this.#poller.poll();
        break;
    }
  }

  #start() {
    if (!this.#player) {
      this.#send({ type: 'unsupported' });
      return;
    }
    this.#view.keepStill();
    this.#progress.reset(performance.now());
    this.#player.start(playlistUrl(this.#name));
    this.#play();
  }

  // Browsers let a muted video start by itself. What had sound before may have to give it up.
  async #play() {
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name !== 'NotAllowedError') {
        return;
      }
      if (this.#video.muted) {
        this.#send({ type: 'blocked' });
      } else {
        this.#video.muted = true;
        this.#play();
      }
    }
  }

  #tick() {
    const now = performance.now();
    const hasSlept = now - this.#tickedAtMs > SLEPT_MS;
    this.#tickedAtMs = now;
    if (hasSlept && !document.hidden) {
      this.#wake();
    }
    this.#send({ type: 'tick', ahead: this.#player ? this.#player.ahead : null });
    if (document.hidden || !this.#player) {
      return;
    }
    const movement = this.#progress.sample(this.#video.currentTime, now);
    if (movement) {
      this.#send({ type: movement });
    }
    this.#player.tick(now);
    if (this.#model.state === 'playing') {
      const playingDate = this.#player.playingDate;
      this.#view.setLatency(this.#latency.sample(playingDate, this.#clock.now(now)));
    }
  }

  #wake() {
    this.#progress.reset(performance.now());
    this.#send({ type: 'wake' });
  }

  #setMuted(muted) {
    this.#video.muted = muted;
    if (!muted) {
      this.#video.volume = 1;
    }
    this.#play();
  }

  #listenToViewer() {
    const on = (id, action) => document.getElementById(id).addEventListener('click', action);
    on('mute', () => this.#setMuted(!this.#video.muted));
    on('sound', () => this.#setMuted(false));
    on('fullscreen', () => this.#view.toggleFullscreen());
    on('language', () => {
      const language = otherLanguage(this.#view.language);
      save(LANGUAGE_KEY, language);
      this.#view.setLanguage(language);
      this.#overlay.language = language;
    });
    on('play', () => this.#send({ type: 'tap' }));
    on('video', () => {
      if (this.#model.state === 'blocked') {
        this.#send({ type: 'tap' });
      } else if (this.#video.muted) {
        this.#setMuted(false);
      }
    });
  }

  #listenToPage() {
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) {
        this.#send({ type: 'hidden', audible: !this.#video.muted });
      } else {
        this.#wake();
      }
    });
    document.addEventListener('fullscreenchange', () => this.#view.render());
    window.addEventListener('pageshow', ({ persisted }) => persisted && this.#wake());
    window.addEventListener('online', () => this.#wake());
  }

  #listenToVideo() {
    this.#video.addEventListener('volumechange', () => this.#view.render());
    this.#video.addEventListener('resize', () => {
      if (this.#model.state === 'playing') {
        this.#view.showPicture();
      }
    });
    // The system pauses for a phone call or when headphones are pulled out, and then the viewer
    // says when to go on.
    this.#video.addEventListener('pause', () => {
      if (!document.hidden && !this.#video.ended && this.#model.state === 'playing') {
        this.#send({ type: 'blocked' });
      }
    });
    // iPhones also pause on leaving the full screen, which nobody asks for.
    this.#video.addEventListener('webkitendfullscreen', () => this.#play());
  }
}

new WatchPage().open();

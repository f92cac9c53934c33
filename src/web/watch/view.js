// SPDX-License-Identifier: Apache-2.0
//
// The page's face: writes into the document what the others know. All text goes in as text, so a
// title can hold what it likes.

import { cleanTitle } from './channel.js';
import { otherLanguage, translate } from './i18n.js';
import { formatSeconds } from './latency.js';

const byId = (id) => document.getElementById(id);

// Writing the same text again would make screen readers say it again.
function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

const HINTS = {
  waiting: 'waitingHint',
  offline: 'offlineHint',
  unknown: 'unknownHint',
  unsupported: 'unsupportedHint',
};

const PLAYING = ['playing', 'reconnecting'];

export class View {
  #language;
  #name;
  #title = '';
  #state = 'loading';
  #isAway = false;
  #latencyMs = null;

  constructor(name, language) {
    this.video = byId('video');
    this.#name = name;
    this.#language = language;
    this.render();
  }

  get language() {
    return this.#language;
  }

  setLanguage(language) {
    this.#language = language;
    this.render();
  }

  setTitle(title) {
    this.#title = title;
    this.render();
  }

  // Whether what plays is the picture that stands in for the seller.
  setAway(isAway) {
    this.#isAway = isAway;
    this.#renderBadge();
  }

  setState(state) {
    this.#state = state;
    this.render();
  }

  setLatency(latencyMs) {
    this.#latencyMs = latencyMs;
    this.#renderBadge();
  }

  // The last picture, kept on screen while a new player starts.
  keepStill() {
    const { video } = this;
    if (video.readyState < 2 || video.videoWidth === 0) {
      return;
    }
    const still = byId('still');
    still.width = video.videoWidth;
    still.height = video.videoHeight;
    still.getContext('2d').drawImage(video, 0, 0);
  }

  // Phones are turned in the middle of a stream, so this follows each change of size.
  showPicture() {
    const { videoWidth, videoHeight } = this.video;
    if (videoWidth > 0) {
      document.body.dataset.picture = videoWidth > videoHeight ? 'wide' : 'tall';
    }
  }

  dropPicture() {
    delete document.body.dataset.picture;
    const still = byId('still');
    still.width = 0;
    still.height = 0;
  }

  render() {
    const state = this.#state;
    const title = cleanTitle(this.#title, this.#name);
    document.documentElement.lang = this.#language;
    document.body.dataset.state = state;
    document.title = `${state === 'playing' ? '● ' : ''}${title || 'Phiên chợ'}`;
    setText(byId('title'), title);
    this.video.setAttribute('aria-label', this.#say('video', { title }));
    this.#renderNotice(state);
    this.#renderButtons(state);
    this.#renderBadge();
  }

  #say(key, values) {
    return translate(this.#language, key, values);
  }

  #renderNotice(state) {
    // A page that is blocked says it on the button.
    const isSilent = ['playing', 'asleep', 'blocked'].includes(state);
    setText(byId('notice-title'), isSilent ? '' : this.#say(`${state}Title`));
    setText(byId('notice-hint'), HINTS[state] ? this.#say(HINTS[state]) : '');
  }

  #renderButtons(state) {
    const isPlaying = PLAYING.includes(state);
    const { muted } = this.video;
    const other = this.#say('otherLanguage');
    setText(byId('language'), other);
    byId('language').lang = otherLanguage(this.#language);

    byId('play').hidden = state !== 'blocked';
    setText(byId('play').querySelector('span'), this.#say('blockedTitle'));
    byId('sound').hidden = !(state === 'playing' && muted);
    setText(byId('sound').querySelector('span'), this.#say('tapForSound'));

    const mute = byId('mute');
    mute.hidden = !isPlaying;
    mute.toggleAttribute('data-muted', muted);
    this.#label(mute, muted ? 'unmute' : 'mute');

    const fullscreen = byId('fullscreen');
    fullscreen.hidden = !isPlaying || !this.canFullscreen;
    this.#label(fullscreen, document.fullscreenElement ? 'exitFullscreen' : 'fullscreen');
  }

  #label(button, key) {
    const text = this.#say(key);
    button.setAttribute('aria-label', text);
    button.title = text;
  }

  #renderBadge() {
    const isLive = this.#state === 'playing';
    byId('badge').hidden = !isLive;
    byId('badge').toggleAttribute('data-away', this.#isAway);
    setText(byId('live'), this.#say(this.#isAway ? 'away' : 'live'));
    setText(byId('behind'), this.#latencyMs === null ? '' : this.#say('behind', {
      seconds: formatSeconds(this.#latencyMs, this.#language),
    }));
  }

  get canFullscreen() {
    return Boolean(document.fullscreenEnabled || this.video.webkitEnterFullscreen);
  }

  // iPhones only give the video the whole screen; everybody else gets the badge along with it.
  toggleFullscreen() {
    if (document.fullscreenElement) {
      document.exitFullscreen();
    } else if (document.fullscreenEnabled) {
      byId('stage').requestFullscreen().catch(() => {});
    } else {
      this.video.webkitEnterFullscreen();
    }
  }
}

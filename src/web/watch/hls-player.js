// SPDX-License-Identifier: Apache-2.0
//
// The player for every browser with MSE or ManagedMediaSource. Chrome's own HLS is left alone: it
// says "maybe", stalls at discontinuities and knows no parts.

import { CatchUp } from './catchup.js';
import { rememberParts } from './parts.js';
import { Recovery } from './recovery.js';

const RELOAD_DELAY_MS = 1000;
const TAIL_GRACE_MS = 3000;

function loadPolicy(firstByteMs, retries) {
  return {
    default: {
      maxTimeToFirstByteMs: firstByteMs,
      maxLoadTimeMs: 20000,
      timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: { maxNumRetry: retries, retryDelayMs: 500, maxRetryDelayMs: 4000 },
    },
  };
}

const CONFIG = {
  lowLatencyMode: true,
  maxLiveSyncPlaybackRate: 1.1,
  liveSyncOnStallIncrease: 0.5,
  // fMP4 passes through unchanged: a worker would only cost memory and a start-up delay.
  enableWorker: false,
  // Cheap phones have 2 GB for everything: a few seconds either side of the live edge are plenty.
  maxBufferLength: 12,
  maxMaxBufferLength: 20,
  maxBufferSize: 15e6,
  backBufferLength: 6,
  // The overlay hears of metadata by events; nobody reads the cues that would be made of it.
  enableID3MetadataCues: false,
  enableEmsgMetadataCues: false,
  enableDateRangeMetadataCues: false,
  manifestLoadPolicy: loadPolicy(8000, 1),
  // Longer than the server ever holds a blocking reload.
  playlistLoadPolicy: loadPolicy(12000, 4),
  fragLoadPolicy: loadPolicy(8000, 4),
};

let imports = 0;

// HLS_URL is put in by build.mjs. Browsers remember a failed import, so that a retry needs another
// URL for the same file.
async function importHls() {
  imports += 1;
  const { default: Hls } = await import(imports === 1 ? HLS_URL : `${HLS_URL}?again=${imports}`);
  return Hls;
}

export class HlsPlayer {
  #video;
  #hooks;
  #Hls = null;
  #hls = null;
  #generation = 0;
  #timers = new Set();
  #recovery = null;
  #catchUp = null;
  #hasShown = false;
  #isEnding = false;

  // hooks: onFailed(), onLate(), onEnded(), onUnsupported(), onHls(hls or null),
  //        onAnswer(dateHeader, sentMs, receivedMs)
  constructor(video, hooks) {
    this.#video = video;
    this.#hooks = hooks;
    video.addEventListener('playing', () => {
      this.#hasShown = true;
    });
    video.addEventListener('ended', () => {
      if (this.#hls) {
        hooks.onEnded();
      }
    });
  }

  async start(url) {
    this.stop();
    const generation = this.#generation;
    try {
      this.#Hls = this.#Hls || await importHls();
    } catch (_) {
      if (generation === this.#generation) {
        this.#hooks.onFailed();
      }
      return;
    }
    // stop() or another start() may have come while the script was loading.
    if (generation === this.#generation) {
      this.#open(url);
    }
  }

  #open(url) {
    const { Events } = this.#Hls;
    const hls = new this.#Hls(CONFIG);
    this.#hls = hls;
    this.#recovery = new Recovery();
    this.#catchUp = new CatchUp(performance.now());
    this.#hasShown = false;
    this.#isEnding = false;
    hls.on(Events.ERROR, (_, data) => this.#onError(data));
    hls.on(Events.LEVEL_LOADED, (_, data) => this.#onPlaylist(data));
    hls.on(Events.FRAG_LOADED, (_, data) => this.#onAnswer(data, (data.part || data.frag).stats));
    hls.on(Events.FRAG_BUFFERED, (_, { part }) => {
      const details = part && hls.latestLevelDetails;
      if (details) {
        rememberParts(details.partList, part, this.#video.buffered);
      }
    });
    this.#hooks.onHls(hls);
    hls.loadSource(url);
    hls.attachMedia(this.#video);
  }

  stop() {
    this.#generation += 1;
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
    if (this.#hls) {
      const hls = this.#hls;
      this.#hls = null;
      this.#hooks.onHls(null);
      hls.destroy();
    }
  }

  // Back from the background: loads on, and the playlist tells whether the picture is late.
  resume() {
    if (this.#hls) {
      this.#hls.startLoad(-1);
    }
  }

  // What the frame on screen is dated, in milliseconds since 1970, or null.
  get playingDate() {
    const date = this.#hls && this.#hls.playingDate;
    return date ? date.getTime() : null;
  }

  // How many seconds of media the playlist lists beyond the picture, or null.
  get ahead() {
    const details = this.#hls && this.#hls.latestLevelDetails;
    return details ? details.edge - this.#video.currentTime : null;
  }

  tick(nowMs) {
    const hls = this.#hls;
    const details = hls && hls.latestLevelDetails;
    if (!details || !details.live || !this.#hasShown) {
      return;
    }
    const late = this.ahead - (hls.targetLatency || 0);
    if (this.#catchUp.shouldJoinAnew(late, details.targetduration, nowMs)) {
      this.#hooks.onLate();
    }
  }

  #after(delayMs, action) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }

  #onPlaylist({ details, stats, networkDetails }) {
    this.#onAnswer({ networkDetails }, stats);
    this.#recovery.loaded();
    if (details.live) {
      // hls.js is still at work on this playlist: not from within its event.
      this.#after(0, () => this.tick(performance.now()));
      return;
    }
    if (this.#isEnding) {
      return;
    }
    this.#isEnding = true;
    if (this.#video.readyState === 0) {
      // What has ended before it began is yesterday's market: not to be played from its start.
      this.#hooks.onEnded();
      return;
    }
    // "ended" comes when the tail is played out; should it not, the market closes all the same.
    const tailMs = Math.max(0, details.edge - this.#video.currentTime) * 1000;
    this.#after(tailMs + TAIL_GRACE_MS, () => this.#hooks.onEnded());
  }

  #onAnswer({ networkDetails }, stats) {
    const hasHeaders = networkDetails && typeof networkDetails.getResponseHeader === 'function';
    // An answer from a cache carries the date of its first use.
    if (!hasHeaders || networkDetails.getResponseHeader('Age')) {
      return;
    }
    const { start, first } = stats.loading;
    this.#hooks.onAnswer(networkDetails.getResponseHeader('Date'), start, first);
  }

  #onError({ fatal, type, details }) {
    if (!fatal || !this.#hls) {
      return;
    }
    const hls = this.#hls;
    switch (this.#recovery.decide({ type, details }, performance.now())) {
      case 'reload':
        this.#after(RELOAD_DELAY_MS, () => hls.startLoad(-1));
        break;
      case 'recover':
        hls.recoverMediaError();
        break;
      case 'unsupported':
        this.#hooks.onUnsupported();
        break;
      default:
        this.#hooks.onFailed();
    }
  }
}

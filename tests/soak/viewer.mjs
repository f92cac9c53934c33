// SPDX-License-Identifier: Apache-2.0
//
// Players without a picture. They fetch what real ones fetch, when they fetch it, and end playback
// over what real ones end it over; each such end is an entry in soak.fatal. When a stream is over
// they wait for the next, as a page does that is left open.

import { parseMedia } from '../e2e/lib/m3u8.mjs';
import { PlaylistChecker } from '../e2e/lib/conformance.mjs';
import { get, openConnections } from './http.mjs';
import { Follower, nextOf, partUri } from './playlist.mjs';

// More than that in a row, and players give up.
const SERVER_ERRORS_MAX = 3;

// How often somebody looks whether the stream has begun.
const WAIT_MS = 1500;

// A playlist that somebody had within this time is there for everybody.
const FRESH_MS = 2000;

// One viewer on one channel: from opening the page to closing it.
class Visit {
  constructor(soak, { channel, path, rules = null }) {
    Object.assign(this, { soak, channel, path, rules });
    this.url = soak.server.live(channel, path);
    // A player reads a playlist over one connection, so it never sees an older one afterwards.
    this.forPlaylists = openConnections(1);
    this.forMedia = openConnections(2);
    this.forHints = openConnections(1);
    this.#beginAnew();
  }

  #beginAnew() {
    this.follower = new Follower((what, text) => this.fail(what, text));
    this.checker = this.rules && new PlaylistChecker(this.path, this.rules);
    this.fetched = new Set();
    this.serverErrors = 0;
  }

  get playlist() {
    return this.follower.last;
  }

  fail(what, text) {
    this.soak.fail(what, `${this.url}: ${text}`);
  }

  // Whether somebody else watches the same just now.
  #isThereForOthers() {
    const { at, isEnded } = this.soak.newest.get(this.url) ?? { at: -Infinity };
    return !isEnded && performance.now() - at < FRESH_MS;
  }

  // True: there is a playlist that goes on. Until then a page waits; `isDone` says for how long.
  async begin(isDone) {
    for (let refusals = 0; !isDone();) {
      const { status, text } = await this.askPlaylist(this.url);
      const isNone = status !== 200;
      if (!isNone && !this.take(text).isEnded) {
        return true;
      }
      refusals = isNone && this.#isThereForOthers() ? refusals + 1 : 0;
      if (refusals > 2) {
        this.fail(`playlist ${status}`, 'though others have it');
        refusals = 0;
      }
      await this.soak.pause(WAIT_MS);
    }
    return false;
  }

  async askPlaylist(url) {
    this.askedAt = performance.now();
    const answer = await get(this.forPlaylists, url, { wantsText: true });
    this.soak.count('playlists', answer);
    return answer;
  }

  take(text) {
    const now = performance.now();
    // After its end a stream begins anew, with numbers that go on. It may have ended again since.
    if (this.playlist?.isEnded && text !== this.follower.text) {
      const before = this.playlist;
      this.#beginAnew();
      this.follower.last = { ...before, segments: [] };
    }
    const scan = this.follower.take(text, this.askedAt, now);
    if (this.checker && scan.skipped === 0) {
      this.#check(text);
    }
    this.soak.newest.set(this.url, { at: now, isEnded: scan.isEnded });
    return scan;
  }

  #check(text) {
    const { problems, last } = this.checker;
    const known = problems.length;
    this.checker.feed(parseMedia(text));
    for (const problem of problems.slice(known)) {
      this.fail(`conformance: ${problem.split(': ')[1]}`, problem);
      this.soak.keep(`${problem}\n\n${last?.text}\n\nthen\n\n${text}`);
    }
  }

  // The playlist, as long as the stream goes on: null when the server has said that it may not be
  // told yet.
  async reload(query = '') {
    const { status, text } = await this.askPlaylist(this.url + query);
    if (status === 200) {
      this.serverErrors = 0;
      return this.take(text);
    }
    this.serverErrors += 1;
    if (!(status >= 500)) {
      this.fail(`playlist ${status}`, `for "${query}", the last one was\n${this.follower.text}`);
    } else if (this.serverErrors > SERVER_ERRORS_MAX) {
      this.fail(`playlist ${status}`, `${this.serverErrors} times`);
      this.serverErrors = 0;
    }
    return null;
  }

  // What is listed must be there, once for everybody who asks.
  async fetch(uri) {
    if (uri === null || this.fetched.has(uri)) {
      return;
    }
    this.fetched.add(uri);
    const answer = await get(this.forMedia, new URL(uri, this.url));
    this.soak.count('media', answer);
    if (answer.status !== 200) {
      this.fail(`media ${answer.status}`, uri);
    }
  }

  // Those before the last `count` are not for this viewer.
  skip(uris, count) {
    uris.slice(0, Math.max(0, uris.length - count)).forEach((uri) => this.fetched.add(uri));
  }

  // What is no longer listed is never asked for again.
  forget(uris) {
    if (this.fetched.size > 4 * uris.length + 100) {
      this.fetched = new Set(uris.filter((uri) => this.fetched.has(uri)));
    }
  }

  close() {
    for (const agent of [this.forPlaylists, this.forMedia, this.forHints]) {
      agent.destroy();
    }
  }
}

// Polls whole segments, as players without low latency do: after a target duration, or after half
// of it when there was nothing new.
async function watchPlainly(visit, isDone, { depth }) {
  const segments = () => visit.playlist.segments.filter(({ uri }) => uri !== null);
  const listed = () => segments().flatMap(({ uri, map }) => [map, uri]);
  visit.skip(segments().map(({ uri }) => uri), depth);
  while (!isDone() && !visit.playlist.isEnded) {
    const before = visit.playlist;
    for (const { uri, map } of segments()) {
      if (!visit.fetched.has(uri)) {
        await visit.fetch(map);
        await visit.fetch(uri);
      }
    }
    visit.forget(listed());
    const isNew = await visit.reload() !== null && visit.playlist !== before;
    await visit.soak.pause((isNew ? 1 : 0.5) * visit.playlist.targetDuration * 1000);
  }
}

function listedParts({ segments }) {
  return segments.flatMap(({ parts, map }) => parts.flatMap((line) => [map, partUri(line)]));
}

async function fetchParts(visit, playlist) {
  for (const uri of listedParts(playlist)) {
    await visit.fetch(uri);
  }
  visit.forget(listedParts(playlist));
}

// Asked for before it is there, as AVPlayer does: it comes, or is listed later and then must come,
// or it is given up.
async function fetchHint(visit, uri) {
  const answer = await get(visit.forHints, new URL(uri, visit.url));
  visit.soak.count('hints', answer);
  if (answer.status === 200) {
    visit.fetched.add(uri);
  } else if (answer.status !== 404) {
    visit.fail(`hint ${answer.status}`, uri);
  }
}

// Blocks for each part.
async function watchLowLatency(visit, isDone, { takesHints, takesDeltas }) {
  visit.skip(listedParts(visit.playlist), 8);
  for (let i = 0; !isDone() && !visit.playlist.isEnded; i++) {
    const { playlist } = visit;
    const { msn, part } = nextOf(playlist) ?? {};
    const query = msn === undefined ? '' : `?_HLS_msn=${msn}&_HLS_part=${part}` +
      (takesDeltas && i % 4 !== 0 ? '&_HLS_skip=YES' : '');
    const [next] = await Promise.all([
      visit.reload(query),
      fetchParts(visit, playlist),
      takesHints && playlist.hint ? fetchHint(visit, playlist.hint) : null,
    ]);
    // It could not be waited for: players look at what there is, and not in haste.
    if (next === null && !isDone() && await visit.soak.pause(500)) {
      await visit.reload();
    }
  }
}

// Somebody who watches now this and now that; habits: a generator of
// { channel, path, rules, seconds, isLowLatency, ... }.
export class Viewer {
  constructor(soak, habits) {
    Object.assign(this, { soak, habits });
  }

  async run() {
    for (const habit of this.habits) {
      const until = performance.now() + habit.seconds * 1000;
      const isDone = () => this.soak.isOver || performance.now() > until;
      const visit = new Visit(this.soak, habit);
      while (await visit.begin(isDone)) {
        await (habit.isLowLatency ? watchLowLatency : watchPlainly)(visit, isDone, habit);
      }
      visit.close();
      if (this.soak.isOver) {
        break;
      }
    }
  }
}

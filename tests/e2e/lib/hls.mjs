// SPDX-License-Identifier: Apache-2.0
//
// Viewers of HLS. LowLatencyViewer does all that a low-latency player may do: it blocks for each
// part, fetches what is hinted at before it is there, takes deltas, follows rendition reports, and
// downloads every part and every segment once. PlainViewer polls whole segments, as old players
// do. Both hand each playlist to a checker, and keep the bytes for whoever compares them.

// Polling has no event to wait for: it is what the clients do that are imitated here.
import { setTimeout as pause } from 'node:timers/promises';

import { checkParent, checkPart, PlaylistChecker } from './conformance.mjs';
import { request } from './http.mjs';
import {
  finishedSegments, lastFinished, lastPosition, mergeDelta, nextPosition, parseMedia,
} from './m3u8.mjs';
import { parseFragments, parseInit } from './mp4.mjs';

// Longer than the server holds a request: section 6.2.5.2 lets it hold for three target durations.
const REQUEST_TIMEOUT_MS = 20000;

function withQuery(url, query) {
  const address = new URL(url);
  for (const [name, value] of Object.entries(query)) {
    address.searchParams.set(name, String(value));
  }
  return address.href;
}

async function get(url) {
  return request(url, { timeoutMs: REQUEST_TIMEOUT_MS });
}

async function mustGet(url) {
  const response = await get(url);
  if (response.status !== 200) {
    throw new Error(`GET ${url}: ${response.status} ${response.body}`);
  }
  return response.body;
}

// Asks until there is a playlist. The server itself answers as late as it may, so this is no busy
// loop while a publisher is connected; before that, `whenToAsk` says when to try again.
export async function waitForPlaylist(url, { timeoutMs = 30000 } = {}) {
  const deadline = performance.now() + timeoutMs;
  let response;
  do {
    response = await get(url);
    if (response.status === 200) {
      return response.body.toString('utf8');
    }
    await pause(200);
  } while (performance.now() < deadline);
  throw new Error(`no playlist after ${timeoutMs} ms: ${response.status} ${response.body}`);
}

// What went wrong, with what the server said last.
function withLog(error, server) {
  error.message += `\nthe log's end was:\n${server.tail(60)}`;
  return error;
}

class Viewer {
  // path: "av.m3u8". rules: what PlaylistChecker takes.
  constructor(server, channel, path, rules) {
    this.server = server;
    this.url = server.live(channel, path);
    this.checker = new PlaylistChecker(path, rules);
    this.playlist = null; // the newest, whole
    this.media = new Map(); // uri → bytes, or the promise of them
    this.segments = new Map(); // msn → segment
    this.problems = []; // of bytes and answers; the checker has those of playlists
  }

  tooLate(timeoutMs) {
    return new Error(`${this.url} is not done after ${timeoutMs} ms:\n${this.playlist.text}`);
  }

  resolve(uri) {
    return new URL(uri, this.url).href;
  }

  get allProblems() {
    return [...this.checker.problems, ...this.problems];
  }

  // Each URI once, however often it is asked for.
  fetch(uri) {
    if (!this.media.has(uri)) {
      const coming = mustGet(this.resolve(uri)).then((bytes) => {
        this.media.set(uri, bytes);
        return bytes;
      });
      this.media.set(uri, coming);
    }
    return this.media.get(uri);
  }

  async takePlaylist(playlist) {
    this.playlist = playlist;
    this.checker.feed(playlist);
    for (const segment of playlist.segments) {
      const earlier = this.segments.get(segment.msn);
      // Parts are listed for a while only: keep the longest list.
      const parts = (earlier?.parts.length ?? 0) > segment.parts.length
        ? earlier.parts : segment.parts;
      this.segments.set(segment.msn, { ...segment, parts });
    }
  }

  // Follows the playlist until `isDone(viewer)` says so after a reload, or until it ends.
  async watch(isDone, { timeoutMs = 60000 } = {}) {
    const deadline = performance.now() + timeoutMs;
    try {
      await this.takeState(parseMedia(await waitForPlaylist(this.url, { timeoutMs })));
      while (!this.playlist.isEnded && !await isDone(this)) {
        if (performance.now() > deadline) {
          throw this.tooLate(timeoutMs);
        }
        await this.step();
      }
    } catch (error) {
      throw withLog(error, this.server);
    }
    return this;
  }

  // After the publisher is gone: looks until its last segment is there, which has this number if
  // that is known from another rendition.
  async settle(msn = null, { timeoutMs = 30000 } = {}) {
    const deadline = performance.now() + timeoutMs;
    const isSettled = () => this.playlist.segments.at(-1).uri !== null &&
      (msn === null || lastFinished(this.playlist).msn >= msn);
    do {
      if (performance.now() > deadline) {
        throw withLog(this.tooLate(timeoutMs), this.server);
      }
      await this.takeState(await this.reloadWhole());
    } while (!isSettled() && await pause(50, true));
    return lastFinished(this.playlist).msn;
  }

  async reloadWhole() {
    return parseMedia((await mustGet(this.url)).toString('utf8'));
  }

  async takeState(playlist) {
    await this.takePlaylist(playlist);
    await this.fetchSegments();
  }

  get finished() {
    return [...this.segments.values()].filter(({ uri }) => uri !== null)
      .sort((a, b) => a.msn - b.msn);
  }

  async fetchSegments() {
    for (const segment of finishedSegments(this.playlist)) {
      if (segment.map) {
        await this.fetch(segment.map);
      }
      await this.fetch(segment.uri);
    }
  }
}

export class PlainViewer extends Viewer {
  constructor(server, channel, path, rules) {
    super(server, channel, path,
      { isLowLatency: false, hasMap: !/^ts\/|cards/.test(path), ...rules });
  }

  async step() {
    await pause(300);
    await this.takeState(await this.reloadWhole());
  }
}

export class LowLatencyViewer extends Viewer {
  // skip: ask for deltas every other time, and for the whole playlist as well to compare.
  constructor(server, channel, path, rules, { skip = true } = {}) {
    super(server, channel, path, { reports: 2, ...rules });
    this.skip = skip;
    this.reloads = 0;
    this.deltas = 0; // that skipped something and were compared
    this.timeouts = 0; // reloads that were held in vain
    this.hintsMet = 0;
    this.reportsFollowed = 0;
    this.delaysMs = []; // from the date of a part's end to its being listed
    this.reloadsMs = []; // how long blocking reloads took
    this.known = new Set(); // parts seen, as "msn.index"
  }

  async step() {
    const position = nextPosition(this.playlist);
    const hint = this.playlist.hints.find(({ type }) => type === 'PART');
    // The hinted part is asked for before it is there: the server holds that request too. When
    // nobody publishes any more it fails, as it should.
    const hinted = hint ? this.fetch(hint.uri).catch((error) => error) : null;
    // When the server cannot wait any longer, players look at what there is.
    const playlist = await this.reload(position) ?? await this.reloadWhole();
    await this.takeState(playlist);
    if (!hint) {
      return;
    }
    const bytes = await hinted;
    if (!(bytes instanceof Error)) {
      this.hintsMet += 1;
    } else if (this.lists(hint.uri)) {
      this.problems.push(`the hinted part failed: ${bytes.message}`);
    } else {
      this.media.delete(hint.uri);
    }
  }

  lists(uri) {
    return this.playlist.segments.some(({ parts }) => parts.some((part) => part.uri === uri));
  }

  // Blocks for a position. Null: it did not come in the time that the server holds a request.
  async reload({ msn, part }) {
    const query = { _HLS_msn: msn, _HLS_part: part };
    const wantsDelta = this.skip && this.reloads++ % 2 === 1;
    const response = await get(withQuery(this.url, wantsDelta
      ? { ...query, _HLS_skip: 'YES' } : query));
    if (response.status === 503) {
      this.timeouts += 1;
      return null;
    }
    if (response.status !== 200) {
      throw new Error(`reload of ${this.url} for ${msn}.${part}: ${response.status} ` +
        `${response.body}; the playlist was:\n${this.playlist.text}`);
    }
    this.reloadsMs.push(response.ms);
    const playlist = parseMedia(response.body.toString('utf8'));
    this.checkAnswer(playlist, { msn, part });
    return playlist.skipped > 0 ? this.merge(playlist, query) : playlist;
  }

  checkAnswer(playlist, asked) {
    const last = lastPosition(playlist);
    const isThere = last.msn > asked.msn || (last.msn === asked.msn && last.part >= asked.part);
    if (!isThere && !playlist.isEnded) {
      this.problems.push(`the reload for ${asked.msn}.${asked.part} was answered with ` +
        `${last.msn}.${last.part}`);
    }
  }

  async merge(delta, query) {
    const merged = mergeDelta(this.playlist, delta);
    const full = parseMedia((await mustGet(withQuery(this.url, query))).toString('utf8'));
    const [a, b] = [lastPosition(merged), lastPosition(full)];
    // Between the two requests a part may have come.
    if (a.msn === b.msn && a.part === b.part && full.mediaSequence === merged.mediaSequence) {
      const difference = firstDifference(merged, full);
      if (difference) {
        this.problems.push(`delta and full playlist differ: ${difference}`);
      }
      this.deltas += 1;
    }
    return merged;
  }

  async takeState(playlist) {
    const now = Date.now();
    for (const { msn, pdt, parts } of playlist.segments) {
      let endMs = pdt;
      for (const [k, { duration }] of parts.entries()) {
        endMs += duration * 1000;
        // What was there before the viewer came says nothing about the server's speed.
        if (this.playlist && !this.known.has(`${msn}.${k}`)) {
          this.delaysMs.push(now - endMs);
        }
        this.known.add(`${msn}.${k}`);
      }
    }
    await this.fetchParts(playlist);
    await super.takeState(playlist);
  }

  async fetchParts({ segments }) {
    for (const { map, parts } of segments) {
      if (parts.length > 0 && map) {
        await this.fetch(map);
      }
      for (const { uri } of parts) {
        await this.fetch(uri);
      }
    }
  }

  // A player that changes renditions joins the other one where the report says that it stands, and
  // must be answered at once.
  async followReports() {
    for (const { uri, lastMsn, lastPart } of this.playlist.reports) {
      // hls.js asks for a part here even where there are none, and must be answered, too.
      const response = await get(withQuery(this.resolve(uri),
        { _HLS_msn: lastMsn, _HLS_part: lastPart ?? 7 }));
      const last = response.status === 200 && lastPosition(parseMedia(response.body.toString()));
      const isBefore = last && last.msn === lastMsn && lastPart !== null && last.part < lastPart;
      if (!last || last.msn < lastMsn || isBefore) {
        this.problems.push(`${uri} was reported at ${lastMsn}.${lastPart}, answered ` +
          `${response.status} ${JSON.stringify(last)}`);
      }
      this.reportsFollowed += 1;
    }
  }

  // Compares all bytes with the tags, once the last of them are there.
  checkBytes() {
    for (const segment of this.segments.values()) {
      const init = segment.map ? parseInit(this.media.get(segment.map)) : null;
      const parts = segment.parts.map(({ uri }) => this.media.get(uri));
      if (segment.parts.length > 0 && segment.uri !== null) {
        this.problems.push(...checkParent(segment, this.media.get(segment.uri), parts));
      }
      const hasVideo = init?.tracks.some(({ kind }) => kind === 'video');
      segment.parts.forEach((part, k) => {
        this.problems.push(...checkPart(`${segment.msn}.${k}`, part,
          parseFragments(parts[k], init), { hasVideo }));
      });
    }
  }

  get lastSegment() {
    return lastFinished(this.playlist);
  }
}

// Where two playlists differ in what a player sees; null if nowhere.
export function firstDifference(a, b) {
  for (const key of ['targetDuration', 'partTarget', 'mediaSequence', 'discontinuitySequence',
    'isEnded', 'serverControl', 'hints', 'reports', 'dateRanges']) {
    if (JSON.stringify(a[key]) !== JSON.stringify(b[key])) {
      return `${key}: ${JSON.stringify(a[key])} and ${JSON.stringify(b[key])}`;
    }
  }
  if (a.segments.length !== b.segments.length) {
    return `${a.segments.length} and ${b.segments.length} segments`;
  }
  for (const [i, segment] of a.segments.entries()) {
    // A map that is repeated says the same as one that holds on.
    const [left, right] = [segment, b.segments[i]]
      .map(({ hasOwnMap, ...rest }) => JSON.stringify(rest));
    if (left !== right) {
      return `${left} and ${right}`;
    }
  }
  return null;
}

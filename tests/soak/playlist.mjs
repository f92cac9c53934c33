// SPDX-License-Identifier: Apache-2.0
//
// What players hold against a playlist, and end playback over, at a price at which a hundred of
// them can be followed: hls.js, shaka-player and ExoPlayer give up when a sequence number goes
// back, when what is listed changes, and when nothing changes for 3.5 target durations. The whole
// of the rules is in tests/e2e/lib/conformance.mjs.

const STUCK_TARGET_DURATIONS = 3.5;

const PART_URI = /URI="([^"]*)"/;

function uriOf(line) {
  return PART_URI.exec(line)?.[1] ?? null;
}

// Whole playlists and deltas. segments: { msn, uri (null: under way), text, map, parts }; `text`
// is what may never change, `parts` the lines as they are.
export function scanPlaylist(text) {
  const scan = { mediaSequence: 0, discontinuitySequence: 0, targetDuration: 0, skipped: 0,
    isEnded: false, hint: null, segments: [] };
  let map = null;
  let discontinuity = 0;
  let tags = '';
  let parts = [];
  const close = (uri) => {
    scan.segments.push({ msn: scan.mediaSequence + scan.skipped + scan.segments.length, uri, map,
      parts, text: `${discontinuity} ${map} ${tags}${uri}` });
    tags = '';
    parts = [];
  };
  for (const line of text.split('\n')) {
    if (line.startsWith('#EXT-X-PART:')) {
      parts.push(line);
    } else if (line.startsWith('#EXTINF:') || line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) {
      tags += `${line} `;
    } else if (line !== '' && !line.startsWith('#')) {
      close(line);
    } else if (line.startsWith('#EXT-X-MEDIA-SEQUENCE:')) {
      scan.mediaSequence = Number(line.slice(22));
    } else if (line.startsWith('#EXT-X-DISCONTINUITY-SEQUENCE:')) {
      discontinuity = Number(line.slice(30));
      scan.discontinuitySequence = discontinuity;
    } else if (line === '#EXT-X-DISCONTINUITY') {
      discontinuity += 1;
    } else if (line.startsWith('#EXT-X-MAP:')) {
      map = uriOf(line);
    } else if (line.startsWith('#EXT-X-TARGETDURATION:')) {
      scan.targetDuration = Number(line.slice(22));
    } else if (line.startsWith('#EXT-X-SKIP:')) {
      scan.skipped = Number(/SKIPPED-SEGMENTS=(\d+)/.exec(line)[1]);
    } else if (line.startsWith('#EXT-X-PRELOAD-HINT:TYPE=PART')) {
      scan.hint = uriOf(line);
    } else if (line === '#EXT-X-ENDLIST') {
      scan.isEnded = true;
    }
  }
  if (parts.length > 0 || tags !== '') {
    close(null);
  }
  return scan;
}

export const partUri = uriOf;

// The position that a low-latency player asks for next.
export function nextOf({ segments }) {
  const last = segments.at(-1);
  if (!last) {
    return null;
  }
  return last.uri === null ? { msn: last.msn, part: last.parts.length }
    : { msn: last.msn + 1, part: 0 };
}

// One player's memory of one playlist.
export class Follower {
  // report(what, text) is called for each thing that ends playback.
  constructor(report) {
    this.report = report;
    this.last = null;
    this.text = null;
    this.known = new Map(); // msn → segment as it was when listed first
    this.discontinuity = 0; // the number that the first line of a delta goes on from
  }

  // askedAt, at: when the answer was asked for and when it came, in milliseconds.
  take(text, askedAt, at) {
    if (text === this.text) {
      this.#checkProgress(askedAt);
      return this.last;
    }
    const scan = scanPlaylist(text);
    if (this.last) {
      this.#checkOrder(this.last, scan);
    }
    this.#checkListed(scan);
    this.last = scan;
    this.text = text;
    this.changedAt = at;
    return scan;
  }

  // Counted from when the last change had come to when this answer was asked for: a player's own
  // slowness is no fault of the server's.
  #checkProgress(askedAt) {
    const { isEnded, targetDuration } = this.last;
    const stillMs = askedAt - this.changedAt;
    if (!isEnded && stillMs > STUCK_TARGET_DURATIONS * targetDuration * 1000) {
      this.report('playlist stuck', `nothing new for ${Math.round(stillMs)} ms, the target ` +
        `duration is ${targetDuration} s`);
      this.changedAt = askedAt;
    }
  }

  #checkOrder(before, after) {
    for (const name of ['mediaSequence', 'discontinuitySequence']) {
      if (after[name] < before[name]) {
        this.report(`${name} back`, `from ${before[name]} to ${after[name]}`);
      }
    }
    const [from, to] = [before.segments.at(-1)?.msn, after.segments.at(-1)?.msn];
    if (from !== undefined && !(to >= from)) {
      this.report('end back', `from segment ${from} to ${to}`);
    }
    if (after.targetDuration !== before.targetDuration) {
      this.report('target duration changed', `${before.targetDuration} ${after.targetDuration}`);
    }
  }

  #checkListed(scan) {
    for (const segment of scan.segments) {
      const earlier = this.known.get(segment.msn);
      // A delta repeats no map and no discontinuity of what it skips.
      if (earlier?.uri && segment.uri !== earlier.uri) {
        this.report('line changed', `segment ${segment.msn}: ${earlier.uri} is ${segment.uri}`);
      } else if (earlier?.uri && scan.skipped === 0 && earlier.isWhole &&
          earlier.text !== segment.text) {
        this.report('line changed', `segment ${segment.msn}: "${earlier.text}" is ` +
          `"${segment.text}"`);
      }
      this.#checkParts(earlier, segment);
      if (!earlier?.uri || (scan.skipped === 0 && !earlier.isWhole)) {
        this.known.set(segment.msn, { ...segment, isWhole: scan.skipped === 0 });
      }
    }
    for (const msn of this.known.keys()) {
      if (msn >= scan.mediaSequence) {
        break;
      }
      this.known.delete(msn);
    }
  }

  // Parts go when their segment is old, all together; until then they only grow in number.
  #checkParts(earlier, { msn, parts }) {
    const before = earlier?.parts ?? [];
    for (let i = 0; i < Math.min(before.length, parts.length); i++) {
      if (before[i] !== parts[i]) {
        this.report('line changed', `part ${i} of segment ${msn}: "${before[i]}" is "${parts[i]}"`);
      }
    }
    if (parts.length > 0 && parts.length < before.length) {
      this.report('part gone', `segment ${msn} had ${before.length} parts, has ${parts.length}`);
    }
  }
}

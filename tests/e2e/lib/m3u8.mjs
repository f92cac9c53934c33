// SPDX-License-Identifier: Apache-2.0
//
// Reads playlists (RFC 8216bis section 4). Strict where a player may be: what is not as the
// grammar says is in `errors`, and the caller decides what to do about it.

const SINGLETONS = new Set([
  'EXTM3U', 'EXT-X-VERSION', 'EXT-X-TARGETDURATION', 'EXT-X-MEDIA-SEQUENCE',
  'EXT-X-DISCONTINUITY-SEQUENCE', 'EXT-X-ENDLIST', 'EXT-X-PLAYLIST-TYPE', 'EXT-X-PART-INF',
  'EXT-X-SERVER-CONTROL', 'EXT-X-SKIP', 'EXT-X-INDEPENDENT-SEGMENTS', 'EXT-X-START',
]);

// NAME=value,NAME="value": an object of strings, without the quotes.
export function parseAttributes(text, errors = []) {
  const attributes = {};
  const pattern = /([A-Z0-9-]+)=("([^"\r\n]*)"|[^",\s]+)(,|$)/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (!match) {
      errors.push(`not an attribute list: ${text}`);
      break;
    }
    const [, name, raw, quoted] = match;
    if (name in attributes) {
      errors.push(`attribute ${name} twice in: ${text}`);
    }
    attributes[name] = quoted ?? raw;
  }
  return attributes;
}

function splitTag(line) {
  const colon = line.indexOf(':');
  return colon < 0 ? [line.slice(1), ''] : [line.slice(1, colon), line.slice(colon + 1)];
}

function checkText(text, errors) {
  if (!text.startsWith('#EXTM3U\n')) {
    errors.push('does not begin with #EXTM3U');
  }
  if (/[\u0000-\u0009\u000b\u000c\u000e-\u001f\ufeff]/.test(text)) {
    errors.push('control characters');
  }
}

function* linesOf(text, errors) {
  const seen = new Set();
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#EXT')) {
      const [tag, value] = splitTag(line);
      if (SINGLETONS.has(tag) && seen.has(tag)) {
        errors.push(`${tag} twice`);
      }
      seen.add(tag);
      yield { tag, value };
    } else if (line !== '' && !line.startsWith('#')) {
      yield { uri: line };
    }
  }
}

export function parseMultivariant(text) {
  const playlist = { text, errors: [], variants: [], media: [], isIndependent: false };
  let pending = null;
  checkText(text, playlist.errors);
  for (const { tag, value, uri } of linesOf(text, playlist.errors)) {
    if (uri !== undefined) {
      if (pending) {
        playlist.variants.push({ uri, attributes: pending });
      } else {
        playlist.errors.push(`URI without EXT-X-STREAM-INF: ${uri}`);
      }
      pending = null;
    } else if (tag === 'EXT-X-STREAM-INF') {
      pending = parseAttributes(value, playlist.errors);
    } else if (tag === 'EXT-X-MEDIA') {
      playlist.media.push(parseAttributes(value, playlist.errors));
    } else if (tag === 'EXT-X-INDEPENDENT-SEGMENTS') {
      playlist.isIndependent = true;
    } else if (tag === 'EXTINF' || tag === 'EXT-X-TARGETDURATION') {
      playlist.errors.push(`${tag} in a multivariant playlist`);
    }
  }
  return playlist;
}

// Builds up a media playlist line by line.
class MediaParser {
  constructor(text) {
    this.playlist = {
      text,
      errors: [],
      version: 1,
      targetDuration: null,
      mediaSequence: 0,
      discontinuitySequence: 0,
      hasDiscontinuitySequence: false,
      serverControl: null,
      partTarget: null,
      skipped: 0,
      isEnded: false,
      segments: [], // the last one has no uri while it is under way
      hints: [],
      reports: [],
      dateRanges: [], // the attributes of each
    };
    this.map = null;
    this.segment = null;
    this.discontinuities = 0;
  }

  integer(value, tag) {
    if (!/^\d{1,20}$/.test(value ?? '')) {
      this.playlist.errors.push(`${tag}: not a decimal integer: ${value}`);
    }
    return Number(value);
  }

  decimal(value, tag) {
    if (!/^\d+(\.\d+)?$/.test(value ?? '')) {
      this.playlist.errors.push(`${tag}: not a decimal number: ${value}`);
    }
    return Number(value);
  }

  // The segment that the tags read now belong to.
  current() {
    this.segment ??= {
      msn: this.playlist.mediaSequence + this.playlist.skipped + this.playlist.segments.length,
      uri: null,
      duration: null,
      pdt: null,
      map: this.map,
      hasOwnMap: false,
      isDiscontinuity: false,
      isGap: false,
      discontinuityNumber: 0,
      parts: [],
    };
    return this.segment;
  }

  finish() {
    const segment = this.current();
    this.discontinuities += segment.isDiscontinuity ? 1 : 0;
    segment.discontinuityNumber = this.playlist.discontinuitySequence + this.discontinuities;
    this.playlist.segments.push(segment);
    this.segment = null;
  }

  readUri(uri) {
    const segment = this.current();
    if (segment.duration === null) {
      this.playlist.errors.push(`URI without EXTINF: ${uri}`);
    }
    segment.uri = uri;
    this.finish();
  }

  // A tag of the header that must come before the first segment.
  early(tag) {
    if (this.playlist.segments.length > 0 || this.segment) {
      this.playlist.errors.push(`${tag} after a segment`);
    }
  }

  readSegmentTag(tag, value) {
    const { errors } = this.playlist;
    switch (tag) {
      case 'EXTINF':
        this.current().duration = this.decimal(value.split(',')[0], tag);
        break;
      case 'EXT-X-MAP':
        this.map = parseAttributes(value, errors).URI ?? null;
        Object.assign(this.current(), { map: this.map, hasOwnMap: true });
        break;
      case 'EXT-X-PROGRAM-DATE-TIME':
        this.current().pdt = Date.parse(value);
        if (!Number.isFinite(this.segment.pdt) || !/\.\d{3}(Z|[+-]\d\d:?\d\d)$/.test(value)) {
          errors.push(`${tag}: no date with milliseconds and zone: ${value}`);
        }
        break;
      case 'EXT-X-DISCONTINUITY':
        if (this.current().parts.length > 0) {
          errors.push(`${tag} between the parts of a segment`);
        }
        this.segment.isDiscontinuity = true;
        break;
      case 'EXT-X-GAP':
        this.current().isGap = true;
        break;
      case 'EXT-X-PART': {
        const part = parseAttributes(value, errors);
        this.current().parts.push({
          uri: part.URI,
          duration: this.decimal(part.DURATION, tag),
          isIndependent: part.INDEPENDENT === 'YES',
          isGap: part.GAP === 'YES',
        });
        break;
      }
      default:
        return false;
    }
    return true;
  }

  readPlaylistTag(tag, value) {
    const { playlist } = this;
    switch (tag) {
      case 'EXT-X-VERSION':
        playlist.version = this.integer(value, tag);
        break;
      case 'EXT-X-TARGETDURATION':
        playlist.targetDuration = this.integer(value, tag);
        break;
      case 'EXT-X-MEDIA-SEQUENCE':
        this.early(tag);
        playlist.mediaSequence = this.integer(value, tag);
        break;
      case 'EXT-X-DISCONTINUITY-SEQUENCE':
        this.early(tag);
        playlist.discontinuitySequence = this.integer(value, tag);
        playlist.hasDiscontinuitySequence = true;
        break;
      case 'EXT-X-SERVER-CONTROL':
        playlist.serverControl = parseAttributes(value, playlist.errors);
        break;
      case 'EXT-X-PART-INF':
        playlist.partTarget =
          this.decimal(parseAttributes(value, playlist.errors)['PART-TARGET'], tag);
        break;
      case 'EXT-X-SKIP':
        this.early(tag);
        playlist.skipped =
          this.integer(parseAttributes(value, playlist.errors)['SKIPPED-SEGMENTS'], tag);
        break;
      case 'EXT-X-ENDLIST':
        playlist.isEnded = true;
        break;
      case 'EXT-X-DATERANGE':
        playlist.dateRanges.push(parseAttributes(value, playlist.errors));
        break;
      case 'EXT-X-PRELOAD-HINT': {
        const { TYPE: type, URI: uri } = parseAttributes(value, playlist.errors);
        playlist.hints.push({ type, uri });
        break;
      }
      case 'EXT-X-RENDITION-REPORT': {
        const report = parseAttributes(value, playlist.errors);
        playlist.reports.push({
          uri: report.URI,
          lastMsn: this.integer(report['LAST-MSN'], tag),
          lastPart: 'LAST-PART' in report ? this.integer(report['LAST-PART'], tag) : null,
        });
        break;
      }
      case 'EXT-X-STREAM-INF':
      case 'EXT-X-MEDIA':
        playlist.errors.push(`${tag} in a media playlist`);
        break;
    }
  }

  parse() {
    const { playlist } = this;
    checkText(playlist.text, playlist.errors);
    for (const { tag, value, uri } of linesOf(playlist.text, playlist.errors)) {
      if (uri !== undefined) {
        this.readUri(uri);
      } else if (!this.readSegmentTag(tag, value)) {
        this.readPlaylistTag(tag, value);
      }
    }
    if (this.segment) {
      this.finish();
    }
    return playlist;
  }
}

export function parseMedia(text) {
  return new MediaParser(text).parse();
}

export function finishedSegments(playlist) {
  return playlist.segments.filter((segment) => segment.uri !== null);
}

export function lastFinished(playlist) {
  return finishedSegments(playlist).at(-1) ?? null;
}

// { msn, part } of the newest part listed, part -1 for a finished segment without parts.
export function lastPosition(playlist) {
  const last = playlist.segments.at(-1);
  return last ? { msn: last.msn, part: last.parts.length - 1 } : null;
}

// Of a date range, in milliseconds; `end` is Infinity while it is open.
export function rangeTimes(range) {
  const start = Date.parse(range['START-DATE']);
  const length = range.DURATION === undefined ? Infinity : Number(range.DURATION) * 1000;
  return { start, end: start + length };
}

// What a client asks to block for: the item after the newest one.
export function nextPosition(playlist) {
  const last = playlist.segments.at(-1);
  if (!last) {
    return null;
  }
  return last.uri === null
    ? { msn: last.msn, part: last.parts.length }
    : { msn: last.msn + 1, part: 0 };
}

// The playlist that a client has after laying a delta playlist over the full one that it had
// (section 6.2.5.1). What a skipped segment is, the client knows from before; its parts are gone,
// as they are from the full playlist of a server that removes them in time.
export function mergeDelta(full, delta) {
  const from = delta.mediaSequence - full.mediaSequence;
  const skipped = full.segments.slice(Math.max(from, 0), from + delta.skipped);
  if (from < 0 || skipped.length < delta.skipped) {
    throw new Error(`the delta skips ${delta.skipped} segments from ${delta.mediaSequence} on, ` +
      `the copy at hand has ${full.segments.length} from ${full.mediaSequence} on`);
  }
  let number = delta.discontinuitySequence;
  let map = null;
  const segments = [...skipped.map((segment) => ({ ...segment, parts: [] })), ...delta.segments];
  return {
    ...delta,
    skipped: 0,
    segments: segments.map((segment) => {
      number += segment.isDiscontinuity ? 1 : 0;
      map = segment.map ?? map;
      return { ...segment, map, discontinuityNumber: number };
    }),
  };
}

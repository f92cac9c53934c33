// SPDX-License-Identifier: Apache-2.0
//
// The rules for live playlists of RFC 8216bis (draft 22), Apple's HLS Authoring Specification and
// the players that were found to be strict. A PlaylistChecker is fed with each state of one
// playlist in the order in which they were fetched; every breach ends up in `problems`, with the
// name of its rule.
//
// What it does not judge: the multivariant playlist, and what HTTP says.

import { finishedSegments, lastPosition, rangeTimes } from './m3u8.mjs';
import { isRandomAccess } from './mp4.mjs';

// Renditions without parts, whose position is a whole segment.
const WHOLE = new Set(['cards.m3u8']);

// Figures in playlists are rounded to microseconds.
const ROUNDING_S = 0.000002;

const PDT_ROUNDING_S = 0.001;
// A publisher that takes over may be dated before the last one's end by as much as that one ran
// ahead of the clock: dates are true, and a small overlap at a discontinuity is allowed.
const PDT_OVERLAP_S = 0.5;
// The first slate after a restart reaches back beyond what a player has that is three target
// durations behind, and the server may have noted two seconds less than it sent.
const RESTART_OVERLAP = 5;

// RFC 8216bis section 4.4.4.9: shorter parts are allowed only where something ends.
const PART_FILL_MIN = 0.85;

function seconds(value) {
  return `${value.toFixed(6)} s`;
}

function compare(a, b) {
  return a.msn - b.msn || a.part - b.part;
}

// From the end of the playlist back to the end of segment i.
function distanceFromEnd(playlist, i) {
  return playlist.segments.slice(i + 1).reduce((sum, segment) => sum + lengthOf(segment), 0);
}

function lengthOf(segment) {
  return segment.duration ?? segment.parts.reduce((sum, { duration }) => sum + duration, 0);
}

export class PlaylistChecker {
  // isLowLatency: parts and all that comes with them are expected.
  // reports: how many other renditions must be reported on; null if that changes.
  // frameS: how long a frame lasts at most, which is how exact durations and dates must be.
  // isIndependent: each segment begins with a key frame; not so if the publisher has too few.
  constructor(name, {
    isLowLatency = true, reports = 0, frameS = 0.05, isIndependent = true, hasMap = true,
  } = {}) {
    Object.assign(this, { name, isLowLatency, reports, frameS, isIndependent, hasMap });
    this.problems = [];
    this.states = 0;
    this.last = null; // the state before
    this.known = new Map(); // msn → how the segment was first listed when finished
    this.parts = new Map(); // "msn.index" → part
    this.partUris = new Map(); // uri → "msn.index"
    this.uris = new Set(); // of segments and maps
    this.hint = null; // { uri, after } that has not come true yet
    this.ranges = new Map(); // ID → the date range as it was last listed
    this.isRestarted = false; // the server, since the state before
  }

  // The server that gave the states before has ended, and another run of it gives the next.
  restart() {
    this.isRestarted = true;
  }

  report(rule, text) {
    const problem = `${this.name}: ${rule}: ${text}`;
    if (!this.problems.includes(problem)) {
      this.problems.push(problem);
    }
  }

  // The next state of the playlist, whole: deltas must have been merged.
  feed(playlist) {
    this.states += 1;
    playlist.errors.forEach((error) => this.report('grammar', error));
    this.#checkHeader(playlist);
    playlist.segments.forEach((segment, i) => this.#checkSegment(playlist, segment, i));
    this.#checkDates(playlist);
    this.#checkDateRanges(playlist);
    this.#checkTail(playlist);
    if (this.last && this.isRestarted) {
      this.#checkRestart(this.last, playlist);
    } else if (this.last) {
      this.#checkChange(this.last, playlist);
    }
    this.isRestarted = false;
    this.#remember(playlist);
    this.last = playlist;
  }

  #checkHeader(playlist) {
    const { targetDuration, version } = playlist;
    if (!(targetDuration >= 1)) {
      this.report('target-duration', `EXT-X-TARGETDURATION is ${targetDuration}`);
    }
    if (this.hasMap && version < 6) {
      this.report('version', `EXT-X-MAP needs version 6, not ${version}`);
    }
    if (!playlist.hasDiscontinuitySequence) {
      this.report('discontinuity-sequence', 'EXT-X-DISCONTINUITY-SEQUENCE must always be there');
    }
    if (this.isLowLatency) {
      this.#checkServerControl(playlist);
    }
  }

  #checkServerControl({ serverControl: control, partTarget, targetDuration, isEnded, version }) {
    if (!control || partTarget === null) {
      this.report('server-control', 'no EXT-X-SERVER-CONTROL or no EXT-X-PART-INF');
      return;
    }
    const hold = Number(control['HOLD-BACK'] ?? 3 * targetDuration);
    const partHold = Number(control['PART-HOLD-BACK'] ?? NaN);
    if (!(hold >= 3 * targetDuration)) {
      this.report('hold-back', `HOLD-BACK ${hold} is less than 3 x ${targetDuration} s`);
    }
    if (!(partHold >= 3 * partTarget - ROUNDING_S)) {
      this.report('part-hold-back', `PART-HOLD-BACK ${partHold} is less than 3 x ${partTarget} s`);
    }
    if (!isEnded && control['CAN-BLOCK-RELOAD'] !== 'YES') {
      this.report('block-reload', 'no CAN-BLOCK-RELOAD=YES');
    }
    const skip = control['CAN-SKIP-UNTIL'];
    if (skip !== undefined && !(Number(skip) >= 6 * targetDuration)) {
      this.report('skip-until', `CAN-SKIP-UNTIL ${skip} is less than 6 x ${targetDuration} s`);
    }
    if (control['CAN-SKIP-DATERANGES'] && (skip === undefined || version < 10)) {
      this.report('skip-until', 'CAN-SKIP-DATERANGES needs CAN-SKIP-UNTIL and version 10');
    }
  }

  #checkSegment(playlist, segment, i) {
    const { msn, duration, parts } = segment;
    if (segment.uri === null && i < playlist.segments.length - 1) {
      this.report('grammar', `segment ${msn} has no URI and is not the last one`);
    }
    if (duration !== null && Math.round(duration) > playlist.targetDuration) {
      this.report('extinf-too-long', `segment ${msn} has ${seconds(duration)}, the target ` +
        `duration is ${playlist.targetDuration} s`);
    }
    if (this.hasMap && !segment.map) {
      this.report('map', `segment ${msn} has no EXT-X-MAP`);
    }
    if (this.hasMap && segment.isDiscontinuity && !segment.hasOwnMap) {
      this.report('map', `segment ${msn} follows EXT-X-DISCONTINUITY without an EXT-X-MAP`);
    }
    if (parts.length > 0) {
      this.#checkParts(playlist, segment, i);
    }
  }

  #checkParts(playlist, segment, i) {
    const { partTarget } = playlist;
    const { msn, parts } = segment;
    const sum = parts.reduce((total, { duration }) => total + duration, 0);
    if (segment.duration !== null && Math.abs(sum - segment.duration) > ROUNDING_S * parts.length) {
      this.report('extinf-sum', `segment ${msn} has ${seconds(segment.duration)}, its parts ` +
        `have ${seconds(sum)}`);
    }
    if (this.isIndependent && !parts[0].isIndependent) {
      this.report('independent', `segment ${msn} does not begin with an independent part`);
    }
    parts.forEach((part, k) => {
      const isLastOfSegment = k === parts.length - 1;
      if (part.duration > partTarget + ROUNDING_S) {
        this.report('part-too-long', `part ${k} of segment ${msn} has ${seconds(part.duration)}, ` +
          `PART-TARGET is ${seconds(partTarget)}`);
      }
      // The newest part of the segment under way may yet turn out to be its last one.
      if (part.duration < PART_FILL_MIN * partTarget - ROUNDING_S && !isLastOfSegment &&
          !part.isIndependent && !part.isGap && !parts[k + 1].isGap) {
        this.report('part-too-short', `part ${k} of segment ${msn} has ` +
          `${seconds(part.duration)}, PART-TARGET is ${seconds(partTarget)}`);
      }
    });
    if (distanceFromEnd(playlist, i) > 3 * playlist.targetDuration + playlist.targetDuration) {
      this.report('parts-far', `segment ${msn} still has its parts, ` +
        `${seconds(distanceFromEnd(playlist, i))} from the end`);
    }
  }

  #checkDates(playlist) {
    playlist.segments.forEach((segment, i) => {
      const before = playlist.segments[i - 1];
      if (segment.pdt === null) {
        this.report('date', `segment ${segment.msn} has no EXT-X-PROGRAM-DATE-TIME`);
      } else if (before && before.pdt !== null) {
        const gap = (segment.pdt - before.pdt) / 1000 - lengthOf(before);
        const tolerance = this.frameS + PDT_ROUNDING_S;
        const isWrong = segment.isDiscontinuity ? gap < -PDT_OVERLAP_S : Math.abs(gap) > tolerance;
        if (isWrong) {
          this.report('date', `segment ${segment.msn} is dated ${seconds(gap)} after the end of ` +
            'the one before');
        }
      }
    });
  }

  // Section 4.4.5.1, and that phien shows one card at a time.
  #checkDateRanges({ dateRanges, segments }) {
    if (dateRanges.length > 0 && segments.every(({ pdt }) => pdt === null)) {
      this.report('date-range', 'there are ranges and no EXT-X-PROGRAM-DATE-TIME');
    }
    if (new Set(dateRanges.map(({ ID: id }) => id)).size !== dateRanges.length) {
      this.report('date-range', 'an ID twice');
    }
    dateRanges.forEach((range, i) => {
      const { start, end } = rangeTimes(range);
      if (!range.ID || !range.CLASS || !(end >= start)) {
        this.report('date-range', `not complete: ${JSON.stringify(range)}`);
      }
      if (i > 0 && !(rangeTimes(dateRanges[i - 1]).end <= start)) {
        this.report('date-range', `${range.ID} begins before ${dateRanges[i - 1].ID} has ended`);
      }
    });
  }

  // An end may be added, and that is all.
  #checkRangesSame({ dateRanges }) {
    for (const range of dateRanges) {
      const earlier = this.ranges.get(range.ID);
      for (const [name, value] of Object.entries(earlier ?? {})) {
        if (range[name] !== value) {
          this.report('date-range-changed', `${range.ID}: ${name} from ${value} to ${range[name]}`);
        }
      }
      const added = earlier ? Object.keys(range).filter((name) => !(name in earlier)) : [];
      if (added.some((name) => name !== 'DURATION')) {
        this.report('date-range-changed', `${range.ID}: ${added} added`);
      }
      if (earlier?.isGone) {
        this.report('date-range-changed', `${range.ID} is back`);
      }
    }
  }

  // What has a date that is listed stays.
  #checkRangesKept({ dateRanges, segments }) {
    for (const [id, range] of this.ranges) {
      const isListed = dateRanges.some(({ ID }) => ID === id);
      // The end of one that was open in the state before is not known: it is that of its successor
      // at the latest.
      const next = dateRanges.find((other) => rangeTimes(other).start > rangeTimes(range).start);
      const end = Math.min(rangeTimes(range).end, next ? rangeTimes(next).start : Infinity);
      if (!isListed && !range.isGone && end > segments[0].pdt) {
        this.report('date-range-gone', `${id} is gone, though it lasted until ${end} and ` +
          `${segments[0].pdt} is listed`);
      }
    }
  }

  #checkTail(playlist) {
    const hints = playlist.hints.filter(({ type }) => type === 'PART');
    const last = playlist.segments.at(-1);
    if (last && last.uri === null && last.parts.length === 0) {
      this.report('grammar', `tags of segment ${last.msn} without a part`);
    }
    if (playlist.isEnded && (playlist.hints.length > 0 || (last && last.uri === null))) {
      this.report('ended', 'EXT-X-ENDLIST with a hint or an unfinished segment');
    }
    if (!this.isLowLatency || playlist.isEnded) {
      return;
    }
    if (hints.length !== 1 || new Set(playlist.hints.map(({ type }) => type)).size !==
        playlist.hints.length) {
      this.report('hint', `${hints.length} hints at parts`);
    } else if (this.partUris.has(hints[0].uri) ||
        playlist.segments.some(({ parts }) => parts.some(({ uri }) => uri === hints[0].uri))) {
      this.report('hint', `${hints[0].uri} is hinted at though it is listed already`);
    }
    if (this.reports !== null && playlist.reports.length !== this.reports) {
      this.report('rendition-report', `${playlist.reports.length} instead of ${this.reports}`);
    }
    for (const { uri, lastMsn, lastPart } of playlist.reports) {
      if (!uri || (lastPart === null) !== WHOLE.has(uri) || !Number.isInteger(lastMsn)) {
        this.report('rendition-report', `${uri}: LAST-MSN ${lastMsn}, LAST-PART ${lastPart}`);
      }
    }
  }

  // What may change from one state to the next: section 6.2.1.
  #checkChange(before, after) {
    for (const name of ['targetDuration', 'partTarget', 'version']) {
      if (before[name] !== after[name] && !(name === 'version' && after.isEnded)) {
        this.report('header-changed', `${name} from ${before[name]} to ${after[name]}`);
      }
    }
    if (!after.isEnded &&
        JSON.stringify(before.serverControl) !== JSON.stringify(after.serverControl)) {
      this.report('header-changed', 'EXT-X-SERVER-CONTROL');
    }
    if (before.isEnded && before.text !== after.text) {
      this.report('ended', 'the playlist changed after EXT-X-ENDLIST');
    }
    this.#checkOrder(before, after);
    this.#checkRemoval(before, after);
    this.#checkHint(after);
    this.#checkRangesSame(after);
    this.#checkRangesKept(after);
    for (const report of after.reports) {
      const earlier = before.reports.find(({ uri }) => uri === report.uri);
      if (earlier && compare({ msn: report.lastMsn, part: report.lastPart },
        { msn: earlier.lastMsn, part: earlier.lastPart }) < 0) {
        this.report('rendition-report', `${report.uri} went back to ${report.lastMsn}`);
      }
    }
  }

  // Who has the state of one run at hand must be able to go on with that of the next. It has other
  // segments: their numbers go on, a discontinuity lies between, and no name is used again.
  #checkRestart(before, after) {
    const [last, next] = [before.segments.at(-1), after.segments[0]];
    if (before.targetDuration !== after.targetDuration) {
      this.report('header-changed',
        `targetDuration from ${before.targetDuration} to ${after.targetDuration}`);
    }
    if (before.isEnded) {
      this.report('ended', 'the playlist changed after EXT-X-ENDLIST');
    }
    if (!last || !next) {
      return;
    }
    if (next.msn <= last.msn) {
      this.report('msn-back', `from ${last.msn} to ${next.msn} at a restart`);
    }
    if (next.discontinuityNumber <= last.discontinuityNumber) {
      this.report('discontinuity-sequence', 'no discontinuity at a restart: from ' +
        `${last.discontinuityNumber} to ${next.discontinuityNumber}`);
    }
    if (next.pdt < last.pdt + (lengthOf(last) - RESTART_OVERLAP * after.targetDuration) * 1000) {
      this.report('date', `segment ${next.msn} is dated long before the end of the run before`);
    }
    const old = new Set([...this.partUris.keys(), ...this.uris]);
    const names = after.segments.flatMap(({ uri, map, parts }) =>
      [uri, map, ...parts.map((part) => part.uri)]);
    names.filter((name) => old.has(name)).forEach((name) =>
      this.report('name-again', `${name} was another in the run before`));
    this.#checkRangesSame(after);
  }

  #checkOrder(before, after) {
    if (after.mediaSequence < before.mediaSequence) {
      this.report('msn-back', `from ${before.mediaSequence} to ${after.mediaSequence}`);
    }
    if (after.discontinuitySequence < before.discontinuitySequence) {
      this.report('discontinuity-sequence',
        `from ${before.discontinuitySequence} back to ${after.discontinuitySequence}`);
    }
    const [from, to] = [lastPosition(before), lastPosition(after)];
    if (from && to && !this.#isFinished(after, from.msn) && compare(to, from) < 0) {
      this.report('end-back', `from part ${from.msn}.${from.part} to ${to.msn}.${to.part}`);
    }
    if (from && to && to.msn < from.msn) {
      this.report('end-back', `from segment ${from.msn} to ${to.msn}`);
    }
  }

  #isFinished(playlist, msn) {
    return playlist.segments.some((segment) => segment.msn === msn && segment.uri !== null);
  }

  #checkRemoval(before, after) {
    const removed = after.mediaSequence - before.mediaSequence;
    const left = finishedSegments(after).reduce((sum, { duration }) => sum + duration, 0);
    if (removed > 0 && !after.isEnded && left < 3 * after.targetDuration - this.frameS) {
      this.report('window', `${removed} segments were removed, ${seconds(left)} are left, which ` +
        'is less than three target durations');
    }
    // A part goes when its segment is far from the end, and only then.
    after.segments.forEach((segment, i) => {
      const earlier = before.segments.find(({ msn }) => msn === segment.msn);
      if (earlier && earlier.parts.length > segment.parts.length &&
          distanceFromEnd(after, i) < 3 * after.targetDuration - this.frameS) {
        this.report('parts-removed', `segment ${segment.msn} has ${segment.parts.length} parts, ` +
          `it had ${earlier.parts.length}, ${seconds(distanceFromEnd(after, i))} from the end`);
      }
    });
  }

  // The first part that is new since the hint must be the one hinted at, unless what it was a part
  // of broke off.
  #checkHint(after) {
    if (!this.hint) {
      return;
    }
    for (const { msn, uri: whole, parts, isDiscontinuity } of after.segments) {
      // So much came at once that it is not told any more which parts it began with.
      if (msn >= this.hint.after.msn && whole !== null && parts.length === 0) {
        return;
      }
      for (const [k, { uri }] of parts.entries()) {
        if (compare({ msn, part: k }, this.hint.after) > 0) {
          if (uri !== this.hint.uri && !(isDiscontinuity && k === 0)) {
            this.report('hint', `${this.hint.uri} was hinted at, ${uri} came`);
          }
          return;
        }
      }
    }
  }

  #remember(playlist) {
    for (const segment of playlist.segments) {
      this.#rememberSegment(segment);
      segment.parts.forEach((part, k) => this.#rememberPart(`${segment.msn}.${k}`, part));
    }
    for (const [id, range] of this.ranges) {
      range.isGone ||= !playlist.dateRanges.some(({ ID }) => ID === id);
    }
    for (const range of playlist.dateRanges) {
      this.ranges.set(range.ID, Object.defineProperty({ ...range }, 'isGone',
        { value: false, writable: true }));
    }
    const hint = playlist.hints.find(({ type }) => type === 'PART');
    const after = lastPosition(playlist);
    this.hint = hint && after ? { uri: hint.uri, after } : null;
  }

  #rememberSegment(segment) {
    const { msn, uri, duration, pdt, map, isDiscontinuity, discontinuityNumber } = segment;
    const now = { uri, duration, pdt, map, isDiscontinuity, discontinuityNumber };
    [uri, map].filter((name) => name).forEach((name) => this.uris.add(name));
    const earlier = this.known.get(msn);
    if (earlier) {
      for (const [key, value] of Object.entries(earlier)) {
        if (value !== null && value !== now[key]) {
          this.report('segment-changed', `segment ${msn}: ${key} from ${value} to ${now[key]}`);
        }
      }
    }
    this.known.set(msn, now);
  }

  #rememberPart(place, { uri, duration, isIndependent }) {
    const earlier = this.parts.get(place);
    if (earlier && (earlier.uri !== uri || earlier.duration !== duration ||
        earlier.isIndependent !== isIndependent)) {
      this.report('part-changed', `part ${place} was ${earlier.uri}, ` +
        `${seconds(earlier.duration)}; is ${uri}, ${seconds(duration)}`);
    }
    const other = this.partUris.get(uri);
    if (other !== undefined && other !== place) {
      this.report('part-changed', `${uri} is part ${other} and part ${place}`);
    }
    this.parts.set(place, { uri, duration, isIndependent });
    this.partUris.set(uri, place);
  }
}

// The ranges of `a` that have a date which `b` lists as well, and are not in it or are others.
function rangesMissing(a, b) {
  const last = b.segments.at(-1);
  const [from, to] = [b.segments[0].pdt, last.pdt + lengthOf(last) * 1000];
  return a.dateRanges.filter((range) => {
    const twin = b.dateRanges.find(({ ID: id }) => id === range.ID);
    const { start, end } = rangeTimes(range);
    return twin ? Object.keys(range).some((name) => name !== 'DURATION' &&
      range[name] !== twin[name]) : start < to && end > from;
  }).map(({ ID: id }) => id);
}

// What must be equal in all media playlists of a presentation, in states fetched at about the same
// time: section 4.4.3, 4.4.5.1 and Apple's 8.x. `aligned`: those whose segments last as long as
// the first playlist's, to the microsecond.
export function checkTogether(playlists, { aligned = [] } = {}) {
  const problems = [];
  const [[firstName, first], ...others] = Object.entries(playlists);
  for (const [name, playlist] of others) {
    if (playlist.targetDuration !== first.targetDuration) {
      problems.push(`${name}: target duration ${playlist.targetDuration}, ${firstName} has ` +
        `${first.targetDuration}`);
    }
    if (playlist.serverControl && first.serverControl &&
        JSON.stringify(playlist.serverControl) !== JSON.stringify(first.serverControl)) {
      problems.push(`${name}: another EXT-X-SERVER-CONTROL than ${firstName}`);
    }
    const missing = [...rangesMissing(playlist, first), ...rangesMissing(first, playlist)];
    if (missing.length > 0) {
      problems.push(`${name}: not the same date ranges as in ${firstName}: ${missing}`);
    }
    const keys = ['discontinuityNumber', ...aligned.includes(name) ? ['pdt', 'duration'] : []];
    for (const segment of finishedSegments(playlist)) {
      const twin = finishedSegments(first).find(({ msn }) => msn === segment.msn);
      for (const key of twin ? keys.filter((one) => twin[one] !== segment[one]) : []) {
        problems.push(`${name}: segment ${segment.msn} has ${key} ${segment[key]}, in ` +
          `${firstName} ${twin[key]}`);
      }
    }
  }
  return problems;
}

// A segment's bytes against its parts': section 4.4.4.9. `parts` in order, those that were fetched
// while they were listed.
export function checkParent(segment, whole, parts) {
  const joined = Buffer.concat(parts);
  return joined.equals(whole) ? [] : [`segment ${segment.msn} has ${whole.length} bytes and is ` +
    `not what its ${parts.length} parts joined are, ${joined.length} bytes`];
}

// A part's tag against its samples: INDEPENDENT must be true, and DURATION what the frames say.
// `samples` as parseFragments gives them; hasVideo: the init segment declares video.
export function checkPart(place, part, samples, { frameS = 0.05, hasVideo = true } = {}) {
  const problems = [];
  const video = samples.filter(({ kind }) => kind === 'video');
  const leading = video.length > 0 ? video : samples;
  if (leading.length === 0) {
    return [`part ${place} has no samples`];
  }
  const isIndependent = video.length > 0 ? isRandomAccess(video[0]) : !hasVideo;
  if (part.isIndependent && !isIndependent) {
    problems.push(`part ${place} says INDEPENDENT=YES and begins with no key frame`);
  }
  if (!part.isIndependent && video.some(isRandomAccess)) {
    problems.push(`part ${place} has a key frame and does not say INDEPENDENT=YES`);
  }
  if (video.length > 0 && video[0].isSync !== isRandomAccess(video[0])) {
    problems.push(`part ${place}: the sync flag of its first frame is ${video[0].isSync}`);
  }
  const length = leading.reduce((sum, { duration, track }) => sum + duration / track.timescale, 0);
  // Audio that trails the last picture overlaps what the pictures have declared already.
  const isTrailing = hasVideo && video.length === 0;
  if (part.duration - length > frameS || (length - part.duration > frameS && !isTrailing)) {
    problems.push(`part ${place} says ${seconds(part.duration)}, its frames last ` +
      `${seconds(length)}`);
  }
  return problems;
}

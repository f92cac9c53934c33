// SPDX-License-Identifier: Apache-2.0
//
// Access units as they were published against those that viewers get: none lost, none twice, none
// changed, each at its time.

import assert from 'node:assert/strict';

import { lengthPrefixedNals, parseFragments, parseInit, sha256 } from './mp4.mjs';
import { adtsFrames, annexBNals, TsDemuxer } from './ts.mjs';

// RTMP knows milliseconds: what a publisher rounds cannot be got back.
const VIDEO_TOLERANCE_S = 0.00101;

// The samples of a viewer's fMP4, from its parts or from whole segments: { video: [], audio: [] }.
// `hash` says what of a sample must be unchanged.
export function collectFragments(viewer, from, hash = ({ data }) => sha256(data)) {
  const units = { video: [], audio: [] };
  for (const segment of viewer.finished) {
    const init = parseInit(viewer.media.get(segment.map));
    const uris = from === 'parts' ? segment.parts.map(({ uri }) => uri) : [segment.uri];
    for (const uri of uris) {
      for (const sample of parseFragments(viewer.media.get(uri), init)) {
        const { kind, track, dts, cts, data } = sample;
        units[kind].push({
          timescale: track.timescale, dts, pts: dts + cts, hash: hash(sample), size: data.length,
        });
      }
    }
  }
  return units;
}

// In MPEG-TS a picture has start codes instead of lengths, an access unit delimiter before it, and
// parameter sets before each key frame. What must be unchanged is the picture: its VCL NAL units,
// types 1 to 5 in H.264 and 0 to 31 in HEVC.
export function hashPicture(codec, nals) {
  const isPicture = codec === 'hevc'
    ? (nal) => (nal[0] >> 1 & 0x3f) < 32
    : (nal) => (nal[0] & 0x1f) >= 1 && (nal[0] & 0x1f) <= 5;
  return sha256(Buffer.concat(nals.filter(isPicture)));
}

// What of a sample must be unchanged when it came as MPEG-TS: the picture, and audio as it is.
export function hashEssence({ kind, track, data }) {
  return kind === 'video'
    ? hashPicture(/^h[ev][cv]1$/.test(track.codec) ? 'hevc' : 'h264', [...lengthPrefixedNals(data)])
    : sha256(data);
}

const AAC_SAMPLES = 1024;

// The access units of a viewer's MPEG-TS. A PES packet holds several frames of audio and dates the
// first: the others follow it on the grid of samples.
export function collectTs(viewer, { sampleRate }) {
  const demuxer = new TsDemuxer();
  const units = { video: [], audio: [] };
  for (const { uri } of viewer.finished) {
    const { video, audio, codecs } = demuxer.feed(viewer.media.get(uri));
    units.video.push(...video.map(({ pts, dts, data }) => ({
      timescale: 90000, dts, pts, hash: hashPicture(codecs.video, annexBNals(data)),
    })));
    for (const { pts, data } of audio) {
      [...adtsFrames(data)].forEach((frame, i) => {
        const at = pts + i * AAC_SAMPLES * 90000 / sampleRate;
        units.audio.push({
          timescale: 90000, dts: at, pts: at, hash: sha256(frame), size: frame.length,
        });
      });
    }
  }
  assert.deepEqual(demuxer.errors, [], 'MPEG-TS');
  return units;
}

// Where `found` begins in `wanted`, by the hashes of its first units.
function findStart(wanted, found) {
  const probe = found.slice(0, 3).map(({ hash }) => hash);
  return wanted.findIndex((_, i) => probe.every((hash, k) => wanted[i + k]?.hash === hash));
}

function checkTimes(what, wanted, found, toleranceS) {
  const seconds = ({ timescale }, ticks) => ticks / timescale;
  for (let i = 0; i < wanted.length; i++) {
    const cts = [wanted[i], found[i]].map((unit) => seconds(unit, unit.pts - unit.dts));
    assert.ok(Math.abs(cts[0] - cts[1]) <= toleranceS,
      `${what} ${i}: pts - dts is ${cts[1]} s, was ${cts[0]} s`);
    const since = [[wanted[0], wanted[i]], [found[0], found[i]]]
      .map(([first, unit]) => seconds(unit, unit.dts) - seconds(first, first.dts));
    assert.ok(Math.abs(since[0] - since[1]) <= toleranceS,
      `${what} ${i}: ${since[1]} s after the first, was ${since[0]} s`);
  }
}

// All of `wanted` must be in `found`, in order, without a gap, to the last one; `mayMiss` units may
// be missing at the start, and `mayMissAtEnd` where the publisher itself loses what it sent last.
// exact: the times must be the same to the tick.
export function assertSameUnits(what, wanted, found,
  { mayMiss = 0, mayMissAtEnd = 0, isExact = false } = {}) {
  assert.ok(found.length > 0, `${what}: nothing came`);
  const start = findStart(wanted, found);
  assert.notEqual(start, -1, `${what}: the first of ${found.length} units is none of those ` +
    `published: ${JSON.stringify(found[0])}`);
  assert.ok(start <= mayMiss, `${what}: the first ${start} units are missing`);
  const all = wanted.slice(start);
  const isCut = found.length < all.length && found.length >= all.length - mayMissAtEnd;
  const rest = isCut ? all.slice(0, found.length) : all;
  const wrong = rest.findIndex(({ hash }, i) => hash !== found[i]?.hash);
  assert.equal(wrong, -1, `${what}: unit ${wrong} of ${rest.length} is another one; ` +
    `${found.length} came`);
  assert.equal(found.length, rest.length, `${what}: how many came`);
  checkTimes(what, rest, found, isExact ? 1e-9 : VIDEO_TOLERANCE_S);
}

// Sound and picture belong together as they did when they were published.
export function assertSameSync(wanted, found) {
  const at = ({ pts, timescale }) => pts / timescale;
  const [before, after] = [wanted, found].map(({ video, audio }) => {
    const sound = audio.find(({ hash }) => hash === found.audio[0].hash);
    const picture = video.find(({ hash }) => hash === found.video[0].hash);
    return at(sound) - at(picture);
  });
  assert.ok(Math.abs(before - after) <= VIDEO_TOLERANCE_S,
    `the first sound is ${after} s after the first picture, was ${before} s`);
}

// Where some are missing: those that came are as far from the first picture as they were.
export function assertInPlace(wanted, found, toleranceS) {
  const at = ({ pts, timescale }) => pts / timescale;
  const places = new Map(); // hash → when; silence sounds alike
  for (const unit of [...wanted.video, ...wanted.audio]) {
    places.set(unit.hash, [...places.get(unit.hash) ?? [], at(unit)]);
  }
  const [first] = found.video;
  const offset = at(first) - places.get(first.hash)[0];
  for (const kind of ['video', 'audio']) {
    for (const [i, unit] of found[kind].entries()) {
      const away = (places.get(unit.hash) ?? []).map((place) => at(unit) - offset - place);
      assert.ok(away.length > 0, `${kind} ${i}: is none of those published`);
      const nearest = away.reduce((a, b) => (Math.abs(b) < Math.abs(a) ? b : a));
      assert.ok(Math.abs(nearest) <= toleranceS, `${kind} ${i}: ${nearest} s from its place`);
    }
  }
}

// Audio has no rounding: its timestamps lie on the grid of samples.
export function assertOnGrid(what, units, samples) {
  const steps = units.slice(1).map(({ dts }, i) => dts - units[i].dts);
  const wrong = steps.findIndex((step) => step !== samples);
  assert.equal(wrong, -1, `${what}: from frame ${wrong} to the next are ${steps[wrong]} samples, ` +
    `not ${samples}`);
}

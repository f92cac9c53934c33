// SPDX-License-Identifier: Apache-2.0
//
// The checker must be able to fail: a sound live playlist passes it, and each way of spoiling it
// is found under its rule.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  checkParent, checkPart, checkTogether, PlaylistChecker,
} from './lib/conformance.mjs';
import { mergeDelta, parseMedia } from './lib/m3u8.mjs';
import { firstDifference } from './lib/hls.mjs';

const PARTS = 4; // a segment, each 0.5 s
const PART_S = 0.5;
const FIRST_MSN = 100;
// [part from which on a card is shown, part at which it goes]
const CARDS = [[2, 7], [7, 20], [33, 41], [41, 1000]];

function date(part) {
  return new Date(Date.UTC(2026, 7, 4, 10) + part * PART_S * 1000).toISOString();
}

// The text of a live playlist whose newest part is the `count`th since the beginning.
function playlistAt(count, { listed = 8 } = {}) {
  const finished = Math.floor(count / PARTS);
  const from = Math.max(0, finished - listed);
  const lines = [
    '#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:2',
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,HOLD-BACK=6.0,' +
      'CAN-SKIP-UNTIL=12.0',
    '#EXT-X-PART-INF:PART-TARGET=0.5',
    `#EXT-X-MEDIA-SEQUENCE:${FIRST_MSN + from}`, '#EXT-X-DISCONTINUITY-SEQUENCE:0',
  ];
  CARDS.forEach(([start, end], i) => {
    if (start <= count && end >= from * PARTS) {
      const duration = ((end - start) * PART_S).toFixed(3);
      lines.push(`#EXT-X-DATERANGE:ID="c${i}",CLASS="vn.phien.card",START-DATE=` +
        `"${date(start)}"${end <= count ? `,DURATION=${duration}` : ''},X-SKU="A${i}"`);
    }
  });
  lines.push('#EXT-X-MAP:URI="i0.mp4"');
  for (let segment = from; segment * PARTS < count; segment++) {
    const isFinished = segment < finished;
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${date(segment * PARTS)}`);
    for (let k = segment * PARTS; k < Math.min(count, (segment + 1) * PARTS); k++) {
      if (finished - segment <= 3) {
        lines.push(`#EXT-X-PART:DURATION=0.500000,URI="p${k}.m4s"` +
          (k % PARTS === 0 ? ',INDEPENDENT=YES' : ''));
      }
    }
    if (isFinished) {
      lines.push('#EXTINF:2.000000,', `${FIRST_MSN + segment}.m4s`);
    }
  }
  lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p${count}.m4s"`,
    `#EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN=${FIRST_MSN + finished},LAST-PART=0`, '');
  return lines.join('\n');
}

function problemsOf(texts, options = {}) {
  const checker = new PlaylistChecker('test', { reports: 1, ...options });
  texts.forEach((text) => checker.feed(parseMedia(text)));
  return checker.problems;
}

test('a sound playlist passes, whichever of its states are fetched', () => {
  const all = Array.from({ length: 60 }, (_, i) => playlistAt(i + 1));
  assert.deepEqual(problemsOf(all), []);
  assert.deepEqual(problemsOf(all.filter((_, i) => i % 5 === 0)), []);
});

// [rule, what is spoilt, how: a change of the newest of the states at 41, 42 and 43 parts]
const SPOILERS = [
  ['grammar', 'the first line', (text) => text.replace('#EXTM3U\n', '')],
  ['grammar', 'a tag twice', (text) => text.replace('#EXT-X-VERSION:9',
    '#EXT-X-VERSION:9\n#EXT-X-VERSION:9')],
  ['grammar', 'an attribute list', (text) => text.replace('DURATION=0.500000,', 'DURATION=0.5, ')],
  ['grammar', 'a URI without EXTINF', (text) => text.replace('#EXTINF:2.000000,\n', '')],
  ['grammar', 'a header after a segment', (text) => `${text}#EXT-X-MEDIA-SEQUENCE:102\n`],
  ['version', 'too low', (text) => text.replace('VERSION:9', 'VERSION:5')],
  ['header-changed', 'the version', (text) => text.replace('VERSION:9', 'VERSION:10')],
  ['header-changed', 'the target duration',
    (text) => text.replace('TARGETDURATION:2', 'TARGETDURATION:1')],
  ['header-changed', 'the part target',
    (text) => text.replace('PART-TARGET=0.5', 'PART-TARGET=0.51')],
  ['header-changed', 'the server control',
    (text) => text.replace('CAN-SKIP-UNTIL=12', 'CAN-SKIP-UNTIL=14')],
  ['target-duration', 'absent', (text) => text.replace('#EXT-X-TARGETDURATION:2\n', '')],
  ['extinf-too-long', 'a segment longer than the target duration', (text) => text.replace(
    '#EXTINF:2.000000,', '#EXTINF:2.500000,')],
  ['discontinuity-sequence', 'absent', (text) => text.replace(/.*DISCONTINUITY-SEQ.*\n/, '')],
  ['hold-back', 'too short', (text) => text.replace('HOLD-BACK=6.0', 'HOLD-BACK=5.0')],
  ['part-hold-back', 'too short', (text) => text.replace('BACK=1.5', 'BACK=1.4')],
  ['part-hold-back', 'absent', (text) => text.replace('PART-HOLD-BACK=1.5,', '')],
  ['block-reload', 'not offered', (text) => text.replace('CAN-BLOCK-RELOAD=YES,', '')],
  ['skip-until', 'too short', (text) => text.replace('UNTIL=12.0', 'UNTIL=11.0')],
  ['server-control', 'absent', (text) => text.replace(/.*SERVER-CONTROL.*\n/, '')],
  ['map', 'absent', (text) => text.replace(/.*EXT-X-MAP.*\n/, '')],
  ['map', 'not repeated after a discontinuity', (text) => text.replace(/(.*PROGRAM.*\n.*p40)/,
    '#EXT-X-DISCONTINUITY\n$1')],
  ['msn-back', 'MEDIA-SEQUENCE', (text) => text.replace(/SEQUENCE:102/, 'SEQUENCE:101')],
  ['discontinuity-sequence', 'goes back', (text) => text, (text) => text.replace(
    'DISCONTINUITY-SEQUENCE:0', 'DISCONTINUITY-SEQUENCE:1')],
  ['segment-changed', 'a URI', (text) => text.replace('109.m4s', '109b.m4s')],
  ['segment-changed', 'a duration', (text) => text.replace('#EXTINF:2.000000,\n105',
    '#EXTINF:1.990000,\n105')],
  ['segment-changed', 'a date', (text) => text.replace(date(36), date(36).replace('00Z', '01Z'))],
  ['segment-changed', 'a discontinuity that comes late', (text) => text.replace(
    /(.*PROGRAM.*\n.*p36)/, '#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI="i0.mp4"\n$1')],
  ['part-changed', 'a URI', (text) => text.replace('p41.m4s', 'p41b.m4s')],
  ['part-changed', 'INDEPENDENT', (text) => text.replace('p41.m4s"', 'p41.m4s",INDEPENDENT=YES')],
  ['part-changed', 'a name used twice', (text) => text.replace('p42.m4s', 'p41.m4s')],
  ['parts-removed', 'parts near the end', (text) => text.replace(/#EXT-X-PART:.*p36.*\n/, '')],
  ['parts-far', 'parts that stay too long', (text) => text.replace('#EXTINF:2.000000,\n103.m4s',
    '#EXT-X-PART:DURATION=2.0,URI="x",INDEPENDENT=YES\n#EXTINF:2.000000,\n103.m4s')],
  ['part-too-long', 'a part', (text) => text.replace('0.500000,URI="p42', '0.510000,URI="p42')],
  ['part-too-short', 'a part', (text) => text.replace('0.500000,URI="p41', '0.400000,URI="p41')],
  ['extinf-sum', 'parts', (text) => text.replace('0.500000,URI="p38', '0.490000,URI="p38')],
  ['independent', 'a segment that cannot be decoded by itself',
    (text) => text.replace('p40.m4s",INDEPENDENT=YES', 'p40.m4s"')],
  ['date', 'absent', (text) => text.replace(/.*PROGRAM-DATE-TIME.*\n/, '')],
  ['grammar', 'a date without milliseconds', (text) => text.replace(/\.000Z/, 'Z')],
  ['date', 'a gap', (text) => text.replace(date(40), date(41))],
  ['date', 'an overlap', (text) => text.replace(date(40), date(39))],
  ['hint', 'absent', (text) => text.replace(/.*PRELOAD-HINT.*\n/, '')],
  ['hint', 'twice', (text) => text.replace(/(.*PRELOAD-HINT.*\n)/, '$1$1')],
  ['hint', 'at a part that is there', (text) => text.replace('p43.m4s', 'p42.m4s')],
  ['hint', 'broken', (text) => text.replace('p42.m4s', 'p42b.m4s')],
  ['rendition-report', 'absent', (text) => text.replace(/.*RENDITION-REPORT.*\n/, '')],
  ['rendition-report', 'with a part where there is none',
    (text) => text.replace('audio.m3u8', 'cards.m3u8')],
  ['rendition-report', 'without a part', (text) => text.replace(',LAST-PART=0', '')],
  ['rendition-report', 'back', (text) => text.replace('LAST-MSN=110', 'LAST-MSN=109')],
  ['date-range', 'an ID twice', (text) => text.replace('ID="c2"', 'ID="c3"')],
  ['date-range', 'no start', (text) => text.replace(/,START-DATE="[^"]*"/, '')],
  ['date-range', 'no class', (text) => text.replace(',CLASS="vn.phien.card"', '')],
  ['date-range', 'an overlap', (text) => text.replace('DURATION=4.000', 'DURATION=4.001')],
  ['date-range', 'an end before the beginning',
    (text) => text.replace('DURATION=4.000', 'DURATION=-4')],
  ['date-range-changed', 'an attribute', (text) => text.replace('"A2"', '"A9"')],
  ['date-range-changed', 'an attribute less', (text) => text.replace(',X-SKU="A2"', '')],
  ['date-range-changed', 'an attribute more', (text) => text.replace('"A2"', '"A2",X-MORE=1')],
  ['date-range-changed', 'the start', (text) => text.replace(
    `START-DATE="${date(41)}"`, `START-DATE="${date(42)}"`)],
  ['date-range-changed', 'open again', (text) => text.replace(',DURATION=4.000', '')],
  ['date-range-changed', 'the end', (text) => text.replace('DURATION=4.000', 'DURATION=3.900')],
  ['date-range-gone', 'one that is listed by date', (text) => text.replace(/.*ID="c2".*\n/, '')],
  ['date-range-gone', 'the open one', (text) => text.replace(/.*ID="c3".*\n/, '')],
  ['ended', 'a hint after the end', (text) => `${text}#EXT-X-ENDLIST\n`],
  ['end-back', 'a part is gone', (text) => text.replace(/#EXT-X-PART.*p4[12].*\n/g, '')],
];

for (const [rule, what, spoil, spoilBefore = (text) => text] of SPOILERS) {
  test(`finds ${rule}: ${what}`, () => {
    const sound = [playlistAt(41), playlistAt(42), playlistAt(43)];
    const states = [spoilBefore(sound[0]), spoilBefore(sound[1]), spoil(sound[2])];
    assert.notDeepEqual(states, sound, 'the spoiler does nothing');
    const rules = problemsOf(states).map((problem) => problem.split(': ')[1]);
    assert.ok(rules.includes(rule), `found: ${problemsOf(states).join('\n') || 'nothing'}`);
  });
}

test('finds window: segments removed while too few are left', () => {
  const few = problemsOf([playlistAt(41), playlistAt(45, { listed: 2 })]);
  assert.match(few.join('\n'), /: window: /);
});

test('finds ended: changes after EXT-X-ENDLIST', () => {
  const ended = playlistAt(40).replace(/#EXT-X-(PRELOAD|RENDITION).*\n/g, '');
  assert.deepEqual(problemsOf([playlistAt(40), `${ended}#EXT-X-ENDLIST\n`]), []);
  assert.match(problemsOf([`${ended}#EXT-X-ENDLIST\n`, playlistAt(41)]).join('\n'), /: ended: /);
});

test('short parts are allowed at the end of a segment and where decoding can begin', () => {
  const short = (text) => text.replace('#EXT-X-PART:DURATION=0.500000,URI="p39',
    '#EXT-X-PART:DURATION=0.300000,URI="p39').replace('2.000000,\n109', '1.800000,\n109')
    .replace(date(40), new Date(Date.parse(date(40)) - 200).toISOString());
  assert.deepEqual(problemsOf([short(playlistAt(40)), short(playlistAt(41))]), []);
});

// The states of a run that ended at 42 parts, and of the next one, whose first segment has this
// number, this number of discontinuities before it, and its names.
function problemsAtRestart({ msn = 1000, discontinuity = 50, epoch = 'e2-', shift = 3600e3,
  spoil = (text) => text } = {}) {
  const checker = new PlaylistChecker('test', { reports: 1 });
  checker.feed(parseMedia(playlistAt(42)));
  checker.restart();
  for (const count of [1, 3, 5, 9]) {
    const text = playlistAt(count).replaceAll('#EXT-X-DATERANGE', '#X')
      .replace('MEDIA-SEQUENCE:100', `MEDIA-SEQUENCE:${msn}`)
      .replace('DISCONTINUITY-SEQUENCE:0', `DISCONTINUITY-SEQUENCE:${discontinuity}`)
      .replace('#EXT-X-MAP', '#EXT-X-DISCONTINUITY\n#EXT-X-MAP')
      .replaceAll(/(URI="(?!audio)|^)(?=[ip]?\d+\.m)/gm, `$1${epoch}`)
      .replaceAll(/(?<=TIME:).*/g, (at) => new Date(Date.parse(at) + shift).toISOString());
    checker.feed(parseMedia(spoil(text)));
  }
  return checker.problems;
}

test('a restart is another run of the same channel', () => {
  assert.deepEqual(problemsAtRestart(), []);
  const spoilt = {
    'msn-back': { msn: 110 },
    'discontinuity-sequence': { spoil: (text) => text.replace('#EXT-X-DISCONTINUITY\n', '')
      .replace('DISCONTINUITY-SEQUENCE:50', 'DISCONTINUITY-SEQUENCE:0') },
    date: { shift: -60000 },
    'name-again': { epoch: '' },
    'header-changed': { spoil: (text) => text.replace('TARGETDURATION:2', 'TARGETDURATION:3') },
  };
  for (const [rule, how] of Object.entries(spoilt)) {
    const problems = problemsAtRestart(how);
    assert.ok(problems.some((problem) => problem.includes(`: ${rule}: `)),
      `${rule}: ${problems.join('\n')}`);
  }
});

test('other renditions must agree', () => {
  const a = parseMedia(playlistAt(41));
  assert.deepEqual(checkTogether({ a, b: a }), []);
  const spoilt = [
    playlistAt(41).replace('TARGETDURATION:2', 'TARGETDURATION:3'),
    playlistAt(41).replace('UNTIL=12', 'UNTIL=13'),
    playlistAt(41).replace('DISCONTINUITY-SEQUENCE:0', 'DISCONTINUITY-SEQUENCE:1'),
    playlistAt(41).replace(/.*ID="c2".*\n/, ''),
    playlistAt(41).replace('"A2"', '"A9"'),
  ];
  for (const text of spoilt) {
    assert.notDeepEqual(checkTogether({ a, b: parseMedia(text) }), []);
    assert.notDeepEqual(checkTogether({ b: parseMedia(text), a }), []);
  }
  // A state that was fetched earlier or later is no other presentation.
  for (const parts of [33, 40, 48, 60]) {
    assert.deepEqual(checkTogether({ a, b: parseMedia(playlistAt(parts)) }), []);
  }
  const shifted = parseMedia(playlistAt(41).replace(date(36), date(36).replace('00Z', '01Z')));
  assert.deepEqual(checkTogether({ a, b: shifted }), []);
  assert.equal(checkTogether({ a, b: shifted }, { aligned: ['b'] }).length, 1);
});

test('a date range that was gone is not to come back', () => {
  const back = playlistAt(60).replace('#EXT-X-MAP', '#EXT-X-DATERANGE:ID="c0",' +
    `CLASS="vn.phien.card",START-DATE="${date(2)}",DURATION=2.500,X-SKU="A0"\n#EXT-X-MAP`);
  assert.match(problemsOf([playlistAt(30), playlistAt(59), back]).join('\n'), /c0 is back/);
});

test('a parent must be what its parts are', () => {
  const parts = [Buffer.from('ab'), Buffer.from('c')];
  assert.deepEqual(checkParent({ msn: 1 }, Buffer.from('abc'), parts), []);
  assert.equal(checkParent({ msn: 1 }, Buffer.from('abd'), parts).length, 1);
  assert.equal(checkParent({ msn: 1 }, Buffer.from('ab'), parts).length, 1);
});

function videoSample(nalType, isSync, duration = 9000) {
  const data = Buffer.from([0, 0, 0, 2, nalType, 0x80]);
  return { kind: 'video', track: { codec: 'avc1', timescale: 90000 }, duration, isSync, data };
}

test('INDEPENDENT and DURATION are held against the samples', () => {
  const key = videoSample(5, true);
  const delta = videoSample(1, false);
  const part = (isIndependent, duration) => ({ isIndependent, duration });
  assert.deepEqual(checkPart('1.0', part(true, 0.2), [key, delta]), []);
  assert.deepEqual(checkPart('1.1', part(false, 0.2), [delta, delta]), []);
  const audio = { kind: 'audio', track: { codec: 'mp4a', timescale: 1000 }, duration: 100 };
  assert.deepEqual(checkPart('1.2', part(false, 0.001), [audio]), []);
  assert.deepEqual(checkPart('1.2', part(true, 0.1), [audio], { hasVideo: false }), []);
  assert.equal(checkPart('1.2', part(true, 0.01), [audio], { hasVideo: false }).length, 1);
  const wrong = [
    [part(true, 0.1), [audio]],
    [part(false, 0.3), [audio]],
    [part(true, 0.2), [delta, delta]],
    [part(false, 0.2), [key, delta]],
    [part(false, 0.2), [delta, key]],
    [part(false, 0.4), [delta, delta]],
    [part(false, 0.2), []],
    [part(true, 0.2), [videoSample(5, false), delta]],
  ];
  for (const [tag, samples] of wrong) {
    assert.equal(checkPart('1.2', tag, samples).length, 1);
  }
});

test('a delta laid over the playlist before it is the whole playlist', () => {
  const before = parseMedia(playlistAt(41));
  const after = playlistAt(45);
  const delta = after.replace(/#EXT-X-MAP[\s\S]*?104\.m4s\n/,
    '#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n');
  const merged = mergeDelta(before, parseMedia(delta));
  assert.equal(firstDifference(merged, parseMedia(after)), null);
  const other = parseMedia(after.replace('104.m4s', '104b.m4s'));
  assert.match(firstDifference(merged, other), /104b/);
  const gap = parseMedia(delta.replace('SEQUENCE:103', 'SEQUENCE:120'));
  assert.throws(() => mergeDelta(before, gap), /skips/);
});

// SPDX-License-Identifier: Apache-2.0
//
// Whether a soak's viewers would notice: its reader of playlists is given what players give up
// over. And whether a seed repeats its plan.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { viewerHabits } from '../soak/habits.mjs';
import { Curve } from '../soak/meter.mjs';
import { seasons } from '../soak/plan.mjs';
import { Follower, nextOf, scanPlaylist } from '../soak/playlist.mjs';

const STATE = `#EXTM3U
#EXT-X-VERSION:10
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:100
#EXT-X-DISCONTINUITY-SEQUENCE:7
#EXT-X-MAP:URI="av-e-i1.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:2.000000,
av-e-s100.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="av-e-i2.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z
#EXT-X-PART:DURATION=1.00000,URI="av-e-p5.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=1.00000,URI="av-e-p6.m4s"
#EXTINF:2.000000,
av-e-s101.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:04.000Z
#EXT-X-PART:DURATION=1.00000,URI="av-e-p7.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="av-e-p8.m4s"
`;

const MORE = STATE.replace('#EXT-X-PRELOAD-HINT:TYPE=PART,URI="av-e-p8.m4s"',
  '#EXT-X-PART:DURATION=1.00000,URI="av-e-p8.m4s"');

// What is found when a player gets these states one second after the other.
function follow(...states) {
  const found = [];
  const follower = new Follower((what) => found.push(what));
  states.forEach((state, i) => follower.take(state, 1000 * i, 1000 * i));
  return found;
}

test('what is listed is read', () => {
  const scan = scanPlaylist(STATE);
  assert.deepEqual(scan.segments.map(({ msn, uri, map, parts }) => [msn, uri, map, parts.length]), [
    [100, 'av-e-s100.m4s', 'av-e-i1.mp4', 0],
    [101, 'av-e-s101.m4s', 'av-e-i2.mp4', 2],
    [102, null, 'av-e-i2.mp4', 1],
  ]);
  assert.equal(scan.hint, 'av-e-p8.m4s');
  assert.deepEqual(nextOf(scan), { msn: 102, part: 1 });
  assert.equal(scanPlaylist(`${STATE}#EXT-X-ENDLIST\n`).isEnded, true);
});

const FAULTS = [
  ['nothing', [STATE, MORE]],
  ['mediaSequence back', [STATE, MORE.replace('SEQUENCE:100', 'SEQUENCE:99')]],
  ['discontinuitySequence back', [STATE, MORE.replace('SEQUENCE:7', 'SEQUENCE:6')]],
  ['end back', [STATE, MORE.slice(0, MORE.lastIndexOf('#EXT-X-PROGRAM-DATE'))]],
  ['target duration changed', [STATE, MORE.replace('TARGETDURATION:2', 'TARGETDURATION:3')]],
  ['line changed', [STATE, MORE.replace('av-e-s101', 'av-e-s109')]],
  ['line changed', [STATE, MORE.replace('EXTINF:2.000000,\nav-e-s101', 'EXTINF:1.9,\nav-e-s101')]],
  ['line changed', [STATE, MORE.replace('00:00:02.000Z', '00:00:02.100Z')]],
  ['line changed', [STATE, MORE.replace('i2.mp4', 'i3.mp4')]],
  ['line changed', [STATE, MORE.replace('p7.m4s', 'p9.m4s')]],
  ['part gone', [STATE, MORE.replace(/#EXT-X-PART.*p6.*\n/, '')]],
  ['playlist stuck', Array(9).fill(STATE)],
  ['nothing', Array(8).fill(STATE)],
];

for (const [what, states] of FAULTS) {
  test(`finds ${what}`, () => {
    const found = follow(...states);
    assert.ok(what === 'nothing' ? found.length === 0 : found.includes(what), `${found}`);
  });
}

test('a seed repeats its plan', () => {
  const take = (plan) => Array.from({ length: 50 }, () => plan.next().value);
  assert.deepEqual(take(seasons(5, 3)), take(seasons(5, 3)));
  assert.notDeepEqual(take(seasons(5, 3)), take(seasons(6, 3)));
  assert.equal(viewerHabits(5).length, 100);
  assert.deepEqual(viewerHabits(5).map(take), viewerHabits(5).map(take));
});

test('memory is a mean over some seconds', () => {
  const curve = new Curve();
  [10, 20, null, 30].forEach((mb, s) => curve.add(s, mb));
  assert.equal(curve.around(1, 3), 25);
});

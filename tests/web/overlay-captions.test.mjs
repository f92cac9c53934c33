// SPDX-License-Identifier: Apache-2.0
//
// The captions that say the card: not where it is drawn.

import assert from 'node:assert/strict';
import test from 'node:test';

import { Captions } from '../../src/web/overlay/captions.js';
import { FakeVideo } from './lib/overlay.mjs';

function makeTracks() {
  const video = new FakeVideo();
  const tracks = [['subtitles', 'Giỏ hàng'], ['subtitles', 'Tiếng Việt'], ['metadata', 'Giỏ hàng']]
    .map(([kind, label]) => Object.assign(video.addTrack(kind), { label, mode: 'showing' }));
  return { video, change: () => video.textTracks.dispatchEvent(new Event('change')),
    modes: () => tracks.map(({ mode }) => mode) };
}

test('they are switched off whenever a player shows them, and nothing else is', () => {
  const { video, change, modes } = makeTracks();
  const captions = new Captions(video);
  assert.deepEqual(modes(), ['disabled', 'showing', 'showing']);
  video.textTracks[0].mode = 'showing';
  change();
  assert.deepEqual(modes(), ['disabled', 'showing', 'showing']);
  captions.close();
  video.textTracks[0].mode = 'showing';
  change();
  video.dispatchEvent(new Event('webkitendfullscreen'));
  assert.deepEqual(modes(), ['showing', 'showing', 'showing']);
});

test('they are for the whole screen of an iPhone, where there is no card', () => {
  const { video, modes } = makeTracks();
  const captions = new Captions(video);
  video.webkitDisplayingFullscreen = true;
  video.dispatchEvent(new Event('webkitbeginfullscreen'));
  assert.equal(modes()[0], 'showing');
  video.webkitDisplayingFullscreen = false;
  video.dispatchEvent(new Event('webkitendfullscreen'));
  assert.equal(modes()[0], 'disabled');
  captions.close();
});

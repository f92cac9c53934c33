// SPDX-License-Identifier: Apache-2.0
//
// Chooses the player. Both have start(url), stop(), resume(), tick(nowMs), playingDate and ahead,
// and call the same hooks.

import { HlsPlayer } from './hls-player.js';
import { NativePlayer } from './native-player.js';

export function choosePlayer({ hasMediaSource, hasNativeHls }) {
  if (hasMediaSource) {
    return HlsPlayer;
  }
  return hasNativeHls ? NativePlayer : null;
}

// A player, or null if the browser has no way to play HLS.
export function createPlayer(video, hooks) {
  const Player = choosePlayer({
    hasMediaSource: 'ManagedMediaSource' in window || 'MediaSource' in window,
    hasNativeHls: video.canPlayType('application/vnd.apple.mpegurl') !== '',
  });
  return Player && new Player(video, hooks);
}

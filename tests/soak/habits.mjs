// SPDX-License-Identifier: Apache-2.0
//
// Who watches what, how, and for how long.

import { CHANNELS, Dice, isFaithful, PUBLISHERS } from './plan.mjs';

// count: viewers of that kind. isEach: one on each channel, for MPEG-TS is packaged only where
// somebody watches it, and memory is to be steady. isSound: only where there always is some.
// depth: how many segments from the end a plain player begins. isChecked: held against all rules of
// the protocol.
const KINDS = [
  { count: 6, path: 'av.m3u8', isLowLatency: true, isChecked: true },
  { count: 14, path: 'av.m3u8', isLowLatency: true, takesDeltas: true },
  { count: 14, path: 'av.m3u8', isLowLatency: true, takesHints: true },
  { count: 6, path: 'audio.m3u8', isLowLatency: true, isSound: true },
  { count: PUBLISHERS, path: 'ts/index.m3u8', depth: 3, isEach: true },
  { count: 2, path: 'av.m3u8', depth: 3, isChecked: true },
  { count: 17, path: 'av.m3u8', depth: 3 },
  { count: 9, path: 'av.m3u8', depth: Infinity },
  { count: 6, path: 'audio.m3u8', depth: 3, isSound: true },
  { count: 6, path: 'cards.m3u8', depth: 3 },
];

const FRAME_S = 0.07; // of 15 a second

const rulesOf = ({ path, isLowLatency = false }) => ({ isLowLatency, reports: null,
  frameS: FRAME_S, hasMap: !/^ts\/|cards/.test(path) });

function* habitsOf(kind, dice, i) {
  for (;;) {
    const numbers = CHANNELS.map((_, number) => number).filter((number) =>
      (!kind.isEach || number === i) && (!kind.isSound || isFaithful(number)));
    const number = dice.oneOf(numbers);
    yield { ...kind, channel: CHANNELS[number], seconds: dice.between(15, 90),
      rules: kind.isChecked ? rulesOf(kind) : null };
  }
}

// A hundred of them.
export function viewerHabits(seed) {
  return KINDS.flatMap((kind, k) => Array.from({ length: kind.count }, (_, i) =>
    habitsOf(kind, new Dice(seed, 1000 * (k + 1) + i), i)));
}

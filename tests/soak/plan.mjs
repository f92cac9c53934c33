// SPDX-License-Identifier: Apache-2.0
//
// What happens in a soak, drawn from a seed: the same seed gives everybody the same plan, as far
// as the clock of the machine lets them keep to it.

// Mulberry32: 32 bits of state are plenty for who comes when.
export class Dice {
  constructor(seed, number = 0) {
    this.state = (seed ^ Math.imul(number + 1, 0x9e3779b9)) >>> 0;
  }

  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let x = this.state;
    x = Math.imul(x ^ (x >>> 15), x | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  }

  between(least, most) {
    return least + this.next() * (most - least);
  }

  below(count) {
    return Math.floor(this.next() * count);
  }

  oneOf(list) {
    return list[this.below(list.length)];
  }

  chance(share) {
    return this.next() < share;
  }
}

export const PUBLISHERS = 20;

// In seconds. Who is away for longer than that finds that the channel has ended.
export const GRACE_S = 20;
export const LINGER_S = 6;

// Their publishers always come back in time and always have sound: whoever watches them sees one
// stream from the beginning to the end.
const FAITHFUL = 4;

export const channelName = (number) => `cho${number}`;

export const CHANNELS = Array.from({ length: PUBLISHERS }, (_, i) => channelName(i));

export const isFaithful = (number) => number < FAITHFUL;

// The first of it is rougher than all that follows: short times on air, and no long ones away. What
// memory all this takes at worst, it has taken then, and what comes on top later is a leak.
const ROUGH_S = 45;

const WITH_SOUND = ['landscape', 'portrait', 'small', 'slow'];

// How it ends:
//   stop     the app ends the stream
//   kill     the connection breaks
//   abandon  the connection stays, and nothing comes any more; the phone is back over another one
function drawEnding(dice, number) {
  return isFaithful(number) ? dice.oneOf(['kill', 'abandon'])
    : dice.oneOf(['stop', 'kill', 'kill', 'abandon']);
}

function drawAwayS(dice, number) {
  if (isFaithful(number)) {
    return dice.between(0.5, 8);
  }
  return dice.chance(0.1) ? dice.between(GRACE_S + 2, GRACE_S + 12) : dice.between(0.5, 10);
}

// The network hangs for a while, and all that has waited comes at once. Up to what the server
// calls silence, and beyond.
function drawStall(dice, airS) {
  return dice.chance(0.3)
    ? { afterS: dice.between(airS / 4, airS / 2), forS: dice.between(1, 13) } : null;
}

// The times that publisher `index` goes on air, one after the other, for ever. One in five is on
// somebody else's channel: a takeover, if that one is on air. Where it goes on for long enough, two
// fight for a channel.
export function* seasons(seed, index) {
  const dice = new Dice(seed, index);
  let at = 0;
  for (;;) {
    const isRough = at < ROUGH_S;
    const isVisiting = dice.chance(0.2) && !isFaithful(index);
    const number = isVisiting ? dice.below(PUBLISHERS) : index;
    const airS = isRough ? dice.between(4, 10) : dice.between(8, 40);
    const isSilent = !isFaithful(number) && dice.chance(0.2);
    const pauseS = isRough ? dice.between(0.5, 4) : drawAwayS(dice, number);
    at += airS + pauseS;
    yield {
      number,
      channel: channelName(number),
      protocol: dice.chance(0.5) ? 'rtmp' : 'srt',
      source: isSilent ? 'silent' : dice.oneOf(WITH_SOUND),
      airS,
      stall: drawStall(dice, airS),
      ending: drawEnding(dice, number),
      pauseS,
    };
  }
}

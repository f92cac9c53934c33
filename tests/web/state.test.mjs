// SPDX-License-Identifier: Apache-2.0
import assert from 'node:assert/strict';
import test from 'node:test';

import { initialModel, pollDelayMs, STATES, step } from '../../src/web/watch/state.js';

const ON = { type: 'info', live: true };
const OFF = { type: 'info', live: false };
const UNKNOWN = { type: 'unknown' };
const UNREACHABLE = { type: 'unreachable' };
const FRAME = { type: 'frame' };
const STALL = { type: 'stall' };
const ENDED = { type: 'ended' };
const FAILED = { type: 'failed' };
const LATE = { type: 'late' };
const BLOCKED = { type: 'blocked' };
const TAP = { type: 'tap' };
const UNSUPPORTED = { type: 'unsupported' };
const WAKE = { type: 'wake' };
const HIDDEN = { type: 'hidden', audible: false };
const tick = (ahead = 0) => ({ type: 'tick', ahead });

// A page that lives through events. A number lets that many milliseconds go by, with a tick every
// half second as on the page; `effects` are those of the last call.
class Story {
  constructor() {
    this.now = 1000;
    this.model = initialModel(this.now);
    this.effects = [];
    this.ahead = 0;
  }

  get state() {
    return this.model.state;
  }

  tell(...events) {
    this.effects = [];
    for (const event of events) {
      if (typeof event === 'number') {
        this.#wait(event);
      } else {
        this.#apply(event);
      }
    }
    return this;
  }

  #apply(event) {
    const { model, effects } = step(this.model, { ...event, now: this.now });
    assert.ok(STATES.includes(model.state), model.state);
    this.model = model;
    this.effects.push(...effects);
  }

  #wait(ms) {
    for (const end = this.now + ms; this.now < end;) {
      this.now = Math.min(end, this.now + 500);
      this.#apply(tick(this.ahead));
    }
  }

  is(state, ...effects) {
    assert.deepEqual([this.state, ...this.effects], [state, ...effects]);
    return this;
  }
}

const story = () => new Story();
const playing = () => story().tell(ON, 500, FRAME).is('playing', 'start');

test('a market that is open starts at once', () => {
  story().tell(ON).is('starting', 'start').tell(300, FRAME).is('playing');
});

test('a market that is closed is waited for', () => {
  story().tell(OFF).is('waiting').tell(2000, OFF, 2000, OFF).is('waiting').tell(ON)
    .is('starting', 'start');
});

test('an unknown stall may still be put up', () => {
  story().tell(UNKNOWN).is('unknown').tell(8000, UNKNOWN).is('unknown').tell(OFF).is('waiting')
    .tell(UNKNOWN).is('unknown').tell(ON).is('starting', 'start');
});

test('a page without a network says so, and goes on when there is one', () => {
  story().tell(UNREACHABLE).is('offline').tell(UNREACHABLE).is('offline').tell(OFF).is('waiting');
  story().tell(UNREACHABLE, ON).is('starting', 'start');
  story().tell(OFF, UNREACHABLE).is('waiting');
});

test('a picture that stalls is reconnecting until it moves', () => {
  playing().tell(STALL).is('reconnecting').tell(5000, STALL).is('reconnecting').tell(FRAME)
    .is('playing');
});

test('a stall for want of media makes no new player, however long', () => {
  playing().tell(STALL, 60000).is('reconnecting');
});

test('a stall before listed media makes a new player, but not at once', () => {
  const stuck = playing().tell(20000, FRAME, STALL);
  stuck.ahead = 3;
  stuck.tell(7500).is('reconnecting').tell(2000).is('reconnecting', 'start');
});

test('a player that cannot tell how much media there is gets the benefit of a new one', () => {
  const stuck = playing().tell(20000, FRAME, STALL);
  stuck.ahead = null;
  stuck.tell(9500).is('reconnecting', 'start');
});

test('a new player after a stall is given time before the next', () => {
  const stuck = playing().tell(20000, FRAME, STALL);
  stuck.ahead = 3;
  stuck.tell(9500).is('reconnecting', 'start').tell(11500).is('reconnecting')
    .tell(3000).is('reconnecting', 'start');
});

test('a start that shows nothing is tried anew', () => {
  story().tell(ON, 11500).is('starting', 'start').tell(2000).is('starting', 'start');
});

test('players that fail follow each other ever more slowly', () => {
  const failing = story().tell(ON);
  const waits = [];
  for (let i = 0; i < 6; i += 1) {
    const failedAt = failing.now;
    failing.tell(FAILED).is('starting');
    while (!failing.effects.includes('start')) {
      failing.tell(500);
    }
    waits.push(failing.now - failedAt);
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 8000, 8000]);
});

test('a picture takes the slowness away', () => {
  const failing = story().tell(ON, FAILED, 1000, FAILED, 2000, FRAME).is('playing', 'start',
    'start', 'start');
  failing.tell(FAILED).is('reconnecting').tell(1000).is('reconnecting', 'start');
});

test('failing twice before the next start is one failure', () => {
  story().tell(ON, FAILED, FAILED, 500).is('starting', 'start').tell(500).is('starting', 'start');
});

test('a picture that is late is joined anew, and stays what it is until then', () => {
  playing().tell(LATE).is('playing', 'start').tell(STALL, LATE).is('reconnecting', 'start');
  story().tell(OFF, LATE).is('waiting');
});

test('the end of the stream is the end of the market, and the next one starts', () => {
  playing().tell(ENDED).is('waiting', 'stop').tell(2000, OFF).is('waiting').tell(ON)
    .is('starting', 'start').tell(FRAME).is('playing');
});

test('while the picture moves, nothing that is said about the channel matters', () => {
  playing().tell(OFF, UNKNOWN, UNREACHABLE, ON).is('playing');
});

test('a channel that is off air and stands still is closed after a while', () => {
  playing().tell(STALL, 2000, OFF, 10000, OFF).is('reconnecting').tell(9000, OFF)
    .is('waiting', 'stop');
});

test('a channel that stands still but is on air is not', () => {
  playing().tell(STALL, 60000, ON).is('reconnecting');
});

test('a channel that goes off air before its first picture is waited for again', () => {
  story().tell(ON, 3000, OFF).is('waiting', 'start', 'stop');
  story().tell(ON, 3000, UNKNOWN).is('unknown', 'start', 'stop');
});

test('a refused autoplay waits for the finger', () => {
  story().tell(ON, BLOCKED).is('blocked', 'start').tell(60000, STALL).is('blocked').tell(TAP)
    .is('starting', 'resume').tell(FRAME).is('playing');
  story().tell(ON, BLOCKED, FRAME).is('playing', 'start');
  story().tell(ON, BLOCKED, OFF).is('waiting', 'start', 'stop');
  playing().tell(TAP).is('playing');
});

test('a device without the codecs is told, and asked again now and then', () => {
  const page = story().tell(ON, UNSUPPORTED).is('unsupported', 'start', 'stop');
  page.tell(29500).is('unsupported').tell(500).is('starting', 'start');
  story().tell(ON, UNSUPPORTED, OFF).is('waiting', 'start', 'stop');
});

test('a hidden page without sound stops loading, and wakes at the live edge', () => {
  playing().tell(HIDDEN, 29500).is('playing').tell(500).is('asleep', 'stop')
    .tell(60000, ON, OFF, UNKNOWN, FRAME, STALL, FAILED, ENDED).is('asleep').tell(WAKE)
    .is('starting', 'start', 'poll');
});

test('a hidden page with sound plays on', () => {
  playing().tell({ type: 'hidden', audible: true }, 120000).is('playing');
});

test('a short look away changes nothing but the place', () => {
  playing().tell(HIDDEN, 5000, WAKE).is('playing', 'resume', 'poll').tell(60000).is('playing');
});

test('waking asks at once, whatever the page was doing', () => {
  story().tell(OFF, HIDDEN, 60000, WAKE).is('waiting', 'poll');
  story().tell(UNREACHABLE, WAKE).is('offline', 'poll');
  story().tell(UNKNOWN, WAKE).is('unknown', 'poll');
});

test('after the end nothing is left that starts a player by itself', () => {
  playing().tell(FAILED, ENDED).is('waiting', 'stop').tell(60000).is('waiting');
});

test('no event in any state leaves the states, or makes a player beside a player', () => {
  const events = [ON, OFF, UNKNOWN, UNREACHABLE, FRAME, STALL, ENDED, FAILED, LATE, BLOCKED, TAP,
    UNSUPPORTED, WAKE, HIDDEN, 500, 5000, 30000];
  let seed = 7;
  const page = story();
  let hasPlayer = false;
  for (let i = 0; i < 20000; i += 1) {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    page.ahead = i % 3 === 0 ? null : i % 5;
    page.tell(events[(seed >> 8) % events.length]);
    for (const effect of page.effects) {
      assert.ok(['start', 'stop', 'resume', 'poll'].includes(effect), effect);
      assert.ok(effect !== 'resume' || hasPlayer, 'resume without a player');
      hasPlayer = effect === 'start' || (effect !== 'stop' && hasPlayer);
    }
    const wantsPlayer = ['starting', 'playing', 'reconnecting', 'blocked'].includes(page.state);
    assert.equal(hasPlayer, wantsPlayer, page.state);
  }
});

test('polling is quick where something is waited for, and never in step', () => {
  assert.equal(pollDelayMs('waiting', false, 0.5), 2000);
  assert.equal(pollDelayMs('waiting', false, 0), 1500);
  assert.equal(pollDelayMs('waiting', false, 0.999), 2499);
  assert.ok(pollDelayMs('playing', false, 0) > 10000);
  assert.equal(pollDelayMs('playing', true, 0.5), 2000);
  for (const state of STATES) {
    assert.notEqual(pollDelayMs(state, false, 0.1), pollDelayMs(state, false, 0.9), state);
  }
});

// SPDX-License-Identifier: Apache-2.0
//
// What the page is doing, as a function: the model and an event in, the next model and what is to
// be done out. No clock, no DOM: every event carries its time.
//
//   loading ──► waiting ◄──► starting ──► playing ◄──► reconnecting
//       └─────► unknown, offline               └─ all of these ──► asleep (hidden), blocked
//
// Events   info {live} · unknown · unreachable      the answer about the channel
//          frame · stall · ended                    from the player: the picture moves, or not
//          failed · late                            from the player: a new one is needed; at once
//          blocked · tap · unsupported              autoplay refused; the viewer's finger; codecs
//          hidden {audible} · wake
//          tick {ahead}       seconds of media listed beyond the picture; null: not known
// Effects  start · stop · resume (to the live edge) · poll (ask for the channel now)

const START_TIMEOUT_MS = 12000;
const STALL_RESTART_MS = 8000;

// A picture that stands still for want of media needs no new player, which would only show the
// last second over again. One that stands still before this much media does.
const STUCK_AHEAD_S = 1.5;

const UNSUPPORTED_RETRY_MS = 30000;

// A channel that says it is off air while the picture stands still gets this long to come back
// before the page shows the closed market instead of the last picture.
const OFF_AIR_PATIENCE_MS = 20000;

// A hidden page without sound is not watched: after this it stops spending the viewer's data.
const SLEEP_AFTER_MS = 30000;

const BACKOFF_MIN_MS = 1000;
const BACKOFF_MAX_MS = 8000;

export const STATES = ['loading', 'waiting', 'starting', 'playing', 'reconnecting', 'offline',
  'unknown', 'unsupported', 'blocked', 'asleep'];

const WITH_PLAYER = ['starting', 'playing', 'reconnecting', 'blocked'];

export function initialModel(now = 0) {
  return {
    state: 'loading',
    sinceMs: now, // in this state
    startedAtMs: -Infinity, // the newest player
    failures: 0, // players in a row that showed nothing
    restartAtMs: null,
    hiddenAtMs: null,
  };
}

function enter(model, state, now) {
  return { ...model, state, sinceMs: now, restartAtMs: null };
}

function start(model, state, now) {
  return {
    model: { ...enter(model, state, now), startedAtMs: now },
    effects: ['start'],
  };
}

// The market has closed, or was never open.
function close(model, now) {
  const effects = WITH_PLAYER.includes(model.state) ? ['stop'] : [];
  return { model: { ...enter(model, 'waiting', now), failures: 0 }, effects };
}

function backoffMs(failures) {
  return Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.max(0, failures - 1));
}

// A new player, but not at once if the last ones failed as well: `tick` makes it.
function scheduleRestart(model, now) {
  if (model.restartAtMs !== null) {
    return { model, effects: [] };
  }
  const failures = model.failures + 1;
  return {
    model: { ...model, failures, restartAtMs: now + backoffMs(failures) },
    effects: [],
  };
}

function onInfo(model, { live, now }) {
  switch (model.state) {
    case 'loading':
    case 'waiting':
    case 'offline':
    case 'unknown':
      return live ? start(model, 'starting', now) : close(model, now);
    case 'starting':
    case 'blocked':
    case 'unsupported':
      return live ? { model, effects: [] } : close(model, now);
    case 'reconnecting':
      return !live && now - model.sinceMs >= OFF_AIR_PATIENCE_MS
        ? close(model, now)
        : { model, effects: [] };
    default:
      // While the picture moves, the picture is right.
      return { model, effects: [] };
  }
}

function onUnknown(model, { now }) {
  if (model.state === 'unknown') {
    return { model, effects: [] };
  }
  const isNothingShown = ['loading', 'waiting', 'offline', 'starting', 'unsupported'];
  if (isNothingShown.includes(model.state)) {
    const { effects } = close(model, now);
    return { model: enter(model, 'unknown', now), effects };
  }
  // A channel can be taken from the config while it is on air: the stream then ends by itself.
  return onInfo(model, { live: false, now });
}

function onUnreachable(model, { now }) {
  return model.state === 'loading'
    ? { model: enter(model, 'offline', now), effects: [] }
    : { model, effects: [] };
}

function onFrame(model, { now }) {
  if (!WITH_PLAYER.includes(model.state)) {
    return { model, effects: [] };
  }
  const playing = model.state === 'playing' ? model : enter(model, 'playing', now);
  return { model: { ...playing, failures: 0 }, effects: [] };
}

function onStall(model, { now }) {
  return model.state === 'playing'
    ? { model: enter(model, 'reconnecting', now), effects: [] }
    : { model, effects: [] };
}

function onFailed(model, { now }) {
  if (!WITH_PLAYER.includes(model.state)) {
    return { model, effects: [] };
  }
  const state = model.state === 'playing' ? 'reconnecting' : model.state;
  const next = state === model.state ? model : enter(model, state, now);
  return scheduleRestart(next, now);
}

// The picture stays as it is until the new player has one.
function onLate(model, { now }) {
  return ['playing', 'reconnecting'].includes(model.state)
    ? { model: { ...model, startedAtMs: now, restartAtMs: null }, effects: ['start'] }
    : { model, effects: [] };
}

function onEnded(model, { now }) {
  return WITH_PLAYER.includes(model.state) ? close(model, now) : { model, effects: [] };
}

function onBlocked(model, { now }) {
  return ['starting', 'playing', 'reconnecting'].includes(model.state)
    ? { model: enter(model, 'blocked', now), effects: [] }
    : { model, effects: [] };
}

function onTap(model, { now }) {
  return model.state === 'blocked'
    ? { model: { ...enter(model, 'starting', now), startedAtMs: now }, effects: ['resume'] }
    : { model, effects: [] };
}

function onUnsupported(model, { now }) {
  return WITH_PLAYER.includes(model.state)
    ? { model: enter(model, 'unsupported', now), effects: ['stop'] }
    : { model, effects: [] };
}

function onHidden(model, { audible, now }) {
  return { model: { ...model, hiddenAtMs: audible ? null : now }, effects: [] };
}

function onWake(model, { now }) {
  const awake = { ...model, hiddenAtMs: null };
  if (model.state === 'asleep') {
    const { model: started, effects } = start(awake, 'starting', now);
    return { model: started, effects: [...effects, 'poll'] };
  }
  const isPlaying = ['starting', 'playing', 'reconnecting'].includes(model.state);
  return { model: awake, effects: isPlaying ? ['resume', 'poll'] : ['poll'] };
}

function isStuck(model, { ahead, now }) {
  const playerAgeMs = now - model.startedAtMs;
  if (playerAgeMs < START_TIMEOUT_MS) {
    return false;
  }
  return model.state === 'starting' ||
    (model.state === 'reconnecting' && now - model.sinceMs >= STALL_RESTART_MS &&
     (ahead === null || ahead >= STUCK_AHEAD_S));
}

function onTick(model, event) {
  const { now } = event;
  if (WITH_PLAYER.includes(model.state) && model.hiddenAtMs !== null &&
      now - model.hiddenAtMs >= SLEEP_AFTER_MS) {
    return { model: enter(model, 'asleep', now), effects: ['stop'] };
  }
  if (model.restartAtMs !== null && now >= model.restartAtMs) {
    return { model: { ...model, restartAtMs: null, startedAtMs: now }, effects: ['start'] };
  }
  if (model.restartAtMs !== null) {
    return { model, effects: [] };
  }
  if (isStuck(model, event)) {
    return scheduleRestart(model, now);
  }
  if (model.state === 'unsupported' && now - model.sinceMs >= UNSUPPORTED_RETRY_MS) {
    return start(model, 'starting', now);
  }
  return { model, effects: [] };
}

const HANDLERS = {
  info: onInfo,
  unknown: onUnknown,
  unreachable: onUnreachable,
  frame: onFrame,
  stall: onStall,
  failed: onFailed,
  late: onLate,
  ended: onEnded,
  blocked: onBlocked,
  tap: onTap,
  unsupported: onUnsupported,
  hidden: onHidden,
  wake: onWake,
  tick: onTick,
};

export function step(model, event) {
  return HANDLERS[event.type](model, event);
}

// How long until the channel is asked about again: soon where the answer is waited for, `isAway`
// also that the seller is back. `random` in [0, 1): a market's viewers must not all knock in the
// same moment.
export function pollDelayMs(state, isAway, random) {
  const quick = ['loading', 'waiting', 'starting', 'reconnecting', 'offline'];
  const middle = quick.includes(state) || isAway ? 2000 : state === 'unknown' ? 8000 : 15000;
  return Math.round(middle * (0.75 + random * 0.5));
}

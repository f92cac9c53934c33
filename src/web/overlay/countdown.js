// SPDX-License-Identifier: Apache-2.0
//
// The time that is left: "04:05", "1:04:05", and days before that, as figures and in words.

const two = (n) => String(n).padStart(2, '0');

// A second that has begun counts, so that 00:00 is the end.
function split(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return {
    days: Math.floor(seconds / 86400),
    hours: Math.floor(seconds / 3600) % 24,
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
  };
}

// `say(key, values)` has the words for days.
export function formatCountdown(ms, say) {
  const { days, hours, minutes, seconds } = split(ms);
  const clock = hours > 0 || days > 0 ? `${hours}:${two(minutes)}:${two(seconds)}`
    : `${two(minutes)}:${two(seconds)}`;
  return days > 0 ? `${say('days', { n: days })} ${clock}` : clock;
}

// How long until the figures change.
export function untilNextSecond(ms) {
  return ms <= 0 ? Infinity : (ms - 1) % 1000 + 1;
}

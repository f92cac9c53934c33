// SPDX-License-Identifier: Apache-2.0
//
// How the channel does, in what a helper can see from afar: a lamp, a word, a number.

const POLL_MS = 3000;
const HIDDEN_POLL_MS = 30000;
const POLL_MAX_MS = 15000;

const QUALITIES = ['off', 'poor', 'fair', 'good'];

export const initialStatus = { reach: 'unknown', failures: 0, isOnAir: false, quality: 'off',
  viewers: 0 };

// The next status, after an answer { status, json } of GET status, or null: no answer.
// reach: "unknown" (nothing was ever said), "ok", "lost", "denied" or "missing" (no such channel).
export function nextStatus(status, answer) {
  if (answer && (answer.status === 401 || answer.status === 403)) {
    return { ...status, reach: 'denied', failures: status.failures + 1 };
  }
  if (answer && answer.status === 404) {
    return { ...status, reach: 'missing', failures: status.failures + 1 };
  }
  if (!answer || !answer.json) {
    return { ...status, reach: 'lost', failures: status.failures + 1 };
  }
  const { on_air: isOnAir, quality, viewers } = answer.json;
  return {
    reach: 'ok',
    failures: 0,
    isOnAir: isOnAir === true,
    quality: QUALITIES.includes(quality) ? quality : 'off',
    viewers: Number.isFinite(viewers) ? viewers : 0,
  };
}

export function statusDelayMs({ failures }, isHidden, random) {
  const delayMs = isHidden ? HIDDEN_POLL_MS
    : Math.min(POLL_MAX_MS, POLL_MS * 1.5 ** Math.min(failures, 8));
  return delayMs * (0.9 + random / 5);
}

// "1.234", and "12k" where there is no room for more.
export function formatViewers(viewers) {
  return viewers < 10000 ? String(viewers) : `${Math.floor(viewers / 1000)}k`;
}

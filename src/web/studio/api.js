// SPDX-License-Identifier: Apache-2.0
//
// The server's API, with the channel's token. Whatever happens, there is an outcome: see queue.js
// for those of changes.

import { requestOf } from './actions.js';
import { explainFault } from './faults.js';

const TIMEOUT_MS = 15000;

// A picture takes a slow line long.
const UPLOAD_TIMEOUT_MS = 120000;

async function readJson(response) {
  try {
    return await response.json();
  } catch (_) {
    return null;
  }
}

const isForNow = (status) => status === 408 || status === 429 || status >= 500;

// What the answer to a change means.
export async function judge(response, action) {
  const { status } = response;
  if (status === 401 || status === 403) {
    return { type: 'denied' };
  }
  if (isForNow(status)) {
    const seconds = Number(response.headers.get('Retry-After'));
    return { type: 'later', afterMs: seconds > 0 ? seconds * 1000 : 0 };
  }
  const answer = await readJson(response);
  if (response.ok) {
    // An answer that is cut off says nothing.
    return answer ? { type: 'saved', answer } : { type: 'later', afterMs: 0 };
  }
  if (status === 404 && action.type === 'delete') {
    return { type: 'saved', answer: {} };
  }
  return { type: 'refused', failure: explainFault(status, answer) };
}

export class Api {
  #base;
  #token;
  #pictures;
  #now;
  #observe;

  // pictures: get(id), a promise of a Blob or null. now(): the server's clock. observe(date,
  // sentMs, receivedMs) hears of the Date of each answer.
  constructor(base, token, { pictures, now, observe }) {
    this.#base = base;
    this.#token = token;
    this.#pictures = pictures;
    this.#now = now;
    this.#observe = observe;
  }

  // GET: { status, json }, or null: out of reach.
  async read(path) {
    try {
      const response = await this.#fetch(path, { method: 'GET' }, TIMEOUT_MS);
      return { status: response.status, json: response.ok ? await response.json() : null };
    } catch (_) {
      return null;
    }
  }

  // An entry of the queue.
  async send({ id, action, picture }) {
    let image = null;
    if (picture) {
      const blob = await this.#pictures.get(picture);
      const uploaded = blob ? await this.#upload(blob, action)
        : { type: 'refused', failure: 'faultPicture' };
      if (uploaded.type !== 'saved') {
        return uploaded;
      }
      ({ image } = uploaded.answer);
    }
    const { method, path, body } = requestOf(action, image, this.#now());
    const headers = { 'Idempotency-Key': id };
    const init = { method, headers };
    if (body) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(body);
    }
    return judge(await this.#fetch(path, init, TIMEOUT_MS), action);
  }

  // The same picture again has the same place.
  async #upload(blob, action) {
    const init = { method: 'POST', body: blob, headers: { 'Content-Type': 'image/jpeg' } };
    return judge(await this.#fetch('images', init, UPLOAD_TIMEOUT_MS), action);
  }

  async #fetch(path, init, timeoutMs) {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), timeoutMs);
    const sentMs = performance.now();
    try {
      const response = await fetch(this.#base + path, {
        ...init,
        headers: { ...init.headers, Authorization: `Bearer ${this.#token}` },
        cache: 'no-store',
        credentials: 'omit',
        signal: abort.signal,
      });
      this.#observe(response.headers.get('Date'), sentMs, performance.now());
      return response;
    } finally {
      clearTimeout(timer);
    }
  }
}

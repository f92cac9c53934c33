// SPDX-License-Identifier: Apache-2.0
//
// A real Chromium with the watch page in it, and a witness inside the page: which states it went
// through, and when each picture was shown.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { chromium } from 'playwright-core';

import { ARTEFACTS } from './server.mjs';

const CHROMIUM = process.env.PHIEN_CHROMIUM ?? '/usr/bin/chromium';

// Nothing but the page: no first-run pages, no updates, no talk with anybody else.
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--autoplay-policy=no-user-gesture-required'];

export async function openBrowser(t) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
  t.after(() => browser.close());
  return browser;
}

// Runs in the page before its own scripts. Dates, not times since the page was loaded, so that
// they can be held against the server's log.
function witness() {
  const seen = { states: [], frames: [], events: [], document: Math.random() };
  window.witness = seen;
  const observe = () => {
    const note = () => {
      const { state } = document.body.dataset;
      if (seen.states.at(-1)?.state !== state) {
        seen.states.push({ state, at: Date.now() });
      }
    };
    new MutationObserver(note).observe(document.body,
      { attributes: true, attributeFilter: ['data-state'] });
    note();
    const video = document.querySelector('video');
    for (const event of ['playing', 'waiting', 'stalled', 'pause', 'ended', 'error', 'seeking']) {
      video.addEventListener(event, () => seen.events.push({ event, at: Date.now() }));
    }
    const onFrame = (_, { mediaTime, width, height }) => {
      seen.frames.push({ at: Date.now(), mediaTime, width, height });
      video.requestVideoFrameCallback(onFrame);
    };
    video.requestVideoFrameCallback(onFrame);
  };
  document.addEventListener('DOMContentLoaded', observe);
}

export class WatchPage {
  static async open(browser, url,
    { viewport = { width: 412, height: 732 }, locale = 'en-US' } = {}) {
    const context = await browser.newContext({ viewport, locale });
    const watched = new WatchPage(await context.newPage());
    await watched.page.addInitScript(witness);
    watched.openedAt = Date.now();
    await watched.page.goto(url);
    watched.document = await watched.page.evaluate(() => window.witness.document);
    return watched;
  }

  constructor(page) {
    this.page = page;
    this.errors = []; // exceptions, and what the console calls errors
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      // A 404 while nobody is on air is told there, and is no error.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
        this.errors.push(message.text());
      }
    });
  }

  seen() {
    return this.page.evaluate(() => window.witness);
  }

  // Waits until a function of the page is true.
  async waitUntil(what, condition, argument, timeoutMs = 30000) {
    try {
      await this.page.waitForFunction(condition, argument, { timeout: timeoutMs, polling: 100 });
    } catch (error) {
      const { states, events } = await this.seen();
      throw new Error(`${what}: not in ${timeoutMs} ms; states ${JSON.stringify(states)}, events ` +
        `${JSON.stringify(events.slice(-10))}, errors ${JSON.stringify(this.errors)}; ` +
        `${error.message}`);
    }
  }

  waitState(state) {
    return this.waitUntil(`state ${state}`, (wanted) =>
      document.body.dataset.state === wanted, state);
  }

  // The dates of the first pictures after `since`, once there are so many.
  async waitFrames(count, since = 0, timeoutMs = 30000) {
    await this.waitUntil(`${count} pictures`, ([wanted, from]) =>
      window.witness.frames.filter(({ at }) => at >= from).length >= wanted, [count, since],
    timeoutMs);
    const { frames } = await this.seen();
    return frames.filter(({ at }) => at >= since);
  }

  // How many seconds behind the page says that it is, or null.
  async latency() {
    const text = await this.page.textContent('#behind');
    const match = /([\d.]+)/.exec(text ?? '');
    return match ? Number(match[1]) : null;
  }

  // Whether it is still the document that was opened: nothing was reloaded.
  async isSameDocument() {
    return this.document === (await this.seen()).document;
  }

  async screenshot(name) {
    const directory = join(ARTEFACTS, 'screenshots');
    mkdirSync(directory, { recursive: true });
    await this.page.screenshot({ path: join(directory, `${name}.png`) });
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// A helper with a phone: the studio page in Chromium, touched where people touch it.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { ARTEFACTS } from './server.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const PHONE = { viewport: { width: 360, height: 740 }, locale: 'vi-VN', hasTouch: true,
  isMobile: true };

// What keeps people from using a page, as axe-core finds it.
export async function findBarriers(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) =>
      `${target.join(' ')} (${failureSummary})`).join('; ')}`);
}

export class StudioPage {
  static async open(browser, url, options = {}) {
    const context = await browser.newContext({ ...PHONE, ...options });
    return StudioPage.openIn(context, url);
  }

  // Another page of the same phone.
  static async openIn(context, url) {
    const studio = new StudioPage(await context.newPage());
    studio.answer = await studio.page.goto(url);
    return studio;
  }

  constructor(page) {
    this.page = page;
    this.errors = [];
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      // A network that is lost is told there, and is no error.
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
        this.errors.push(message.text());
      }
    });
  }

  find(selector, options) {
    return this.page.locator(selector, options);
  }

  async wait(selector, state = 'visible') {
    await this.find(selector).first().waitFor({ state });
  }

  // The selector of a product's tile; `state` is what must be true of it, as a selector.
  tile(sku, state = '') {
    return `.tile[data-sku="${sku}"]${state}`;
  }

  tapFace(sku) {
    return this.find(`${this.tile(sku)} .face`).tap();
  }

  tapStep(sku, which) {
    return this.find(`${this.tile(sku)} .step`).nth(which === 'less' ? 0 : 1).tap();
  }

  tapEdit(sku) {
    return this.find(`${this.tile(sku)} .edit`).tap();
  }

  async waitStock(sku, text) {
    await this.find(`${this.tile(sku)} .left`).filter({ hasText: new RegExp(`^${text}$`) })
      .waitFor();
  }

  // Nothing waits any more.
  waitSaved() {
    return this.wait('.unsaved', 'hidden');
  }

  async screenshot(name) {
    const directory = join(ARTEFACTS, 'screenshots');
    mkdirSync(directory, { recursive: true });
    await this.page.screenshot({ path: join(directory, `${name}.png`) });
  }

  // Whoever touches with a thumb must meet what was aimed at.
  async assertTargets() {
    const small = await this.page.evaluate(() =>
      [...document.querySelectorAll('button, input:not([type="file"]), .take')]
        .map((element) => ({ element, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0 && (box.width < 44 || box.height < 44))
        .map(({ element, box }) =>
          `${element.className || element.id} ${box.width}x${box.height}`));
    assert.deepEqual(small, [], 'smaller than a thumb');
  }

  async assertFits() {
    const overflow = await this.page.evaluate(() =>
      document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(overflow <= 0, `${overflow} pixels wider than the phone`);
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// The date ranges of a playlist (EXT-X-DATERANGE, CLASS "vn.phien.card"): for those whose player
// hands out no ID3, and for those who join in the middle of a showing. They say less than messages
// do.

import { readProduct } from './message.js';

export const CLASS = 'vn.phien.card';

// "X-ORIGINAL-PRICE" is the member "original_price"; figures come as they are or in quotes.
function readAttributes(attributes) {
  const members = {};
  for (const name of Object.keys(attributes).filter((key) => key.startsWith('X-'))) {
    const key = name.slice(2).toLowerCase().replace(/-/g, '_');
    const isNumber = /(^|_)price$|^stock$|^sold$/.test(key);
    members[key] = isNumber ? Number(attributes[name]) : String(attributes[name]);
  }
  return members;
}

// What the range with these attributes shows: { seq, card }, or null. Its id is "card-SEQ-START".
export function readRange(id, attributes) {
  const digits = /^card-(\d+)/.exec(id);
  const card = readProduct(readAttributes(attributes));
  return digits && card ? { seq: Number(digits[1]), card } : null;
}

// What `ranges` ([{ id, attributes, start, end }], end may be Infinity) say, as changes at moments
// of the stream: [{ key, time, seq, card }]; a card of null ends the one of the same seq. The same
// change has the same key, however often its range is listed.
export function changesOfRanges(ranges) {
  const changes = [];
  for (const { id, attributes, start, end } of ranges) {
    const shown = readRange(id, attributes);
    if (shown && Number.isFinite(start)) {
      changes.push({ key: `${id} start`, time: start, ...shown });
      if (Number.isFinite(end)) {
        changes.push({ key: `${id} end`, time: end, seq: shown.seq, card: null });
      }
    }
  }
  return changes;
}

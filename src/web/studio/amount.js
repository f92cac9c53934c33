// SPDX-License-Identifier: Apache-2.0
//
// Figures as they are typed on a phone: whole numbers, grouped while they are typed, so that a
// zero too many is seen.

// What the API takes.
export const AMOUNT_MAX = 1000000000000;

// The number in a text, whatever stands between its digits; null: there is none.
export function parseAmount(text, max = AMOUNT_MAX) {
  const digits = toDigits(text);
  return digits === '' ? null : Math.min(max, Number(digits));
}

// Keyboards of some phones have their own digits.
function toDigits(text) {
  return String(text).normalize('NFKC').replace(/\D+/g, '').slice(0, 15);
}

// "45.000" in Vietnamese, "45,000" in English; "" for null.
export function groupAmount(amount, language) {
  return amount === null || amount === undefined ? ''
    : String(amount).replace(/\B(?=(\d{3})+$)/g, language === 'vi' ? '.' : ',');
}

// Where the caret belongs in the grouped text: behind as many digits as it stood behind before.
export function placeCaret(grouped, before) {
  let digits = toDigits(before).length;
  let at = 0;
  while (digits > 0 && at < grouped.length) {
    digits -= /\d/.test(grouped[at]) ? 1 : 0;
    at += 1;
  }
  return at;
}

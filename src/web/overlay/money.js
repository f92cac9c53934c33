// SPDX-License-Identifier: Apache-2.0
//
// Prices as people write them. Amounts are in the currency's minor unit, of which the đồng has
// none.

const NO_BREAK = '\u00a0';

// Browsers know the currencies; one that does not, or a currency that nobody knows, gets this.
function formatPlainly(amount, currency, language) {
  const separator = language === 'vi' ? '.' : ',';
  const digits = String(Math.round(amount)).replace(/\B(?=(\d{3})+$)/g, separator);
  return currency === 'VND' ? `${digits}${NO_BREAK}₫` : `${currency}${NO_BREAK}${digits}`;
}

function makeFormat(currency, language) {
  return new Intl.NumberFormat(language === 'vi' ? 'vi-VN' : 'en', {
    style: 'currency',
    currency,
  });
}

// "45.000 ₫" in Vietnamese, "₫45,000" in English.
export function formatPrice(amount, currency, language) {
  try {
    const format = makeFormat(currency, language);
    const { maximumFractionDigits } = format.resolvedOptions();
    return format.format(amount / 10 ** maximumFractionDigits);
  } catch (_) {
    return formatPlainly(amount, currency, language);
  }
}

// What a card or product costs at a moment (milliseconds since 1970 by the server's clock):
// { price, was, endsAt }. `was` and `endsAt` are null where there is no old price and no end.
export function priceAt(product, nowMs) {
  const { price, original_price: original, flash_price: flash, ends_at: ends } = product;
  const endsAt = ends ? Date.parse(ends) : NaN;
  if (flash === undefined || nowMs >= endsAt) {
    return { price, was: original > price ? original : null, endsAt: null };
  }
  const before = original > price ? original : price;
  return {
    price: flash,
    was: before > flash ? before : null,
    endsAt: Number.isFinite(endsAt) ? endsAt : null,
  };
}

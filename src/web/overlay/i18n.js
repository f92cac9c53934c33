// SPDX-License-Identifier: Apache-2.0
//
// What card and basket say, in Vietnamese and in English. "{x}" is filled in.

export const MESSAGES = {
  vi: {
    card: 'Đang giới thiệu',
    buy: 'Mua',
    buyThis: 'Mua {title}',
    basket: 'Giỏ hàng',
    basketOf: 'Giỏ hàng, {n} món',
    close: 'Đóng',
    hideCard: 'Ẩn món này',
    soldOut: 'Hết hàng',
    left: 'Còn {n}',
    sold: 'Đã bán {n}',
    oldPrice: 'Giá cũ',
    endsIn: 'Giá này còn {time}',
    days: '{n} ngày',
  },
  en: {
    card: 'On show now',
    buy: 'Buy',
    buyThis: 'Buy {title}',
    basket: 'Basket',
    basketOf: 'Basket, {n} products',
    close: 'Close',
    hideCard: 'Hide this product',
    soldOut: 'Sold out',
    left: '{n} left',
    sold: '{n} sold',
    oldPrice: 'Old price',
    endsIn: 'This price ends in {time}',
    days: '{n} d',
  },
};

// The first of these language tags that is spoken here; English for everybody else.
export function chooseLanguage(tags) {
  for (const tag of tags) {
    const language = String(tag || '').toLowerCase().split('-')[0];
    if (Object.prototype.hasOwnProperty.call(MESSAGES, language)) {
      return language;
    }
  }
  return 'en';
}

export function translate(language, key, values = {}) {
  return MESSAGES[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

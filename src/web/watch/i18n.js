// SPDX-License-Identifier: Apache-2.0
//
// What the page says, in Vietnamese and in English. "{x}" is filled in.

export const MESSAGES = {
  vi: {
    live: 'Trực tiếp',
    away: 'Sắp trở lại',
    behind: 'trễ {seconds} giây',
    loadingTitle: 'Đang mở…',
    waitingTitle: 'Phiên chợ sắp mở',
    waitingHint: 'Cứ để trang này mở, hình sẽ tự lên khi phiên chợ bắt đầu.',
    startingTitle: 'Đang lên hình…',
    reconnectingTitle: 'Đang nối lại…',
    offlineTitle: 'Chưa có kết nối mạng',
    offlineHint: 'Trang sẽ tự nối lại khi có mạng.',
    unknownTitle: 'Không có gian hàng này',
    unknownHint: 'Mời bạn xem lại đường dẫn, hoặc hỏi lại người bán.',
    unsupportedTitle: 'Máy này không phát được hình',
    unsupportedHint: 'Mời bạn cập nhật trình duyệt, hoặc xem bằng máy khác.',
    blockedTitle: 'Chạm để xem',
    tapForSound: 'Chạm để nghe tiếng',
    mute: 'Tắt tiếng',
    unmute: 'Bật tiếng',
    fullscreen: 'Toàn màn hình',
    exitFullscreen: 'Thu nhỏ',
    otherLanguage: 'English',
    video: 'Hình trực tiếp: {title}',
  },
  en: {
    live: 'Live',
    away: 'Back soon',
    behind: '{seconds} s behind',
    loadingTitle: 'Opening…',
    waitingTitle: 'The market opens soon',
    waitingHint: 'Keep this page open: the picture comes by itself when the market begins.',
    startingTitle: 'Going on air…',
    reconnectingTitle: 'Reconnecting…',
    offlineTitle: 'No connection yet',
    offlineHint: 'The page comes back by itself when the network does.',
    unknownTitle: 'No such stall',
    unknownHint: 'Please check the link, or ask the seller for it.',
    unsupportedTitle: 'This device cannot play the picture',
    unsupportedHint: 'Please update the browser, or watch on another device.',
    blockedTitle: 'Tap to watch',
    tapForSound: 'Tap for sound',
    mute: 'Mute',
    unmute: 'Turn sound on',
    fullscreen: 'Full screen',
    exitFullscreen: 'Leave full screen',
    otherLanguage: 'Tiếng Việt',
    video: 'Live picture: {title}',
  },
};

// The first of the viewer's languages that the page speaks; English for everybody else.
export function chooseLanguage(saved, preferred) {
  for (const tag of [saved, ...preferred]) {
    const language = String(tag || '').toLowerCase().split('-')[0];
    if (Object.prototype.hasOwnProperty.call(MESSAGES, language)) {
      return language;
    }
  }
  return 'en';
}

export function otherLanguage(language) {
  return language === 'vi' ? 'en' : 'vi';
}

export function translate(language, key, values = {}) {
  return MESSAGES[language][key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// SPDX-License-Identifier: Apache-2.0
//
// The overlay on somebody's page:
//
//     import { attach } from 'https://HOST/assets/phien-overlay.js';
//     attach(video, { hls, channel: 'https://HOST/live/NAME/', draw: true });

import { Drawing } from './drawing.js';
import { chooseLanguage } from './i18n.js';
import { Overlay } from './overlay.js';

// The page's language, then the viewer's.
function guessLanguage() {
  return chooseLanguage([document.documentElement.lang, ...(navigator.languages || [])]);
}

// Options, all of which may be left out:
//   hls       the Hls of hls.js that feeds the video
//   channel   "https://HOST/live/NAME/": counts from the server, and the state at once
//   draw      true: card and basket over the video; an element: in it, filling it
//   language  "vi" or "en"
//   now       a function: the server's clock in milliseconds since 1970, or null
export function attach(video, options = {}) {
  const overlay = new Overlay(video, { ...options, language: options.language || guessLanguage() });
  if (options.draw) {
    const drawing = new Drawing(overlay, video, options.draw === true ? null : options.draw);
    overlay.addEventListener('detach', () => drawing.remove());
  }
  return overlay;
}

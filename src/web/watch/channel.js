// SPDX-License-Identifier: Apache-2.0
//
// Which channel the page is for. The same HTML is served under every name.

// As the server's config allows them. People type names on phones, which begin in upper case.
const NAME = /^[a-z0-9_-]{1,64}$/;

// The channel's name in "/watch/NAME" or "/studio/NAME", or null.
export function parseChannelName(pathname) {
  const match = /^\/(?:watch|studio)\/([^/]+)\/?$/.exec(pathname);
  if (!match) {
    return null;
  }
  let name;
  try {
    name = decodeURIComponent(match[1]).trim().toLowerCase();
  } catch (_) {
    return null;
  }
  return NAME.test(name) ? name : null;
}

export function channelUrl(name) {
  return `/live/${name}/`;
}

export function infoUrl(name) {
  return `/live/${name}/info.json`;
}

export function playlistUrl(name) {
  return `/live/${name}/index.m3u8`;
}

const TITLE_MAX = 160;

// A title fit to be shown as text: one line, no control or direction-changing characters.
export function cleanTitle(title, name) {
  const text = typeof title === 'string' ? title : '';
  const line = text
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(line);
  if (characters.length > TITLE_MAX) {
    return `${characters.slice(0, TITLE_MAX).join('').trim()}…`;
  }
  return line || name || '';
}

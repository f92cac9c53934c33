// SPDX-License-Identifier: Apache-2.0
//
// Addresses that a seller has typed in, made fit to be opened or loaded: http and https only, so
// that no script can hide in one.

function resolve(address, base) {
  if (typeof address !== 'string' || address === '') {
    return null;
  }
  let url;
  try {
    url = new URL(address, base || undefined);
  } catch (_) {
    return null;
  }
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
}

const LIVE = /^(.*\/)live\/([a-z0-9_-]{1,64})(?:\/.*)?$/;

// Where a channel's things lie, told from "https://HOST/live/NAME/": { root, api }, with slashes at
// their ends. What stands before "live" is kept: the server may lie behind a path of another.
// Without a channel, `root` is the page's and there is no API.
export function placesOf(channel, page) {
  const href = resolve(channel, page);
  const url = href && new URL(href);
  const match = url && LIVE.exec(url.pathname);
  if (!match) {
    return { root: resolve('/', page), api: null };
  }
  const root = `${url.origin}${match[1]}`;
  return { root, api: `${root}api/v1/channels/${match[2]}/` };
}

// The address as it may be put into a document, or null. Paths are those of the server.
export function safeUrl(address, root) {
  return typeof address === 'string' && address.startsWith('/')
    ? resolve(`./${address.replace(/^\/+/, '')}`, root) : resolve(address, root);
}

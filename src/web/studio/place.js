// SPDX-License-Identifier: Apache-2.0
//
// Which channel the page is for, and the token that lets it change something. The token comes in
// the link, and leaves the address at once: addresses are seen in screenshots and are passed on.

import { parseChannelName } from '../watch/channel.js';

// As it may stand in a header.
const TOKEN = /^[!-~]{1,256}$/;

// { name, token, address }: `token` is null where the link has none, `address` is what is left of
// the link without it, or null where it has none.
export function readPlace({ pathname, search }) {
  const query = new URLSearchParams(search);
  const token = (query.get('token') || '').trim();
  const hasToken = query.has('token');
  query.delete('token');
  const rest = String(query);
  return {
    name: parseChannelName(pathname),
    token: TOKEN.test(token) ? token : null,
    address: hasToken ? `${pathname}${rest && `?${rest}`}` : null,
  };
}

export function tokenKey(name) {
  return `phien.studio.${name}.token`;
}

export function queueKey(name) {
  return `phien.studio.${name}.queue.`;
}

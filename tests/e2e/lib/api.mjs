// SPDX-License-Identifier: Apache-2.0
//
// Somebody who sells: the API of a channel's overlay, with its token.

import assert from 'node:assert/strict';

import { request } from './http.mjs';
import { PATIENCE_MS } from './server.mjs';
import { EventReader } from './sse.mjs';

export function tokenOf(channel) {
  return `token-of-${channel}-4b1d`;
}

// For a server's config: a key and a token each.
export function sellers(...names) {
  return names.map((name) => ({
    name, key: `key-of-${name}-7f3a`, overlay_token: tokenOf(name),
  }));
}

export class Seller {
  // description: holds each answer against it, see openapi.mjs. token null: sends none.
  constructor(server, channel, { token = tokenOf(channel), description = null } = {}) {
    Object.assign(this, { server, channel, token, description });
  }

  // The same channel, asked by somebody else.
  with(token) {
    return new Seller(this.server, this.channel, { token, description: this.description });
  }

  // Who sells in another channel of the same server.
  of(channel) {
    return new Seller(this.server, channel, { description: this.description });
  }

  url(path) {
    return `${this.server.httpUrl}/api/v1/channels/${this.channel}/${path}`;
  }

  // { status, headers, body, json }; json is undefined where the answer is something else.
  async call(method, path, { json, body, type, headers = {} } = {}) {
    const url = this.url(path);
    const content = json === undefined ? body : JSON.stringify(json);
    const answer = await request(url, {
      method,
      headers: {
        ...(this.token === null ? {} : { Authorization: `Bearer ${this.token}` }),
        ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(type == null ? {} : { 'Content-Type': type }),
        // Node.js frames the body of a DELETE in no way of its own.
        ...(content === undefined ? {} : { 'Content-Length': Buffer.byteLength(content) }),
        ...headers,
      },
      body: content,
      timeoutMs: PATIENCE_MS,
    });
    this.description?.take({ method, pathname: new URL(url).pathname, sent: json, ...answer });
    const isJson = /json/.test(answer.headers['content-type']) && answer.body.length > 0;
    return { ...answer, json: isJson ? JSON.parse(answer.body.toString('utf8')) : undefined };
  }

  // The JSON of the answer, which must have this status.
  async must(status, method, path, options) {
    const answer = await this.call(method, path, options);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.body}`);
    return answer.json;
  }

  // The problem that a request is refused with, its pointers in order.
  async refused(status, method, path, options) {
    const problem = await this.must(status, method, path, options);
    assert.equal(problem.status, status);
    return { ...problem, pointers: (problem.errors ?? []).map(({ pointer }) => pointer) };
  }

  get(path) {
    return this.must(200, 'GET', path);
  }

  // A new product; what is not given is as simple as can be.
  add(sku, product = {}) {
    return this.must(201, 'PUT', `shelf/${sku}`,
      { json: { title: `Mận hậu ${sku}`, price: 45000, ...product } });
  }

  patch(sku, json, status = 200) {
    return this.must(status, 'PATCH', `shelf/${sku}`, { json });
  }

  pin(sku, card = {}) {
    return this.must(200, 'PUT', 'card', { json: { sku, ...card } });
  }

  events(t, options) {
    return EventReader.open(t, this.url('events'), options);
  }
}

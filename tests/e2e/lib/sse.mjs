// SPDX-License-Identifier: Apache-2.0
//
// A reader of server-sent events, by the rules of HTML section 9.2.6, that never comes back by
// itself: what the server told whom is what is looked at.

import { EventEmitter, once } from 'node:events';
import http from 'node:http';

import { PATIENCE_MS } from './server.mjs';

export class EventReader {
  // Settles when the server has answered.
  static async open(t, url, { lastEventId, headers = {} } = {}) {
    const reader = new EventReader();
    const sent = http.request(url, {
      agent: false,
      headers: { Accept: 'text/event-stream', ...headers,
        ...(lastEventId === undefined ? {} : { 'Last-Event-ID': String(lastEventId) }) },
      signal: AbortSignal.timeout(2 * PATIENCE_MS),
    });
    sent.on('error', (error) => reader.#end(error));
    sent.end();
    t.after(() => reader.close());
    reader.sent = sent;
    const [response] = await once(sent, 'response');
    reader.#take(response);
    return reader;
  }

  constructor() {
    this.events = []; // { id, event, data }, data being parsed JSON
    this.comments = 0;
    this.retry = null;
    this.isOpen = true;
    this.news = new EventEmitter();
    this.news.setMaxListeners(0);
    this.rest = '';
    this.fields = {};
    this.ended = once(this.news, 'end');
  }

  #take(response) {
    this.status = response.statusCode;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('data', (text) => this.#feed(text));
    response.on('error', (error) => this.#end(error));
    response.on('end', () => this.#end(null));
  }

  #end(error) {
    if (this.isOpen) {
      this.isOpen = false;
      this.error = error;
      this.news.emit('end');
      this.news.emit('news');
    }
  }

  #feed(text) {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop();
    for (const line of lines) {
      this.#readLine(line);
    }
    this.news.emit('news');
  }

  #readLine(line) {
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (line === '') {
      this.#dispatch();
    } else if (name === '') {
      this.comments += 1;
    } else if (name === 'data') {
      this.fields.data = 'data' in this.fields ? `${this.fields.data}\n${value}` : value;
    } else if (name === 'retry') {
      this.retry = Number(value);
    } else {
      this.fields[name] = value;
    }
  }

  #dispatch() {
    const { id, event, data } = this.fields;
    this.fields = {};
    if (data !== undefined) {
      this.events.push({ id: Number(id), event, data: JSON.parse(data) });
    }
  }

  get last() {
    return this.events.at(-1);
  }

  // Waits until `look(reader)` gives something.
  async waitFor(look, what = 'events', timeoutMs = PATIENCE_MS) {
    const signal = AbortSignal.timeout(timeoutMs);
    for (let found = look(this); ; found = look(this)) {
      if (found) {
        return found;
      }
      if (!this.isOpen) {
        throw new Error(`the stream ended before ${what}: ${this.error}; ${this.describe()}`);
      }
      await once(this.news, 'news', { signal }).catch(() => {
        throw new Error(`no ${what} in ${timeoutMs} ms; ${this.describe()}`);
      });
    }
  }

  describe() {
    return `${this.events.length} came, the last ones ` +
      JSON.stringify(this.events.slice(-3)).slice(0, 1000);
  }

  // Up to and including the event with this seq.
  waitForSeq(seq) {
    return this.waitFor(({ events }) => events.some(({ id }) => id >= seq), `seq ${seq}`);
  }

  close() {
    this.sent.destroy();
    this.#end(null);
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// HTTP without anything done behind one's back: no decompression, no redirects, no cache, and the
// headers as they were sent.

import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';

const everybody = new http.Agent({ keepAlive: true });

// { status, headers, body, ms }; a header of several lines is an error of the server's. agent: for
// connections of one's own.
export function request(url, {
  method = 'GET', headers = {}, timeoutMs = 15000, body, agent = everybody,
} = {}) {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const sent = http.request(url, { method, headers, agent, signal }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({
        status: response.statusCode,
        headers: response.headers,
        rawHeaders: response.rawHeaders,
        body: Buffer.concat(chunks),
        ms: performance.now() - began,
      }));
    });
    sent.on('error', (error) => reject(new Error(`${method} ${url}: ${error.message}`)));
    sent.end(body);
  });
}

export async function getText(url, options) {
  const response = await request(url, options);
  if (response.status !== 200) {
    throw new Error(`GET ${url}: ${response.status} ${response.body}`);
  }
  return response.body.toString('utf8');
}

export async function getJson(url, options) {
  return JSON.parse(await getText(url, options));
}

// A bare connection: `bytes` is what came so far, `closed` settles when the peer has closed.
export class RawConnection {
  static async open(port) {
    const socket = net.connect(port, '127.0.0.1');
    const connection = new RawConnection(socket);
    await once(socket, 'connect');
    return connection;
  }

  constructor(socket) {
    this.socket = socket;
    this.chunks = [];
    socket.on('data', (chunk) => this.chunks.push(chunk));
    // A reset is one way of closing.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', resolve);
    });
  }

  get bytes() {
    return Buffer.concat(this.chunks);
  }

  write(data) {
    this.socket.write(data);
  }

  // Fails if the peer has not closed by then.
  async waitClosed(timeoutMs = 20000) {
    const signal = AbortSignal.timeout(timeoutMs);
    if (!this.socket.closed) {
      await Promise.race([
        this.closed,
        once(signal, 'abort').then(() => {
          throw new Error(`the server has not closed the connection after ${timeoutMs} ms; it ` +
            `sent ${this.bytes.length} bytes: ${this.bytes.toString('latin1').slice(0, 200)}`);
        }),
      ]);
    }
    return this.bytes;
  }

  close() {
    this.socket.destroy();
  }
}

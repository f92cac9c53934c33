// SPDX-License-Identifier: Apache-2.0
//
// A line to the server that can be cut and mended, and that can lose what the server answers.

import { once } from 'node:events';
import net from 'node:net';

export class Line {
  static async open(t, port) {
    const line = new Line(port);
    line.listener.listen(0, '127.0.0.1');
    await once(line.listener, 'listening');
    t.after(() => line.close());
    return line;
  }

  constructor(port) {
    this.port = port;
    this.sockets = new Set();
    this.isCut = false;
    this.isDeaf = false;
    this.listener = net.createServer((socket) => this.#accept(socket));
  }

  get url() {
    return `http://127.0.0.1:${this.listener.address().port}`;
  }

  // Nothing goes through any more, and nobody is told why.
  cut() {
    this.isCut = true;
    this.#drop();
  }

  mend() {
    this.isCut = false;
    this.isDeaf = false;
  }

  // Requests arrive, answers get lost.
  deafen() {
    this.isDeaf = true;
  }

  close() {
    this.#drop();
    this.listener.close();
  }

  #drop() {
    this.sockets.forEach((socket) => socket.destroy());
  }

  #accept(near) {
    if (this.isCut) {
      near.destroy();
      return;
    }
    const far = net.connect(this.port, '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]]) {
      this.sockets.add(socket);
      // A reset is one way of closing.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.sockets.delete(socket);
        other.destroy();
      });
    }
    near.on('data', (data) => far.write(data));
    far.on('data', (data) => {
      if (!this.isDeaf) {
        near.write(data);
      }
    });
  }
}

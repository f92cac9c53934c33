// SPDX-License-Identifier: Apache-2.0
//
// A seller's evening on a bad line: what her phone does to a channel, one thing after the other.
// Each step ends when she is on air with the new picture; it gives back the line of the log that
// says so.

import { once } from 'node:events';
import net from 'node:net';

import { pushWithFfmpeg, pushWithPusher } from './push.mjs';
import { source } from './source.mjs';
import { pushSrtWithFfmpeg } from './srt.mjs';

// The network between a phone and phien's RTMP port. It can go dead as a lost 5G link does: what
// was on its way never arrives, and neither end is told. A call after that comes from another
// address, as after a change of the mobile cell.
class PhoneNetwork {
  static async open(t, port) {
    const network = new PhoneNetwork(port);
    network.listener.listen(0, '127.0.0.1');
    await once(network.listener, 'listening');
    t.after(() => network.close());
    return network;
  }

  constructor(port) {
    this.port = port;
    this.sockets = new Set();
    this.calls = [];
    this.addresses = 1;
    this.listener = net.createServer((near) => this.#accept(near));
  }

  // The same address, but by way of this network.
  through(url) {
    return url.replace(/^(rtmp:\/\/[^:/]+):\d+/, `$1:${this.listener.address().port}`);
  }

  // The calls that are under way are dead from now on; new ones come through.
  die() {
    for (const call of this.calls.splice(0)) {
      call.isDead = true;
      call.far.pause();
    }
    this.addresses++;
  }

  close() {
    this.sockets.forEach((socket) => socket.destroy());
    this.listener.close();
  }

  #accept(near) {
    const far = net.connect({ port: this.port, host: '127.0.0.1',
      localAddress: `127.0.0.${this.addresses}` });
    const call = { far, isDead: false };
    this.calls.push(call);
    for (const [socket, other] of [[near, far], [far, near]]) {
      this.sockets.add(socket);
      socket.on('error', () => {}); // a reset is one way of closing
      socket.on('data', (data) => call.isDead || other.write(data));
      // Of a dead call nobody hears that it was closed.
      socket.on('close', () => {
        this.sockets.delete(socket);
        if (!call.isDead) {
          other.destroy();
        }
      });
    }
  }
}

export class Seller {
  static async open(t, server, channel) {
    const network = await PhoneNetwork.open(t, server.ports.rtmp);
    return new Seller(t, server, channel, network);
  }

  constructor(t, server, channel, network) {
    this.t = t;
    this.server = server;
    this.channel = channel;
    this.network = network;
    this.publisher = null;
  }

  async #call(push) {
    const from = this.server.log.length;
    const before = this.publisher;
    this.publisher = await push();
    const onAir = await this.server.waitOnAir(this.channel, { from });
    await before?.kill();
    return onAir;
  }

  // Over RTMP, in place of whatever she sent before, which is not ended: it is taken over.
  callRtmp(name) {
    return this.#call(async () => pushWithFfmpeg(this.t,
      this.network.through(this.server.publishUrl(this.channel)), await source(name),
      { loop: true }));
  }

  // With the codecs of Enhanced RTMP.
  callEnhanced(name) {
    return this.#call(async () => pushWithPusher(this.t, this.server.publishUrl(this.channel),
      await source(name), ['--loop']));
  }

  callSrt(name) {
    return this.#call(async () => pushSrtWithFfmpeg(this.t, this.server.srtUrl(
      `publish:${this.channel}:${this.server.key(this.channel)}`, { latency: 200000 }),
    await source(name), { loop: true }));
  }

  // The link dies; neither end is told. Waits until the slate shows, if it is to show.
  async loseNetwork({ hasSlate = true } = {}) {
    const from = this.server.log.length;
    this.network.die();
    if (hasSlate) {
      await this.server.waitForLog({ event: 'slate.begin', channel: this.channel }, { from });
    }
  }

  // The app is closed as it should be.
  async hangUp() {
    await this.publisher.stop();
    this.publisher = null;
  }
}

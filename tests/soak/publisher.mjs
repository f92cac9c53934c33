// SPDX-License-Identifier: Apache-2.0
//
// A phone that publishes as its plan says: comes, stalls, goes, comes back, and now and then goes
// to somebody else's channel. Each time on air is a program of its own, so that it can be stopped
// in its tracks.

import { Background } from '../e2e/lib/process.mjs';
import { PUSHER, tool } from '../e2e/lib/push.mjs';
import { cpuSeconds } from './meter.mjs';

// How long a connection is left hanging after the phone has gone.
const ABANDONED_MS = 15000;

// They are ended by whoever has started them here.
const unowned = { after() {} };

export class Publisher {
  // soak: what all have in common, see soak.mjs.
  constructor(soak, plan) {
    Object.assign(this, { soak, plan });
    this.running = new Set();
    this.ended = new Map(); // how the programs ended → how often
    this.cpuOfEnded = 0;
  }

  async run() {
    for (const season of this.plan) {
      await this.#publish(season);
      if (!await this.soak.pause(season.pauseS * 1000)) {
        break;
      }
    }
  }

  #start({ channel, protocol, source }) {
    const { server, sources } = this.soak;
    const input = sources[source][protocol];
    const [program, args] = protocol === 'rtmp'
      ? [PUSHER, ['--url', server.publishUrl(channel), '--input', input]]
      : [tool('srt_pusher'), ['--to', `127.0.0.1:${server.srtPort}`, '--input', input,
        '--streamid', `#!::r=live/${channel},m=publish,s=${server.key(channel)}`]];
    const pusher = new Background(unowned, program, args);
    pusher.cpu = 0;
    this.running.add(pusher);
    pusher.exited.then(() => {
      this.running.delete(pusher);
      this.cpuOfEnded += pusher.cpu;
    });
    return pusher;
  }

  #note(how) {
    this.ended.set(how, (this.ended.get(how) ?? 0) + 1);
  }

  // Whether it was still on air after so long.
  #stay(pusher, seconds) {
    return Promise.race([this.soak.pause(seconds * 1000).then(() => pusher.isRunning),
      pusher.exited.then(() => false)]);
  }

  async #publish(season) {
    const { airS, stall, ending } = season;
    const pusher = this.#start(season);
    let isThere = await this.#stay(pusher, stall ? stall.afterS : airS);
    if (isThere && stall) {
      pusher.child.kill('SIGSTOP');
      await this.soak.pause(stall.forS * 1000);
      pusher.child.kill('SIGCONT');
      isThere = await this.#stay(pusher, airS - stall.afterS);
    }
    if (!isThere) {
      // Somebody took over, or it was refused: what for, the server's log knows.
      this.#note('by phien');
      return;
    }
    this.#note(`${season.protocol} ${ending}`);
    await this.#end(pusher, ending);
  }

  async #end(pusher, ending) {
    if (ending === 'stop') {
      await pusher.stop();
    } else if (ending === 'kill') {
      await pusher.kill();
    } else {
      pusher.child.kill('SIGSTOP');
      this.soak.pause(ABANDONED_MS).then(() => pusher.kill());
    }
  }

  // Seconds of a core so far.
  measure() {
    for (const pusher of this.running) {
      pusher.cpu = cpuSeconds(pusher.child.pid) ?? pusher.cpu;
    }
    return [...this.running].reduce((sum, { cpu }) => sum + cpu, this.cpuOfEnded);
  }

  async kill() {
    await Promise.all([...this.running].map((pusher) => pusher.kill()));
  }
}

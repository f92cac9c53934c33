// SPDX-License-Identifier: Apache-2.0
//
// Publishers of MPEG-TS over SRT: ffmpeg, srt-live-transmit, GStreamer, and our own srt_pusher
// (tests/tools/srt_pusher.c) for what they cannot do: quick cycles, silence, and the reason when
// they are refused. And a bad network between them and phien (tests/tools/impair.c).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, renameSync } from 'node:fs';
// What is waited for here is nothing that anybody tells.
import { setTimeout as pause } from 'node:timers/promises';

import { Background, run } from './process.mjs';
import { tool } from './push.mjs';
import { freeUdpPort } from './server.mjs';
import { source } from './source.mjs';

const FFMPEG = ['-nostdin', '-hide_banner', '-loglevel', 'warning'];
const MPEGTS = ['-c', 'copy', '-f', 'mpegts', '-muxdelay', '0', '-muxpreload', '0'];

// A source as MPEG-TS, for those that send files as they are.
export async function tsSource(name) {
  const input = await source(name);
  const path = input.replace(/\.mp4$/, '.ts');
  if (!existsSync(path)) {
    const own = input.replace(/\.mp4$/, `-${process.pid}.ts`);
    await run('ffmpeg', [...FFMPEG, '-y', '-i', input, ...MPEGTS, own]);
    renameSync(own, path);
  }
  return path;
}

// url: as server.srtUrl() has it.
export function pushSrtWithFfmpeg(t, url, input, { loop = false, options = [] } = {}) {
  return new Background(t, 'ffmpeg', [...FFMPEG, '-re', ...(loop ? ['-stream_loop', '-1'] : []),
    '-i', input, ...options, ...MPEGTS, url]);
}

// srt-live-transmit goes on when its input ends: it is told to leave then, with Ctrl-C.
async function stopAfter(reader, sender) {
  await reader.exited;
  await pause(500);
  sender.child.stdin?.end(); // for which it must not be reading
  await sender.stop();
}

// ffmpeg gives it the file in real time, by a pipe.
export function pushWithSrtTransmit(t, url, input) {
  const reader = new Background(t, 'ffmpeg', [...FFMPEG, '-re', '-i', input, ...MPEGTS, '-']);
  const sender = new Background(t, 'srt-live-transmit', ['-q', 'file://con', url],
    { input: 'pipe' });
  sender.child.stdin.on('error', () => {}); // it may end before its input does
  reader.child.stdout.pipe(sender.child.stdin, { end: false });
  stopAfter(reader, sender);
  return sender;
}

// The same by UDP, as encoders in the same house do.
export async function relayWithSrtTransmit(t, url, input) {
  const port = await freeUdpPort();
  const sender = new Background(t, 'srt-live-transmit', ['-q', `udp://127.0.0.1:${port}`, url]);
  stopAfter(pushSrtWithFfmpeg(t, `udp://127.0.0.1:${port}?pkt_size=1316`, input), sender);
  return sender;
}

export function pushSrtWithGstreamer(t, server, streamid, input) {
  return new Background(t, 'gst-launch-1.0', ['-q', 'filesrc', `location=${input}`, '!', 'qtdemux',
    'name=d', 'mpegtsmux', 'name=m', 'alignment=7', '!', 'srtsink',
    `uri=srt://127.0.0.1:${server.srtPort}`, `streamid=${streamid}`, 'wait-for-connection=true',
    'd.video_0', '!', 'queue', '!', 'h264parse', '!', 'identity', 'sync=true', '!', 'm.',
    'd.audio_0', '!', 'queue', '!', 'aacparse', '!', 'm.']);
}

export class SrtPusher extends Background {
  constructor(t, port, streamid, options = []) {
    super(t, tool('srt_pusher'), ['--to', `127.0.0.1:${port}`, '--streamid', streamid,
      ...options.map(String)]);
  }

  // What it printed: [["live", "0"], ["refused", "1", "1401", ...]].
  get words() {
    return this.output.split('\n').filter((line) => line !== '').map((line) => line.split(' '));
  }
}

// A bad network in front of a port of this machine. options: as impair takes them.
export class BadNetwork extends Background {
  static async start(t, port, options = []) {
    const network = new BadNetwork(t, tool('impair'), ['--listen', '127.0.0.1:0',
      '--to', `127.0.0.1:${port}`, ...options.map(String)], { input: 'pipe' });
    await network.#waitPort();
    return network;
  }

  async #waitPort() {
    while (this.isRunning && !this.output.includes('\n')) {
      await Promise.race([once(this.child.stdout, 'data'), this.exited]);
    }
    this.port = Number.parseInt(this.output, 10);
    assert.ok(this.port > 0, `impair did not start: ${this.output}`);
  }

  // The same address, but by way of this network.
  through(url) {
    return url.replace(/^(srt:\/\/[^:]+):\d+/, `$1:${this.port}`);
  }

  // "blackout 2000", "loss 20"
  command(line) {
    this.child.stdin.write(`${line}\n`);
  }

  // Ends it: what it did, as { up: { forwarded, dropped, reordered }, down, overflowed }.
  async finish() {
    this.child.stdin.end();
    await super.finish();
    return JSON.parse(this.output.split('\n').find((line) => line.startsWith('{')));
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Runs phien with a config of its own on free ports, reads its log, and ends it. PHIEN_BIN names
// the binary.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { EventEmitter, on, once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { getJson, getText, request } from './http.mjs';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

export const PHIEN = resolve(process.env.PHIEN_BIN ?? join(ROOT, 'build/phien'));

// Such builds are slower and keep freed memory for a while.
export const IS_SANITIZED = existsSync(PHIEN) &&
  /__(asan|tsan)_init/.test(readFileSync(PHIEN, 'latin1'));

// Where media and screenshots are kept.
export const ARTEFACTS = resolve(process.env.PHIEN_E2E_DIR ?? join(ROOT, 'build/e2e'));

export const ADMIN_TOKEN = 'admin-token-of-the-tests';

// How long anything may take before a test gives up: sanitizers slow a busy machine down a lot.
export const PATIENCE_MS = 30000;

const SANITIZER = /(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:/;

// Below the ports that the system gives to outgoing connections (from 32768 on): of those a busy
// test has thousands, and one could take the port before phien does.
const PORTS = { from: 10000, count: 22000 };

// A port on which `open(port)` gives something that listens, and that nobody else has.
async function findPort(open) {
  for (let tries = 0; ; tries++) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    const probe = open(port);
    try {
      await once(probe, 'listening');
      probe.close();
      await once(probe, 'close');
      return port;
    } catch (error) {
      if (error.code !== 'EADDRINUSE' || tries === 100) {
        throw error;
      }
    }
  }
}

export function freePort() {
  return findPort((port) => net.createServer().listen(port, '127.0.0.1'));
}

export function freeUdpPort() {
  return findPort((port) => dgram.createSocket('udp4').bind(port, '127.0.0.1'));
}

function formatScalar(value) {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

// Sections of scalars, and the list of channels: all that phien's config has.
export function formatConfig({ channels, ...sections }) {
  const lines = [];
  for (const [name, section] of Object.entries(sections)) {
    if (typeof section === 'object') {
      lines.push(`${name}:`);
      for (const [key, value] of Object.entries(section)) {
        lines.push(`  ${key}: ${formatScalar(value)}`);
      }
    } else {
      lines.push(`${name}: ${formatScalar(section)}`);
    }
  }
  lines.push('channels:');
  for (const channel of channels) {
    const entries = Object.entries(channel);
    lines.push(...entries.map(([key, value], i) =>
      `${i === 0 ? '  - ' : '    '}${key}: ${formatScalar(value)}`));
  }
  return `${lines.join('\n')}\n`;
}

// "cho" with a key, and others to be untouched by what happens to it.
export const CHANNELS = [
  { name: 'cho', key: 'key-of-cho-7f3a', title: 'Chợ phiên' },
  { name: 'ban', key: 'key-of-ban-19c2' },
  { name: 'nui', key: 'key-of-nui-55d0' },
];

export function writeConfig(directory, config, name = 'phien.yaml') {
  const path = join(directory, name);
  writeFileSync(path, typeof config === 'string' ? config : formatConfig(config));
  return path;
}

export function makeTemporaryDirectory() {
  return mkdtempSync(join(tmpdir(), 'phien-e2e-'));
}

function parseLogfmt(line) {
  const fields = {};
  for (const [, key, quoted, bare] of line.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))/g)) {
    fields[key] = quoted === undefined ? bare : JSON.parse(`"${quoted}"`);
  }
  return fields;
}

function parseLine(line) {
  try {
    return line.startsWith('{') ? JSON.parse(line) : parseLogfmt(line);
  } catch (_) {
    return {};
  }
}

// Runs phien to its end, for what ends by itself: { code, stdout, stderr }.
export async function runPhien(args) {
  const child = spawn(PHIEN, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => { out.stdout += chunk; });
  child.stderr.on('data', (chunk) => { out.stderr += chunk; });
  const [code] = await once(child, 'close', { signal: AbortSignal.timeout(PATIENCE_MS) });
  return { code, ...out };
}

// For `publish` in a config: viewers get nothing but what is sent, however late that comes on a
// busy machine, and the end soon after it.
export const AS_SENT = { linger_s: 1, slate: false };

export class Server {
  // `config` overrides sections of the default one, key by key. With `t`, the server is ended
  // when the test is, and must end well. SRT is off unless `config` has a section for it;
  // `srt: {}` will do. `ports` are those of another that is no longer running. What it keeps goes
  // with its directory, unless `state` and `overlay.database` are elsewhere.
  static async start(t, config = {}) {
    const ports = { rtmp: await freePort(), http: await freePort(), ...config.ports };
    if (config.srt) {
      ports.srt = await freeUdpPort();
    }
    const directory = makeTemporaryDirectory();
    const server = new Server(ports, directory, {
      workers: 2,
      state: config.state ?? join(directory, 'phien.state'),
      log: { level: 'debug', format: 'json', ...config.log },
      rtmp: { listen: `127.0.0.1:${ports.rtmp}`, ...config.rtmp },
      srt: { listen: config.srt ? `127.0.0.1:${ports.srt}` : '', ...config.srt },
      http: { listen: `127.0.0.1:${ports.http}`, ...config.http },
      hls: { part_ms: 250, segment_ms: 2000, window_s: 30, ...config.hls },
      publish: { grace_s: 60, ...config.publish },
      overlay: { database: join(directory, 'phien.db'), ...config.overlay },
      admin: { token: ADMIN_TOKEN, ...config.admin },
      channels: config.channels ?? CHANNELS,
    });
    t.after(() => server.stop());
    await server.#waitUntilUp();
    return server;
  }

  constructor(ports, directory, config) {
    this.ports = ports;
    this.config = config;
    this.lines = []; // as they were written
    this.log = []; // the same, parsed
    this.directory = directory;
    this.news = new EventEmitter();
    this.news.setMaxListeners(0);
    const path = writeConfig(this.directory, config);
    this.child = spawn(PHIEN, ['-c', path], { stdio: ['ignore', 'inherit', 'pipe'] });
    this.exited = once(this.child, 'close');
    this.isStopping = false;
    this.isKilled = false;
    this.exited.then(() => {
      // Whatever a test then fails with, this is why.
      if (!this.isStopping) {
        console.error(`phien ended by itself:\n${this.tail(60)}`);
      }
      this.news.emit('news');
    });
    createInterface({ input: this.child.stderr }).on('line', (line) => {
      this.lines.push(line);
      this.log.push(parseLine(line));
      this.news.emit('news');
    });
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get httpUrl() {
    return `http://127.0.0.1:${this.ports.http}`;
  }

  get rtmpUrl() {
    return `rtmp://127.0.0.1:${this.ports.rtmp}`;
  }

  get srtPort() {
    return this.ports.srt;
  }

  // Of a server with SRT, as ffmpeg takes it: `options` go into the query as they are, so latency
  // is in microseconds.
  srtUrl(streamid, options = {}) {
    const query = Object.entries({ streamid, ...options })
      .map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    return `srt://127.0.0.1:${this.srtPort}?${query.join('&')}`;
  }

  get workerCount() {
    return this.config.workers;
  }

  key(channel) {
    return this.config.channels.find(({ name }) => name === channel).key;
  }

  live(channel, path) {
    return `${this.httpUrl}/live/${channel}/${path}`;
  }

  publishUrl(channel) {
    return `${this.rtmpUrl}/live/${channel}?key=${this.key(channel)}`;
  }

  async #waitUntilUp() {
    await this.waitForLog({ event: 'server.start' });
    const answer = await request(`${this.httpUrl}/healthz`);
    assert.equal(answer.status, 200, `/healthz: ${answer.body}`);
  }

  // The newest lines, for messages.
  tail(count = 25) {
    return this.lines.slice(-count).join('\n');
  }

  findLog(wanted, from = 0) {
    const matches = typeof wanted === 'function' ? wanted
      : (fields) => Object.entries(wanted).every(([key, value]) => fields[key] === value);
    return this.log.slice(from).find(matches);
  }

  // The first line from line `from` on whose fields are as `wanted` says: now or when it comes.
  async waitForLog(wanted, { from = 0, timeoutMs = PATIENCE_MS } = {}) {
    const found = await this.waitFor(() => this.findLog(wanted, from), {
      timeoutMs,
      what: `a log line ${typeof wanted === 'function' ? wanted : JSON.stringify(wanted)}`,
    });
    return found;
  }

  // Waits until `look()` gives something, looking whenever there is a new line in the log.
  async waitFor(look, { what, timeoutMs = PATIENCE_MS }) {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const news = on(this.news, 'news', { signal });
      let found = look();
      while (!found && this.isRunning) {
        await news.next();
        found = look();
      }
      await news.return();
      if (found) {
        return found;
      }
    } catch (error) {
      if (error.name !== 'AbortError') {
        throw error;
      }
    }
    throw new Error(`no ${what} ${this.isRunning ? `in ${timeoutMs} ms` : 'before phien ended'}; ` +
      `the log's end was:\n${this.tail()}`);
  }

  // Waits for the channel to be on air; its log line says with what.
  waitOnAir(channel, options) {
    return this.waitForLog({ event: 'channel.on_air', channel }, options);
  }

  waitPublishStop(channel, options) {
    return this.waitForLog({ event: 'publish.stop', channel }, options);
  }

  async channels() {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const { channels } = await getJson(`${this.httpUrl}/api/v1/channels`, { headers });
    return Object.fromEntries(channels.map((channel) => [channel.name, channel]));
  }

  // All samples of /metrics, by name with labels.
  async metrics() {
    return parseMetrics(await getText(`${this.httpUrl}/metrics`));
  }

  // As a power cut ends it. Whatever it kept outside of its own directory stays.
  async kill() {
    this.isStopping = true;
    this.isKilled = true;
    this.child.kill('SIGKILL');
    await this.exited;
  }

  // Signals phien, which must exit with 0, soon, and no sanitizer may have found anything.
  async stop({ signal = 'SIGTERM', timeoutMs = PATIENCE_MS } = {}) {
    const began = performance.now();
    this.isStopping = true;
    if (this.isRunning) {
      this.child.kill(signal);
    }
    const timer = AbortSignal.timeout(timeoutMs);
    await Promise.race([this.exited, once(timer, 'abort')]);
    if (this.isRunning) {
      this.child.kill('SIGKILL');
      await this.exited;
      assert.fail(`phien has not ended ${timeoutMs} ms after ${signal}:\n${this.tail()}`);
    }
    rmSync(this.directory, { recursive: true, force: true });
    const report = this.lines.findIndex((line) => SANITIZER.test(line));
    assert.equal(report, -1, this.lines.slice(Math.max(0, report - 2), report + 60).join('\n'));
    assert.deepEqual([this.child.exitCode, this.child.signalCode],
      this.isKilled ? [null, 'SIGKILL'] : [0, null],
      `how phien ended:\n${this.tail()}`);
    return performance.now() - began;
  }
}

// Prometheus' text format: a Map of `name{labels}` to number. Throws at a line that is no such.
export function parseMetrics(text) {
  const samples = new Map();
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*(?:\{[^}]*\})?) (-?[\d.e+-]+|NaN|[+-]Inf)$/.exec(line);
    if (match) {
      if (samples.has(match[1])) {
        throw new Error(`twice: ${match[1]}`);
      }
      samples.set(match[1], Number(match[2]));
    } else if (line !== '' && !/^# (HELP|TYPE) /.test(line)) {
      throw new Error(`not a sample: ${line}`);
    }
  }
  return samples;
}

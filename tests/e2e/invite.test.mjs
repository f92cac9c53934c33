// SPDX-License-Identifier: Apache-2.0
//
// phien invite: what a seller's phone scans is what is printed beside it, and publishes to the
// channel. zbarimg stands for the phone's camera.

import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Background, run } from './lib/process.mjs';
import { findBlocks, readBlocks, readPicture } from './lib/qr.mjs';
import { makeTemporaryDirectory, PHIEN, runPhien, Server, writeConfig } from './lib/server.mjs';
import { source } from './lib/source.mjs';

const directory = makeTemporaryDirectory();
after(() => rmSync(directory, { recursive: true }));

// Keys as people choose them, one of them awkward everywhere; a title that is not ASCII.
const conf = writeConfig(directory, {
  http: { public_url: 'https://live.example/cho' },
  srt: { listen: '0.0.0.0:8890', latency_ms: 1500 },
  hls: { segment_ms: 2500 },
  channels: [
    { name: 'cho', key: '0123456789abcdef0123456789abcdef', title: 'Chợ phiên Sìn Hồ',
      overlay_token: 'to+ken=of&cho' },
    {
      name: 'nui', key: 'k:e+y@of,nui!', title: 'Núi', srt_passphrase: 'p@ss+phrase&of=nui%',
      srt_latency_ms: 4000, overlay_token: 'token-of-nui',
    },
  ],
});

const SCHEMES = { rtmp: /^rtmp:/, srt: /^srt:/, larix: /^larix:/, moblin: /^moblin:/,
  studio: /^https:.*\/studio\// };
const KINDS = Object.keys(SCHEMES);

const invite = (...args) => run(PHIEN, ['invite', ...args, '-c', conf]);

// The links in what was printed, by kind.
function linksOf(text) {
  const words = text.replace(/^ {2}server .*$/m, '').split(/\s+/);
  return Object.fromEntries(KINDS.map((kind) =>
    [kind, words.find((word) => SCHEMES[kind].test(word))]));
}

const parametersOf = (link) => Object.fromEntries(
  link.slice(link.indexOf('?') + 1).split('&').map((pair) => pair.split('=')
    .map(decodeURIComponent)));

test('the pictures hold the links that are printed', async (t) => {
  for (const channel of ['cho', 'nui']) {
    await t.test(channel, async () => {
      const out = join(directory, `pictures-of-${channel}`);
      const { stdout, stderr } = await invite(channel, '--out', out);
      assert.equal(stderr, '');
      const links = linksOf(stdout);
      for (const kind of KINDS) {
        assert.deepEqual(await readPicture(join(out, `${channel}-${kind}.png`)), [links[kind]]);
      }
      assert.equal(statSync(out).mode & 0o777, 0o700);
      const files = readdirSync(out).sort();
      assert.deepEqual(files,
        KINDS.flatMap((kind) => [`${channel}-${kind}.png`, `${channel}-${kind}.svg`]).sort());
      for (const file of files) {
        assert.equal(statSync(join(out, file)).mode & 0o777, 0o600, file);
      }
    });
  }
});

test('an SVG shows what the PNG shows', async () => {
  const out = join(directory, 'svg');
  const { stdout } = await invite('cho', '--only', 'larix', '--out', out);
  const shot = join(out, 'shot.png');
  await run(process.env.PHIEN_CHROMIUM ?? '/usr/bin/chromium', ['--headless', '--no-sandbox',
    '--disable-gpu', `--user-data-dir=${join(directory, 'profile')}`, '--window-size=800,800',
    `--screenshot=${shot}`, `file://${join(out, 'cho-larix.svg')}`]);
  assert.deepEqual(await readPicture(shot), [linksOf(stdout).larix]);
});

test('lines of blocks hold the links that are printed', async () => {
  for (const channel of ['cho', 'nui']) {
    const { stdout } = await invite(channel);
    const blocks = findBlocks(stdout);
    assert.equal(blocks.length, KINDS.length);
    const texts = await Promise.all(blocks.map(readBlocks));
    assert.deepEqual(texts, Object.values(linksOf(stdout)));
  }
});

// What is printed on a terminal of so many columns.
async function onTerminal(columns, args) {
  const command = `stty cols ${columns}; '${PHIEN}' invite ${args} -c '${conf}'`;
  const { stdout } = await run('script', ['-qec', command, '/dev/null']);
  return stdout.replaceAll('\r\n', '\n');
}

test('a terminal gets black on white, whatever its own colours are', async () => {
  const text = await onTerminal(80, 'cho --only larix');
  const lines = text.split('\n').filter((line) => line.includes('\x1b['));
  assert.ok(lines.length > 20);
  for (const line of lines) {
    assert.match(line, /^\x1b\[38;5;16;48;5;231m[ ▀▄█]+\x1b\[0m$/);
  }
  const [blocks, ...others] = findBlocks(text.replaceAll(/\x1b\[[\d;]*m/g, ''));
  assert.deepEqual(others, []);
  assert.equal(await readBlocks(blocks), linksOf(text).larix);
});

test('a terminal that is too narrow is told of, and not filled with scraps', async () => {
  const text = await onTerminal(60, 'cho --only larix');
  assert.match(text, /the QR code needs \d+ columns and the terminal has 60: widen it/);
  assert.deepEqual(findBlocks(text.replaceAll(/\x1b\[[\d;]*m/g, '')), []);
  assert.match(text, /larix:\/\/set/);
});

test('what the links say', async () => {
  const { stdout } = await invite('nui', '--host', '2001:db8::7', '--portrait');
  const links = linksOf(stdout);
  assert.match(stdout, /^ {2}server {6}rtmp:\/\/\[2001:db8::7\]\/live$/m);
  assert.match(stdout, /^ {2}stream key {2}k:e\+y@of,nui!$/m);
  assert.match(links.rtmp, /^rtmp:\/\/\[2001:db8::7\]\/live\/nui\?key=/);
  assert.deepEqual(parametersOf(links.rtmp), { key: 'k:e+y@of,nui!' });
  assert.match(links.srt, /^srt:\/\/\[2001:db8::7\]:8890\?streamid=/);
  assert.deepEqual(parametersOf(links.srt),
    { streamid: 'nui?key=k:e+y@of,nui!', latency: '4000', passphrase: 'p@ss+phrase&of=nui%' });
  const larix = parametersOf(links.larix);
  assert.equal(larix['conn[][url]'], 'srt://[2001:db8::7]:8890');
  assert.equal(larix['conn[][srtstreamid]'], 'nui?key=k:e+y@of,nui!');
  assert.equal(larix['conn[][srtpass]'], 'p@ss+phrase&of=nui%');
  assert.equal(larix['conn[][srtlatency]'], '4000');
  assert.equal(larix['enc[vid][orientation]'], 'vertical');
  assert.equal(larix['enc[vid][keyframe]'], '3');
  assert.equal(links.studio, 'https://live.example/cho/studio/nui?token=token-of-nui');
  const { streams: [moblin] } = JSON.parse(decodeURIComponent(links.moblin.slice(10)));
  assert.equal(moblin.url, links.srt);
  assert.equal(moblin.srt.latency, 4000);
  assert.equal(moblin.video.maxKeyFrameInterval, 3);
});

test('what is wrong is said', async (t) => {
  const fails = async (args, code, pattern) => {
    const said = await runPhien(args);
    assert.equal(said.code, code, JSON.stringify(said));
    assert.equal(said.stdout, '');
    assert.match(said.stderr, pattern);
  };
  await t.test('an unknown channel', () => fails(['invite', 'ban', '-c', conf], 1,
    /^phien: there is no channel "ban"; there are cho, nui\n$/));
  await t.test('no channel', () => fails(['invite', '-c', conf], 2, /Give its NAME/));
  await t.test('no config', () => fails(['invite', 'cho'], 2, /Give -c FILE/));
  await t.test('two channels', () => fails(['invite', 'cho', 'nui', '-c', conf], 2, /too many/));
  await t.test('--host without invite', () => fails(['-c', conf, '--host', 'x'], 2,
    /belong to phien invite/));
  await t.test('a port in --host', () => fails(['invite', 'cho', '-c', conf, '--host', 'x:1'], 1,
    /without a port/));
  await t.test('an unknown app', () => fails(['invite', 'cho', '-c', conf, '--only', 'obs'], 1,
    /rtmp, srt, larix, moblin or studio/));
});

// As the app would that took the link: [from which link, the format, the address of it].
const APPS = [
  ['rtmp', 'flv', ({ rtmp }) => rtmp],
  ['srt', 'mpegts', ({ srt }) => srt],
  ['larix', 'mpegts', ({ larix }) => {
    const settings = parametersOf(larix);
    const query = new URLSearchParams({
      streamid: settings['conn[][srtstreamid]'], passphrase: settings['conn[][srtpass]'],
    });
    return `${settings['conn[][url]']}?${query}`;
  }],
  ['moblin', 'mpegts', ({ moblin }) => JSON.parse(decodeURIComponent(moblin.slice(10)))
    .streams[0].url],
];

test('one can publish with what the links say', async (t) => {
  const server = await Server.start(t, {
    srt: { latency_ms: 300 },
    channels: [{
      name: 'nui', key: 'k:e+y@of,nui!', srt_passphrase: 'fedcba9876543210', srt_latency_ms: 700,
    }],
  });
  const { stdout } = await run(PHIEN, ['invite', 'nui', '--host', '127.0.0.1', '-c',
    join(server.directory, 'phien.yaml')]);
  const links = linksOf(stdout);
  const input = await source('plain');
  for (const [what, format, addressOf] of APPS) {
    await t.test(what, async (subtest) => {
      const from = server.log.length;
      const publisher = new Background(subtest, 'ffmpeg', ['-nostdin', '-hide_banner',
        '-loglevel', 'warning', '-re', '-i', input, '-c', 'copy', '-f', format, addressOf(links)]);
      const { width } = await server.waitOnAir('nui', { from });
      assert.equal(Number(width), 426);
      if (format === 'mpegts') {
        const { latency_ms: latencyMs } = server.findLog({ event: 'srt.open' }, from);
        assert.equal(Number(latencyMs), 700);
      }
      await publisher.stop();
      await server.waitPublishStop('nui', { from });
    });
  }
});

// SPDX-License-Identifier: Apache-2.0
//
// What was answered is kept: through a kill in the middle of writes, through a restart, and at the
// end. And what an operator is told whose database cannot be used.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { Seller, sellers } from './lib/api.mjs';
import { run } from './lib/process.mjs';
import { pushWithFfmpeg } from './lib/push.mjs';
import { makeTemporaryDirectory, runPhien, Server, writeConfig } from './lib/server.mjs';
import { source } from './lib/source.mjs';

const directory = makeTemporaryDirectory();
after(() => rmSync(directory, { recursive: true }));

const CHANNELS = sellers('cho', 'ban');

// Whatever becomes of the server, the database stays.
function start(t, database) {
  return Server.start(t, { overlay: { database: join(directory, database), writes_per_s: 0 },
    channels: CHANNELS });
}

// Sells piece by piece of a product of its own and puts new ones, until the server is gone.
class Writer {
  constructor(seller, name) {
    Object.assign(this, { seller, name, sold: 0, added: [], seqs: [], key: null });
  }

  async begin(stock) {
    this.stock = stock;
    await this.seller.add(this.name, { stock });
  }

  sell() {
    return this.seller.must(200, 'PATCH', `shelf/${this.name}`,
      { json: { stock_delta: -1 }, headers: { 'Idempotency-Key': this.key } });
  }

  async step() {
    this.key = `${this.name} sells ${this.sold}`;
    const { seq } = await this.sell();
    this.seqs.push(seq);
    this.sold += 1;
    this.key = null;
    if (this.sold % 4 === 0 && this.added.length < 12) {
      const sku = `${this.name}.${this.sold}`;
      const { seq: next } = await this.seller.add(sku, { title: `Mận hậu của ${sku}` });
      this.seqs.push(next);
      this.added.push(sku);
    }
  }

  // Returns once nobody answers any more.
  async work(onStep) {
    for (;;) {
      try {
        await this.step();
      } catch (error) {
        assert.match(error.message, /ECONNRESET|ECONNREFUSED|socket hang up|EPIPE/);
        return;
      }
      onStep();
    }
  }

  // At another server on the same database: what is there, and that a write for which no answer
  // came is done once, when it is sent again.
  async check(seller) {
    this.seller = seller;
    const { shelf, seq } = await seller.get('shelf');
    assert.ok(seq >= Math.max(...this.seqs), `seq ${seq} after ${this.seqs.at(-1)}`);
    const skus = shelf.map(({ sku }) => sku);
    assert.deepEqual(this.added.filter((sku) => !skus.includes(sku)), [], 'what was added is lost');
    const { stock, sold } = shelf.find(({ sku }) => sku === this.name);
    const unanswered = sold - this.sold;
    assert.ok(unanswered === 0 || (unanswered === 1 && this.key),
      `${this.name}: ${this.sold} were sold, ${sold} are`);
    assert.equal(stock + sold, this.stock);
    if (this.key) {
      await this.sell();
      assert.equal((await seller.get(`shelf/${this.name}`)).product.sold, this.sold + 1);
      this.sold += 1;
      this.key = null;
    }
  }
}

const WRITERS = 10;
const STEPS = 300; // of all of them, before the server is killed

async function checkKill(t) {
  let server = await start(t, 'kill.db');
  let seller = new Seller(server, 'cho');
  const writers = Array.from({ length: WRITERS }, (_, i) => new Writer(seller, `W${i}`));
  await Promise.all(writers.map((writer) => writer.begin(100000)));
  for (let round = 0; round < 3; round++) {
    let steps = 0;
    await Promise.all(writers.map((writer) => writer.work(() => {
      steps += 1;
      if (steps === STEPS) {
        server.kill();
      }
    })));
    server = await start(t, 'kill.db');
    seller = new Seller(server, 'cho');
    const { seq } = await seller.get('overlay');
    for (const writer of writers) {
      await writer.check(seller);
    }
    const resent = (await seller.get('overlay')).seq - seq;
    assert.ok(resent <= WRITERS, `${resent} writes were sent again`);
    const next = await seller.patch('W0', { badge: `vòng ${round}` });
    assert.equal(next.seq, seq + resent + 1, 'the seq goes on');
  }
  t.diagnostic(`${(await seller.get('overlay')).seq} changes`);
}

async function makeImage() {
  const { bytes } = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-f', 'lavfi', '-i',
    'testsrc2=size=320x240', '-frames:v', '1', '-f', 'mjpeg', '-']);
  return bytes;
}

// All of it is back, after a good end as well as after a bad one.
async function checkRestart(t) {
  let server = await start(t, 'restart.db');
  const cho = new Seller(server, 'cho');
  const bytes = await makeImage();
  const { image } = await cho.must(201, 'POST', 'images', { body: bytes });
  await cho.add('A1', { title: 'Mận hậu'.normalize('NFD'), original_price: 60000, unit: 'kg', image,
    url: 'https://example.com/{sku}', stock: 3, badge: 'mới hái', origin: 'Bản Tả Phìn' });
  await cho.add('A2', { hidden: true, position: 0 });
  await cho.pin('A1', { flash_price: 39000, note: 'chỉ tối nay', duration_s: 3600,
    ends_at: new Date(Date.now() + 3600e3).toISOString() });
  const ban = new Seller(server, 'ban');
  await ban.add('B1');
  await ban.pin('B1', { duration_s: 2 });
  // The channel "ban" is looked at only at the end, when its card has hidden.
  const look = async () => {
    const one = new Seller(server, 'cho');
    // The same ETag means the same bytes.
    const read = async (path) => {
      const { headers, body } = await one.with(null).call('GET', path);
      return [headers.etag, body.toString()];
    };
    return { own: await one.get('shelf'),
      read: await Promise.all(['overlay', 'shelf', 'card'].map(read)) };
  };
  const before = await look();
  for (const end of ['stop', 'kill', 'stop']) {
    await server[end]();
    server = await start(t, 'restart.db');
    assert.deepEqual(await look(), before, `after ${end}`);
    const path = image.split('/').slice(5).join('/');
    const answer = await new Seller(server, 'cho', { token: null }).call('GET', path);
    assert.ok(answer.body.equals(bytes), `after ${end}: ${answer.status}`);
  }
  const { database, channels, products } = server.findLog({ event: 'overlay.open' });
  assert.deepEqual([database, channels, products], [join(directory, 'restart.db'), 2, 3]);
  // What was to hide meanwhile, has.
  const reader = await new Seller(server, 'ban').events(t);
  await reader.waitFor(({ last }) => last?.data.card === null, 'the end of a card');
  assert.equal((await new Seller(server, 'ban').get('card')).card, null);
}

async function checkSecond(t) {
  const server = await start(t, 'second.db');
  const seller = new Seller(server, 'cho');
  await seller.add('A1');
  const path = writeConfig(directory, {
    state: '',
    rtmp: { listen: '127.0.0.1:0' }, srt: { listen: '' }, http: { listen: '127.0.0.1:0' },
    overlay: { database: join(directory, 'second.db') }, channels: CHANNELS,
  }, 'second.yaml');
  const { code, stderr } = await runPhien(['-c', path]);
  assert.equal(code, 1, stderr);
  assert.match(stderr, /event=overlay\.open_failed database=\S+second\.db /);
  assert.match(stderr, /hint="another phien uses \S+second\.db; stop it, or .*overlay\.database/);
  await seller.add('A2');
  const { mode } = statSync(join(directory, 'second.db'));
  assert.equal(mode & 0o007, 0, 'others may not read it');
}

// For trying it out: all is forgotten.
async function checkMemory(t) {
  for (let round = 0; round < 2; round++) {
    const server = await Server.start(t, { overlay: { database: '' }, channels: CHANNELS });
    assert.equal(server.findLog({ event: 'overlay.open' }).database, 'memory');
    const seller = new Seller(server, 'cho');
    assert.equal((await seller.get('overlay')).seq, 0);
    await seller.add('A1');
    await seller.pin('A1');
    await server.stop();
  }
}

function makeReadOnly() {
  const path = join(directory, 'read-only');
  mkdirSync(path);
  chmodSync(path, 0o555);
  return path;
}

async function checkUnusable() {
  writeFileSync(join(directory, 'text.db'), 'Mận hậu Mộc Châu, 45.000 đồng một cân\n'.repeat(100));
  const cases = {
    // Root may write anywhere but there.
    'a folder that is read-only': [join(process.getuid() === 0 ? '/sys' : makeReadOnly(), 'a.db'),
      /cannot open \S+a\.db-lock: .*; let phien's user write there, or set overlay\.database/],
    'a folder in place of a file': [directory, /set overlay\.database to a file/],
    'a file in place of a folder': [join(directory, 'text.db', 'a.db'), /overlay\.database/],
    'a file that is no database': [join(directory, 'text.db'),
      /text\.db is damaged .*move it away/],
  };
  for (const [what, [database, hint]] of Object.entries(cases)) {
    const path = writeConfig(directory, {
      state: '',
      rtmp: { listen: '127.0.0.1:0' }, srt: { listen: '' }, http: { listen: '127.0.0.1:0' },
      overlay: { database }, channels: CHANNELS,
    }, 'unusable.yaml');
    const { code, stderr } = await runPhien(['-c', path]);
    assert.equal(code, 1, `${what}: ${stderr}`);
    assert.match(stderr, /event=overlay\.open_failed /, what);
    assert.match(/ hint="(.*)"/.exec(stderr)?.[1] ?? '', hint, what);
  }
}

const UNDER_WAY = 100;

// A card whose place in the stream is waited for, since no picture comes: the answer, on its way.
async function holdCard(t, server) {
  const seller = new Seller(server, 'ban');
  await seller.add('B1');
  const publisher = pushWithFfmpeg(t, server.publishUrl('ban'), await source('long'));
  await server.waitOnAir('ban');
  publisher.child.kill('SIGSTOP');
  const held = seller.call('PUT', 'card', { json: { sku: 'B1' } });
  await server.waitForLog({ event: 'overlay.change', channel: 'ban', what: 'show' });
  return { answer: held };
}

// Whoever has asked is answered, and what the answer says is so.
async function checkEnd(t) {
  let server = await start(t, 'end.db');
  let seller = new Seller(server, 'cho');
  const reader = await seller.events(t);
  await seller.add('A1', { stock: 100000 });
  const { answer: held } = await holdCard(t, server);
  // A connection for each of them, so that all have arrived when the first is answered.
  await Promise.all(Array.from({ length: UNDER_WAY }, () => seller.get('card')));
  const writes = Array.from({ length: UNDER_WAY }, () =>
    seller.call('PATCH', 'shelf/A1', { json: { stock_delta: -1 } }));
  await Promise.race(writes);
  const stopped = server.stop();
  const answers = await Promise.all(writes);
  await stopped;
  const statuses = answers.map(({ status }) => status);
  const done = statuses.filter((status) => status === 200).length;
  t.diagnostic(`${done} were done, ${UNDER_WAY - done} refused`);
  assert.deepEqual(statuses.filter((status) => status !== 200 && status !== 503), []);
  const { status, json } = await held;
  assert.deepEqual([status, json.seq, json.card.sku], [200, 2, 'B1']);
  await reader.ended;
  assert.equal(reader.error, null, 'readers are told the end');
  server = await start(t, 'end.db');
  seller = new Seller(server, 'cho');
  assert.equal((await seller.get('shelf/A1')).product.sold, done);
}

const CASES = {
  'killed while it writes': checkKill, 'ended and begun again': checkRestart,
  'no database': checkMemory, 'a second phien on the same database': checkSecond,
  'a database that cannot be used': checkUnusable, 'SIGTERM while it writes': checkEnd,
};

test('durability', { concurrency: 3 }, (t) => Promise.all(Object.entries(CASES)
  .map(([what, check]) => t.test(what, check))));

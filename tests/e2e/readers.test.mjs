// SPDX-License-Identifier: Apache-2.0
//
// The readers of MP4 and MPEG-TS, on files that ffmpeg wrote: what they take out must be what
// ffmpeg put in. And they must refuse what is broken.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { assertOnGrid, assertSameUnits } from './lib/compare.mjs';
import { parseEmsgs } from './lib/cues.mjs';
import { parseAttributes, parseMedia, parseMultivariant } from './lib/m3u8.mjs';
import {
  boxes, isRandomAccess, lengthPrefixedNals, parseFragments, parseInit, sha256,
} from './lib/mp4.mjs';
import { Description } from './lib/openapi.mjs';
import { run } from './lib/process.mjs';
import { readAccessUnits, source } from './lib/source.mjs';
import { adtsFrames, annexBNals, TsDemuxer } from './lib/ts.mjs';

const directory = mkdtempSync(join(tmpdir(), 'phien-readers-'));
after(() => rmSync(directory, { recursive: true }));

async function remux(input, name, options) {
  const output = join(directory, name);
  await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-i', input, '-c', 'copy', ...options,
    output]);
  return readFileSync(output);
}

const FRAGMENTED = ['-movflags', '+frag_keyframe+delay_moov+default_base_moof'];

for (const name of ['bframes', 'odd', 'hevc', 'av1', 'opus']) {
  test(`MP4: every access unit of ${name}`, async () => {
    const input = await source(name);
    const wanted = await readAccessUnits(input);
    const bytes = await remux(input, `${name}.mp4`, FRAGMENTED);
    const init = parseInit(bytes);
    const samples = parseFragments(bytes, init);
    for (const kind of ['video', 'audio']) {
      const found = samples.filter((sample) => sample.kind === kind);
      assert.deepEqual(found.map(({ data }) => sha256(data)), wanted[kind].map(({ hash }) => hash));
      assert.deepEqual(found.map(({ cts }) => cts), wanted[kind].map(({ pts, dts }) => pts - dts));
      assert.deepEqual(found.map(({ dts }) => dts - found[0].dts),
        wanted[kind].map(({ dts }) => dts - wanted[kind][0].dts));
    }
    const keys = samples.filter(({ kind, isSync }) => kind === 'video' && isSync);
    assert.ok(keys.length >= 8 && keys.every(isRandomAccess));
  });
}

test('MP4: what is cut short is refused', async () => {
  const bytes = await remux(await source('plain'), 'whole.mp4', FRAGMENTED);
  assert.throws(() => [...boxes(bytes.subarray(0, 1000))], /goes beyond/);
  assert.throws(() => [...lengthPrefixedNals(Buffer.from([0, 0, 0, 9, 1]))], /goes beyond/);
  assert.throws(() => parseInit(Buffer.alloc(0)), /no box moov/);
});

test('TS: every access unit, with its times', async () => {
  const input = await source('bframes');
  const wanted = await readAccessUnits(input);
  const bytes = await remux(input, 'whole.ts', ['-f', 'mpegts']);
  const demuxer = new TsDemuxer();
  const { video, audio, codecs } = demuxer.feed(bytes);
  assert.deepEqual(codecs, { video: 'h264', audio: 'aac' });
  // ffmpeg puts its SDT first.
  assert.deepEqual(demuxer.errors.filter((error) => !/begins with/.test(error)), []);
  assert.equal(video.length, wanted.video.length);
  const offset = video[0].dts;
  assert.deepEqual(video.map(({ dts }) => dts - offset),
    wanted.video.map(({ dts, timescale }) => (dts - wanted.video[0].dts) * 90000 / timescale));
  assert.deepEqual(video.map(({ pts, dts }) => pts - dts),
    wanted.video.map(({ dts, pts, timescale }) => (pts - dts) * 90000 / timescale));
  const frames = audio.flatMap(({ data }) => [...adtsFrames(data)]);
  assert.deepEqual(frames.map(sha256), wanted.audio.map(({ hash }) => hash));
  const isPicture = (nal) => [1, 5].includes(nal[0] & 31);
  assert.ok(video.every(({ data }) => annexBNals(data).some(isPicture)));
});

test('TS: a lost packet is noticed', async () => {
  const bytes = await remux(await source('plain'), 'lost.ts', ['-f', 'mpegts']);
  const demuxer = new TsDemuxer();
  demuxer.feed(Buffer.concat([bytes.subarray(0, 188 * 50), bytes.subarray(188 * 51)]));
  assert.match(demuxer.errors.join('\n'), /continuity counter/);
});

test('Annex B: start codes of three and four bytes, zeroes between them', () => {
  const stream = Buffer.from('00000001091000000106aa0000000167420000000165b0', 'hex');
  assert.deepEqual(annexBNals(stream).map((nal) => nal.toString('hex')),
    ['0910', '06aa', '6742', '65b0']);
});

test('playlists: attributes, segments, parts', () => {
  assert.deepEqual(parseAttributes('A=1,B="x,y",C=YES'), { A: '1', B: 'x,y', C: 'YES' });
  const errors = [];
  parseAttributes('A=1,A=2', errors);
  assert.match(errors[0], /twice/);
  const multivariant = parseMultivariant('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nav.m3u8\n');
  assert.deepEqual(multivariant.variants, [{ uri: 'av.m3u8', attributes: { BANDWIDTH: '1' } }]);
  const media = parseMedia('#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n' +
    '#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXTINF:2,\na.ts\n#EXT-X-DISCONTINUITY\n' +
    '#EXT-X-PART:DURATION=0.5,URI="b.0"\n');
  assert.deepEqual(media.segments.map(({ msn, uri, discontinuityNumber, parts }) =>
    [msn, uri, discontinuityNumber, parts.length]), [[7, 'a.ts', 3, 0], [8, null, 4, 1]]);
});

test('the comparison of access units finds what is wrong with them', () => {
  const unit = (i) => ({ hash: `hash ${i}`, dts: i * 40, pts: i * 40 + 80, timescale: 1000 });
  const wanted = Array.from({ length: 10 }, (_, i) => unit(i));
  const spoil = (change) => wanted.map((one) => ({ ...one })).flatMap(change);
  assertSameUnits('as they were', wanted, wanted);
  const later = spoil((one) => ({ ...one, dts: one.dts + 7, pts: one.pts + 7 }));
  assertSameUnits('later', wanted, later);
  assertSameUnits('some missing', wanted, wanted.slice(2), { mayMiss: 2 });
  const wrong = [
    [/nothing came/, []],
    [/are missing/, wanted.slice(2)],
    [/how many/, [...wanted, unit(10)]],
    [/unit 9 of 10/, wanted.slice(0, 9)],
    [/unit 5 of 10/, spoil((one, i) => (i === 5 ? [] : one))],
    [/unit 6 of 10/, spoil((one, i) => (i === 5 ? [one, one] : one))],
    [/unit 5 of 10/, spoil((one, i) => (i === 5 ? { ...one, hash: 'x' } : one))],
    [/none of those/, spoil((one) => ({ ...one, hash: 'x' }))],
    [/pts - dts/, spoil((one, i) => (i === 5 ? { ...one, pts: one.pts + 2 } : one))],
    [/after the first/, spoil((one, i) => (i > 5 ? { ...one, dts: one.dts + 2, pts: one.pts + 2 }
      : one))],
  ];
  for (const [message, found] of wrong) {
    assert.throws(() => assertSameUnits('spoilt', wanted, found), { message });
  }
  assertOnGrid('even', wanted, 40);
  assert.throws(() => assertOnGrid('odd', [unit(0), unit(2)], 40), /80 samples/);
});

// An event message box with a tag of one TXXX frame, and the fragment behind it.
function makeEvent(text, { flags = 0x01000000, size = null, next = 'moof' } = {}) {
  const value = Buffer.from(`\x03phien.overlay\0${text}`);
  const tag = Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0TXXX\0\0\0\0\0\0', 'latin1'), value]);
  tag[9] = size ?? tag.length - 10;
  tag[17] = value.length;
  const numbers = Buffer.alloc(24);
  [flags, 90000, 0, 900000, 0xffffffff, 7].forEach((one, i) => numbers.writeUInt32BE(one, i * 4));
  const body = Buffer.concat([numbers, Buffer.from('https://aomedia.org/emsg/ID3\0\0'), tag]);
  const head = Buffer.from('\0\0\0\0emsg');
  head.writeUInt32BE(8 + body.length);
  return Buffer.concat([head, body, Buffer.from(`\0\0\0\x08${next}`)]);
}

test('event boxes: what is in them, and what is wrong with them', () => {
  const bytes = makeEvent('{"seq":12,"card":"M\u1eadn"}');
  const [{ time, timescale, duration, id, description, message }] = parseEmsgs(bytes);
  assert.deepEqual([time, timescale, duration, id, description, message],
    [900000, 90000, 0xffffffff, 7, 'phien.overlay', { seq: 12, card: 'Mận' }]);
  assert.throws(() => parseEmsgs(makeEvent('{}', { flags: 0 })), /not version 1/);
  assert.throws(() => parseEmsgs(makeEvent('{}', { size: 5 })), /not a tag/);
  assert.throws(() => parseEmsgs(makeEvent('{}', { next: 'mdat' })), /mdat behind an event/);
  assert.throws(() => parseEmsgs(makeEvent('{')), SyntaxError);
});

const DESCRIPTION = `
openapi: 3.1.0
paths:
  /shop/{sku}:
    parameters: [{ name: sku, in: path, required: true }]
    put:
      operationId: put
      requestBody:
        content: { application/json: { schema: { $ref: '#/components/schemas/Product' } } }
      responses:
        '200':
          description: It is there.
          headers: { ETag: { schema: { type: string, pattern: '^"' } } }
          content:
            application/json:
              schema: { type: array, items: { $ref: '#/components/schemas/Own' } }
              example: [{ price: 1, position: 2 }]
        '304': { description: It is the same. }
components:
  schemas:
    Product: { type: object, required: [price], properties: { price: { type: integer } } }
    Own:
      allOf:
        - { $ref: '#/components/schemas/Product' }
        - { type: object, properties: { position: { type: integer } } }
`;

test('answers are held against the description', () => {
  const request = { method: 'PUT', pathname: '/shop/A1', sent: { price: 1 }, status: 200,
    headers: { etag: '"1"', 'content-type': 'application/json; charset=utf-8' },
    body: '[{"price":1,"position":2}]' };
  const problems = (change) => {
    const description = new Description(DESCRIPTION);
    description.take({ ...request, ...change });
    return description.problems.join();
  };
  assert.equal(problems({}), '');
  assert.equal(problems({ pathname: '/elsewhere', status: 500 }), '');
  assert.equal(problems({ method: 'GET', status: 405 }), '');
  const wrong = [
    [/without this method/, { method: 'GET' }],
    [/only 200,304 are described/, { status: 201 }],
    [/not described/, { status: 304 }],
    [/ETag is missing/, { headers: { 'content-type': 'application/json' } }],
    [/ETag .*pattern/, { headers: { ...request.headers, etag: '1' } }],
    [/is text\/plain/, { headers: { etag: '"1"', 'content-type': 'text/plain' } }],
    [/price.*must be integer/, { body: '[{"price":"1"}]' }],
    [/required property/, { body: '[{"position":1}]' }],
    [/unevaluated/, { body: '[{"price":1,"colour":"red"}]' }],
    [/was taken/, { sent: { price: 'one' } }],
    [/was taken.*unevaluated/, { sent: { price: 1, colour: 'red' } }],
  ];
  for (const [message, change] of wrong) {
    assert.match(problems(change), message, JSON.stringify(change));
  }
});

test('the description is held against itself', () => {
  const problems = (from, to) => new Description(DESCRIPTION.replace(from, to)).checkItself();
  assert.deepEqual(problems('', ''), []);
  assert.match(problems('position: 2', 'position: two').join(), /example.*integer/);
  assert.match(problems('in: path', 'in: query').join(), /parameters/);
  assert.match(problems('operationId: put', 'summary: put').join(), /operationIds/);
  const description = new Description(DESCRIPTION);
  assert.deepEqual(description.unseen, ['PUT /shop/{sku}']);
  assert.throws(() => new Description(DESCRIPTION.replace("components/schemas/Own'", "nothing'"))
    .checkItself(), /nothing/);
});

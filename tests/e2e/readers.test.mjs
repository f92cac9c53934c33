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
import { parseAttributes, parseMedia, parseMultivariant } from './lib/m3u8.mjs';
import {
  boxes, isRandomAccess, lengthPrefixedNals, parseFragments, parseInit, sha256,
} from './lib/mp4.mjs';
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

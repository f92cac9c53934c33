// SPDX-License-Identifier: Apache-2.0
//
// What phien reads from MPEG-TS against what ffmpeg's demuxer reads from the same file: each access
// unit, its times and its bytes. No server takes part: tests/tools/ts_units.c feeds an SRT session
// with the file, message by message.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';

import { run } from './lib/process.mjs';
import { ARTEFACTS, PHIEN } from './lib/server.mjs';
import { adtsFrames, annexBNals } from './lib/ts.mjs';

const TS_UNITS = resolve(process.env.PHIEN_TS_UNITS ?? join(dirname(PHIEN), 'ts_units'));
const DIRECTORY = join(ARTEFACTS, 'media');
const QUIET = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'];

const WRAP = 2 ** 33;
const SECONDS = 3;

const PICTURES = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25'];
const SOUND = ['-f', 'lavfi', '-i', 'sine=frequency=330:beep_factor=4:sample_rate=48000'];
const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-g', '25',
  '-sc_threshold', '0'];
const B_FRAMES = ['-bf', '3', '-refs', '3', '-b_strategy', '0'];
const X265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-x265-params',
  'keyint=25:min-keyint=25:scenecut=0:open-gop=0:bframes=2:log-level=error'];
const AAC = ['-c:a', 'aac', '-b:a', '64k'];

// video, audio: what ffmpeg encodes with. mux: how it writes MPEG-TS. parsers: GStreamer writes it.
const CASES = [
  { name: 'h264-aac', video: [...X264, '-bf', '0'], audio: AAC },
  { name: 'h264-lengths', video: [...X264, '-bf', '0'], audio: AAC,
    mux: ['-omit_video_pes_length', '0'] },
  { name: 'h264-bframes', video: [...X264, ...B_FRAMES], audio: AAC },
  { name: 'h264-bframes-lengths', video: [...X264, ...B_FRAMES], audio: AAC,
    mux: ['-omit_video_pes_length', '0'] },
  { name: 'h264-slices', video: [...X264, ...B_FRAMES, '-slices', '4'], audio: AAC },
  // Larger pictures than a length can say, and each sound in a PES packet of its own.
  { name: 'h264-large', video: [...X264, '-bf', '0', '-b:v', '12M', '-minrate', '12M', '-maxrate',
    '12M', '-bufsize', '12M', '-x264-params', 'nal-hrd=cbr', '-s', '1280x720'], audio: AAC,
  mux: ['-omit_video_pes_length', '0', '-pes_payload_size', '0'] },
  { name: 'h264-interlaced', video: [...X264, ...B_FRAMES, '-flags', '+ilme+ildct'], audio: AAC },
  { name: 'hevc-aac', video: X265, audio: AAC },
  { name: 'hevc-lengths', video: X265, audio: AAC, mux: ['-omit_video_pes_length', '0'] },
  { name: 'h264-opus', video: X264, audio: ['-c:a', 'libopus', '-b:a', '64k'] },
  { name: 'h264-opus-short', video: X264,
    audio: ['-c:a', 'libopus', '-b:a', '64k', '-frame_duration', '2.5'] },
  { name: 'h264-latm', video: X264, audio: AAC, mux: ['-mpegts_flags', 'latm'] },
  { name: 'h264-aac-44100', video: X264, audio: [...AAC, '-ar', '44100'], sampleRate: 44100 },
  { name: 'h264-ac3', video: X264, audio: ['-c:a', 'ac3', '-b:a', '96k'] },
  { name: 'h264-ac3-dvb', video: X264, audio: ['-c:a', 'ac3', '-b:a', '96k'],
    mux: ['-mpegts_flags', 'system_b'] },
  { name: 'h264-eac3', video: X264, audio: ['-c:a', 'eac3', '-b:a', '96k'] },
  { name: 'h264-eac3-dvb', video: X264, audio: ['-c:a', 'eac3', '-b:a', '96k'],
    mux: ['-mpegts_flags', 'system_b'] },
  { name: 'h264-mp2', video: X264, audio: ['-c:a', 'mp2', '-b:a', '96k'] },
  { name: 'h264-mp3', video: X264, audio: ['-c:a', 'libmp3lame', '-b:a', '64k'] },
  { name: 'audio-alone', audio: AAC },
  { name: 'video-alone', video: [...X264, ...B_FRAMES] },
  { name: 'h264-wrap', video: [...X264, ...B_FRAMES], audio: AAC, wraps: true,
    mux: ['-output_ts_offset', '95442', '-muxdelay', '0', '-muxpreload', '0'] },
  // Padding and program clock references in packets of their own.
  { name: 'h264-cbr', video: [...X264, ...B_FRAMES], audio: AAC, mux: ['-muxrate', '2M'] },
  { name: 'hevc-open-gop', audio: AAC, video: [...X265.slice(0, -1),
    'keyint=25:min-keyint=25:scenecut=0:open-gop=1:bframes=2:log-level=error'] },
  { name: 'h264-aac-surround', video: X264, audio: AAC, channels: 6 },
  { name: 'h264-opus-surround', video: X264, audio: ['-c:a', 'libopus', '-b:a', '128k'],
    channels: 6 },
  { name: 'gst-h264-aac', video: [...X264, ...B_FRAMES], audio: AAC,
    parsers: ['h264parse', 'aacparse'] },
  { name: 'gst-hevc-opus', video: X265, audio: ['-c:a', 'libopus', '-b:a', '64k'],
    parsers: ['h265parse', 'opusparse'] },
];

// What another program makes of the same access units.
async function remux(input, output, [video, audio]) {
  await run('gst-launch-1.0', ['-q', 'filesrc', `location=${input}`, '!', 'qtdemux', 'name=d',
    'mpegtsmux', 'name=m', '!', 'filesink', `location=${output}`,
    'd.video_0', '!', 'queue', '!', video, '!', 'm.',
    'd.audio_0', '!', 'queue', '!', audio, '!', 'm.']);
  rmSync(input);
}

async function make({ name, video, audio, parsers, channels = 2, mux = [] }) {
  const args = [...QUIET, ...(video ? PICTURES : []), ...(audio ? SOUND : []),
    '-t', String(SECONDS), '-threads', '1', ...(video ?? []),
    ...(audio ? [...audio, '-ac', String(channels)] : []), ...mux];
  const id = createHash('sha256').update(args.join(' ')).digest('hex').slice(0, 8);
  const path = join(DIRECTORY, `units-${name}-${id}.ts`);
  if (!existsSync(path)) {
    mkdirSync(DIRECTORY, { recursive: true });
    const own = join(DIRECTORY, `units-${name}-${id}-${process.pid}.ts`);
    await run('ffmpeg', [...args, parsers ? `${own}.mp4` : own]);
    if (parsers) {
      await remux(`${own}.mp4`, own, parsers);
    }
    renameSync(own, path);
  }
  return path;
}

function md5(...chunks) {
  const hash = createHash('md5');
  chunks.forEach((chunk) => hash.update(chunk));
  return hash.digest('hex');
}

const START_CODE = Buffer.from([0, 0, 0, 1]);

// A byte stream as ts_units writes it: each NAL unit behind a start code of four bytes.
function normalise(data) {
  return Buffer.concat(annexBNals(data).flatMap((nal) => [START_CODE, nal]));
}

// Of LOAS (ISO/IEC 14496-3, 1.7): a frame whose StreamMuxConfig is one of one program and layer,
// as all encoders send it. The payload begins at any bit.
function latmPayload(frame) {
  const bits = [...frame].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let at = 24;
  const take = (count) => {
    at += count;
    return parseInt(bits.slice(at - count, at), 2);
  };
  if (take(1) === 0) {
    assert.equal(take(1), 0, 'audioMuxVersion');
    take(1 + 6 + 4 + 3); // allStreamsSameTimeFraming, numSubFrames, numProgram, numLayer
    take(5 + 4 + 4 + 3); // AudioSpecificConfig of AAC-LC
    take(3 + 8); // frameLengthType 0, latmBufferFullness
    take(1 + 1); // otherDataPresent, crcCheckPresent
  }
  let size = 0;
  let byte;
  do {
    byte = take(8);
    size += byte;
  } while (byte === 255);
  return Buffer.from(Array.from({ length: size }, () => take(8)));
}

// How ffmpeg's packets are framed, and phien's are not.
const UNFRAME = {
  aac: (data) => [...adtsFrames(data)][0],
  aac_latm: latmPayload,
};

// What ffmpeg's demuxer reads, in the form of ts_units.
async function readWithFfmpeg(path, { video, audio }) {
  const kinds = [...(video ? ['video'] : []), ...(audio ? ['audio'] : [])];
  const outputs = Object.fromEntries(kinds.map((kind) => [kind, `${path}.${kind}-${process.pid}`]));
  const [{ stdout }] = await Promise.all([
    run('ffprobe', ['-v', 'error', '-show_entries',
      'stream=codec_name,codec_type:packet=codec_type,pts,dts,size,flags', '-of', 'json', path]),
    run('ffmpeg', [...QUIET, '-copyts', '-i', path, ...kinds.flatMap((kind) =>
      ['-map', `0:${kind[0]}`, '-c', 'copy', '-f', 'data', outputs[kind]])]),
  ]);
  const { packets, streams } = JSON.parse(stdout);
  return Object.fromEntries(kinds.map((kind) => {
    const { codec_name: codec } = streams.find(({ codec_type: type }) => type === kind);
    const unframe = kind === 'video' ? normalise : UNFRAME[codec] ?? ((data) => data);
    return [kind, splitUnits(packets.filter(({ codec_type: type }) => type === kind),
      takeFile(outputs[kind]), unframe)];
  }));
}

function takeFile(path) {
  const bytes = readFileSync(path);
  rmSync(path);
  return bytes;
}

// The bytes of all packets, joined, back into packets.
function splitUnits(packets, bytes, unframe) {
  let at = 0;
  const units = packets.map(({ pts, dts, size, flags }) => {
    const data = unframe(bytes.subarray(at, at + Number(size)));
    at += Number(size);
    return { dts, pts, size: data.length, isKey: flags.startsWith('K'), hash: md5(data) };
  });
  assert.equal(at, bytes.length, 'ffprobe and ffmpeg do not read the same packets');
  return units;
}

async function readWithPhien(path, options = []) {
  const { stdout } = await run(TS_UNITS, [...options, path]);
  const units = { video: [], audio: [] };
  for (const line of stdout.split('\n')) {
    const [kind, dts, pts, size, key, hash] = line.split(' ');
    units[kind]?.push({
      dts: Number(dts), pts: Number(pts), size: Number(size), isKey: key === 'K', hash,
    });
  }
  return units;
}

// Both unwrap 33 bits, and may begin in another round: one distance for all units of both kinds.
function assertSame(wanted, found, { tolerance = 0 } = {}) {
  const kinds = Object.keys(wanted);
  const [first] = kinds;
  const rounds = found[first][0]?.dts - wanted[first][0].dts;
  assert.ok(rounds % WRAP === 0, `the first is dated ${found[first][0]?.dts}, not ` +
    `${wanted[first][0].dts}`);
  for (const kind of kinds) {
    const allowed = kind === 'audio' ? tolerance : 0;
    wanted[kind].forEach((unit, i) => {
      const { dts, pts, ...rest } = unit;
      const { dts: foundDts, pts: foundPts, ...foundRest } = found[kind][i] ?? {};
      assert.deepEqual(foundRest, rest, `${kind} ${i} of ${wanted[kind].length}`);
      for (const [what, a, b] of [['dts', dts, foundDts], ['pts', pts, foundPts]]) {
        assert.ok(Math.abs(b - rounds - a) <= allowed, `${kind} ${i}: ${what} is ${b - rounds}, ` +
          `ffmpeg says ${a}`);
      }
    });
    assert.equal(found[kind].length, wanted[kind].length, `${kind}: how many came`);
  }
}

async function checkCase(one) {
  const path = await make(one);
  const [wanted, found] = await Promise.all([readWithFfmpeg(path, one), readWithPhien(path)]);
  for (const kind of Object.keys(wanted)) {
    assert.ok(wanted[kind].length > SECONDS * 20, `${wanted[kind].length} units of ${kind}`);
    const dates = found[kind].map(({ dts }) => dts);
    assert.equal(dates[0] < WRAP && dates.at(-1) >= WRAP, Boolean(one.wraps), 'where 2^33 lies');
  }
  // Where samples are no whole number of ticks, each side rounds as it likes.
  assertSame(wanted, found, { tolerance: one.sampleRate ? 1 : 0 });
}

test('ffmpeg and phien read the same', { concurrency: 3 }, async (t) => {
  await Promise.all(CASES.map((one) => t.test(one.name, () => checkCase(one))));
});

test('whatever the messages are', async () => {
  const path = await make(CASES[2]);
  const wanted = await readWithPhien(path);
  for (const bytes of [1, 188, 1000, 1456]) {
    assert.deepEqual(await readWithPhien(path, ['--message-bytes', String(bytes)]), wanted);
  }
});

// Where the middle one of the packets of a PID is that start a PES packet, or that do not.
function findPacket(bytes, pid, isStart) {
  const found = Array.from({ length: bytes.length / 188 }, (_, i) => 188 * i)
    .filter((at) => (bytes.readUInt16BE(at + 1) & 0x1fff) === pid &&
      (bytes[at + 1] & 0x40) !== 0 === isStart);
  return found[found.length >> 1];
}

// The comparison itself: one bit, and one tick, of the middle of the file.
test('what differs is seen', async () => {
  const one = CASES[2];
  const path = await make(one);
  const wanted = await readWithFfmpeg(path, one);
  const bytes = readFileSync(path);
  const spoiled = `${path}.spoiled-${process.pid}`;
  assertSame(wanted, await readWithPhien(path));
  for (const [pid, isStart, offset] of [
    [0x100, false, 187], // the picture's last byte in this packet
    [0x101, false, 187],
    [0x100, true, 13], // the PES header's PTS: its last seven bits, and a marker
    [0x101, true, 13],
  ]) {
    const copy = Buffer.from(bytes);
    const at = findPacket(copy, pid, isStart);
    // A start may have an adaptation field, and has its PES header behind it.
    const adaptation = copy[at + 3] & 0x20 ? copy[at + 4] + 1 : 0;
    copy[isStart ? at + 4 + adaptation + offset : at + offset] ^= 0x02;
    writeFileSync(spoiled, copy);
    const found = await readWithPhien(spoiled);
    rmSync(spoiled);
    assert.throws(() => assertSame(wanted, found), assert.AssertionError,
      `PID ${pid}, ${isStart ? 'PTS' : 'payload'}`);
  }
});

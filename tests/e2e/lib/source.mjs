// SPDX-License-Identifier: Apache-2.0
//
// What the tests publish: files made by ffmpeg, kept between runs, and the access units in them.
// All are small, some hundred kilobits a second, so that a busy machine can encode and play them;
// each picture shows its number.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { hashPicture } from './compare.mjs';
import { lengthPrefixedNals, parseFragments, parseInit } from './mp4.mjs';
import { run } from './process.mjs';
import { ARTEFACTS } from './server.mjs';

const VIDEO = { width: 426, height: 240, rate: 25 };

function x264({ gop, bframes = 0 }) {
  return ['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', bframes ? 'high' : 'main',
    '-b:v', '400k', '-bf', String(bframes), '-g', String(gop * VIDEO.rate),
    '-keyint_min', String(gop * VIDEO.rate), '-sc_threshold', '0'];
}

const AAC = ['-c:a', 'aac', '-b:a', '64k'];

// codecs: what the multivariant playlist must say, as far as it is fixed.
const RECIPES = {
  // As phones send it.
  plain: { video: x264({ gop: 1 }), audio: AAC, seconds: 10 },
  gop2: { video: x264({ gop: 2 }), audio: AAC, seconds: 10 },
  // Longer than any test: a file that begins again has a seam, where sound and picture do not meet
  // as they do in a live stream.
  long: { video: x264({ gop: 2 }), audio: AAC, seconds: 90 },
  steady: { video: x264({ gop: 1 }), audio: AAC, seconds: 60 },
  bframes: { video: x264({ gop: 1, bframes: 3 }), audio: AAC, seconds: 10 },
  // 44100 Hz and 29.97 pictures a second: nothing is a whole number of milliseconds.
  odd: { video: x264({ gop: 1 }), audio: AAC, seconds: 10, rate: '30000/1001', sampleRate: 44100 },
  portrait: { video: x264({ gop: 1 }), audio: AAC, seconds: 10, width: 240, height: 426 },
  silent: { video: x264({ gop: 1 }), audio: null, seconds: 10 },
  hd: { video: x264({ gop: 1 }), audio: AAC, seconds: 10, width: 1280, height: 720 },
  fullhd: { video: x264({ gop: 1 }), audio: AAC, seconds: 10, width: 1920, height: 1080 },
  radio: { video: null, audio: AAC, seconds: 10 },
  opus: { video: x264({ gop: 1 }), audio: ['-c:a', 'libopus', '-b:a', '64k'], seconds: 8 },
  hevc: {
    video: ['-c:v', 'libx265', '-preset', 'ultrafast', '-b:v', '400k', '-tag:v', 'hvc1',
      '-x265-params', 'keyint=25:min-keyint=25:scenecut=0:open-gop=0:log-level=error'],
    audio: AAC,
    seconds: 8,
  },
  av1: {
    video: ['-c:v', 'libsvtav1', '-preset', '12', '-b:v', '400k', '-g', '25'],
    audio: AAC,
    seconds: 8,
  },
};

function ffmpegArguments(recipe) {
  const { width = VIDEO.width, height = VIDEO.height, rate = VIDEO.rate, seconds } = recipe;
  const args = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'];
  if (recipe.video) {
    args.push('-f', 'lavfi', '-i', `testsrc2=size=${width}x${height}:rate=${rate}`);
  }
  if (recipe.audio) {
    const sampleRate = recipe.sampleRate ?? 48000;
    args.push('-f', 'lavfi', '-i', `sine=frequency=330:beep_factor=4:sample_rate=${sampleRate}`);
  }
  args.push('-t', String(seconds), '-threads', '2');
  args.push(...(recipe.video ? [...recipe.video, '-pix_fmt', 'yuv420p'] : []));
  args.push(...(recipe.audio ? [...recipe.audio, '-ac', '2'] : []));
  return args;
}

const made = new Map(); // name → promise of its path

// The path of a source of that name, made if it isn't there yet.
export function source(name) {
  if (!made.has(name)) {
    made.set(name, make(name));
  }
  return made.get(name);
}

async function make(name) {
  const args = ffmpegArguments(RECIPES[name]);
  const id = createHash('sha256').update(args.join(' ')).digest('hex').slice(0, 8);
  const directory = join(ARTEFACTS, 'media');
  const path = join(directory, `${name}-${id}.mp4`);
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    // Test files run side by side: whoever is first puts a whole file in place.
    const own = join(directory, `${name}-${id}-${process.pid}.mp4`);
    await run('ffmpeg', [...args, own]);
    renameSync(own, path);
  }
  return path;
}

// The access units of a file as ffmpeg's demuxer gives them, by kind:
// { dts, pts (in ticks), timescale, duration, size, hash }.
export async function readAccessUnits(path) {
  const { stdout } = await run('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'error',
    '-i', path, '-map', '0', '-c', 'copy', '-f', 'framehash', '-hash', 'sha256', '-']);
  const streams = [];
  const units = { video: [], audio: [] };
  for (const line of stdout.split('\n')) {
    const header = /^#(tb|media_type) (\d+): (.*)$/.exec(line);
    if (header) {
      streams[header[2]] = { ...streams[header[2]], [header[1]]: header[3] };
    } else if (line !== '' && !line.startsWith('#')) {
      const [stream, dts, pts, duration, size, hash] = line.split(',').map((cell) => cell.trim());
      const { tb, media_type: kind } = streams[stream];
      const [numerator, denominator] = tb.split('/').map(Number);
      units[kind].push({
        dts: Number(dts),
        pts: Number(pts),
        timescale: denominator / numerator,
        duration: Number(duration),
        size: Number(size),
        hash,
      });
    }
  }
  return units;
}

// The hash of each picture as hashPicture() makes it, in decoding order.
export async function readPictures(path, codec) {
  const { bytes } = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-i', path, '-an',
    '-c', 'copy', '-movflags', '+frag_keyframe+delay_moov+default_base_moof', '-f', 'mp4', '-']);
  return parseFragments(bytes, parseInit(bytes))
    .map(({ data }) => hashPicture(codec, [...lengthPrefixedNals(data)]));
}

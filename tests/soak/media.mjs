// SPDX-License-Identifier: Apache-2.0
//
// What a soak's publishers send: a minute each of little pictures, so that twenty of them cost
// next to nothing. Kept between runs, as MP4 for RTMP and as MPEG-TS for SRT.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../e2e/lib/process.mjs';
import { ARTEFACTS } from '../e2e/lib/server.mjs';

// Longer than anybody is on air.
export const SECONDS = 60;

const RATE = 15;

// gopS: no longer than a segment.
const RECIPES = {
  landscape: { size: '320x180', gopS: 1, sampleRate: 48000 },
  portrait: { size: '180x320', gopS: 1, sampleRate: 48000 },
  small: { size: '256x144', gopS: 1, sampleRate: 44100 },
  slow: { size: '320x180', gopS: 2, sampleRate: 44100 },
  silent: { size: '320x180', gopS: 1, sampleRate: null },
};

const FFMPEG = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-y'];

function encode({ size, gopS, sampleRate }) {
  const gop = String(gopS * RATE);
  return [...FFMPEG, '-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${RATE}`,
    ...(sampleRate ? ['-f', 'lavfi', '-i',
      `sine=frequency=330:beep_factor=4:sample_rate=${sampleRate}`] : []),
    '-t', String(SECONDS), '-threads', '2', '-c:v', 'libx264', '-preset', 'ultrafast',
    '-profile:v', 'baseline', '-b:v', '120k', '-maxrate', '150k', '-bufsize', '150k',
    '-g', gop, '-keyint_min', gop, '-sc_threshold', '0', '-pix_fmt', 'yuv420p',
    ...(sampleRate ? ['-c:a', 'aac', '-b:a', '32k', '-ac', '1'] : [])];
}

const toMpegTs = (input) => [...FFMPEG, '-i', input, '-c', 'copy', '-f', 'mpegts',
  '-muxdelay', '0', '-muxpreload', '0'];

async function make(path, args) {
  if (!existsSync(path)) {
    const own = path.replace(/(\.\w+)$/, `-${process.pid}$1`);
    await run('ffmpeg', [...args, own]);
    renameSync(own, path);
  }
}

// The files of each source, by its name: { rtmp, srt }.
export async function makeSources() {
  const directory = join(ARTEFACTS, 'media');
  mkdirSync(directory, { recursive: true });
  const sources = {};
  for (const [name, recipe] of Object.entries(RECIPES)) {
    const args = encode(recipe);
    const id = createHash('sha256').update(args.join(' ')).digest('hex').slice(0, 8);
    const rtmp = join(directory, `soak-${name}-${id}.mp4`);
    const srt = join(directory, `soak-${name}-${id}.ts`);
    await make(rtmp, args);
    await make(srt, toMpegTs(rtmp));
    sources[name] = { rtmp, srt };
  }
  return sources;
}

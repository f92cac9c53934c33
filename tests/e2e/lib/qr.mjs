// SPDX-License-Identifier: Apache-2.0
//
// QR codes as a phone sees them: files and lines of block characters, read by zbarimg.

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from './process.mjs';
import { makeTemporaryDirectory } from './server.mjs';

const PIXELS = 4; // of a module

// The texts of the QR codes in a picture, top down.
export async function readPicture(path) {
  const { stdout } = await run('zbarimg',
    ['-q', '--raw', '--nodbus', '-Sdisable', '-Sqrcode.enable', path]);
  return stdout.split('\n').filter((line) => line !== '');
}

// What a line of blocks shows: two rows of modules, true where it is dark.
function rowsOf(line) {
  const cells = [...line];
  for (const cell of cells) {
    assert.ok(' ▀▄█'.includes(cell), `${JSON.stringify(cell)} in a QR code`);
  }
  return ['▀█', '▄█'].map((dark) => cells.map((cell) => dark.includes(cell)));
}

// Lines of blocks as a picture (Netpbm's P5), white where there is nothing.
function drawBlocks(lines) {
  const rows = lines.flatMap(rowsOf);
  const width = rows[0].length;
  assert.ok(rows.every((row) => row.length === width), 'lines of a QR code differ in length');
  const pixels = rows.flatMap((row) => {
    const line = row.flatMap((isDark) => Array(PIXELS).fill(isDark ? 0 : 255));
    return Array(PIXELS).fill(line).flat();
  });
  const header = `P5 ${width * PIXELS} ${rows.length * PIXELS} 255\n`;
  return Buffer.concat([Buffer.from(header), Buffer.from(pixels)]);
}

// The QR codes in a text: runs of lines of blocks and blanks, each as its lines.
export function findBlocks(text) {
  const found = [];
  let lines = [];
  for (const line of [...text.split('\n'), '.']) {
    if (/^[ ▀▄█]{20,}$/.test(line)) {
      lines.push(line);
    } else if (lines.length > 0) {
      found.push(lines);
      lines = [];
    }
  }
  return found;
}

export async function readBlocks(lines) {
  const directory = makeTemporaryDirectory();
  try {
    const path = join(directory, 'blocks.pgm');
    writeFileSync(path, drawBlocks(lines));
    const texts = await readPicture(path);
    assert.equal(texts.length, 1);
    return texts[0];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

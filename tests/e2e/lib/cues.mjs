// SPDX-License-Identifier: Apache-2.0
//
// Finds phien's messages in the media: event message boxes (ISO/IEC 23009-1 section 5.10.3.3) with
// an ID3v2.4 tag of one TXXX frame.

import { boxes } from './mp4.mjs';

const SCHEME = 'https://aomedia.org/emsg/ID3';

function readText(bytes, start) {
  const end = bytes.indexOf(0, start);
  if (end < 0) {
    throw new Error('a text without an end');
  }
  return { text: bytes.toString('utf8', start, end), next: end + 1 };
}

function readSyncsafe(bytes, at) {
  const digits = [...bytes.subarray(at, at + 4)];
  if (digits.some((digit) => digit > 127)) {
    throw new Error(`not a syncsafe number: ${digits}`);
  }
  return digits.reduce((sum, digit) => sum * 128 + digit, 0);
}

// { description, text } of a tag with one TXXX frame in UTF-8.
export function parseTxxx(tag) {
  const head = tag.toString('latin1', 0, 14);
  if (!/^ID3\x04\x00\x00....TXXX$/s.test(head) || readSyncsafe(tag, 6) !== tag.length - 10 ||
    readSyncsafe(tag, 14) !== tag.length - 20 || tag[20] !== 3) {
    throw new Error(`not a tag of one TXXX frame: ${tag.toString('latin1').slice(0, 100)}`);
  }
  const description = readText(tag, 21);
  return {
    description: description.text,
    text: tag.toString('utf8', description.next).replace(/\0$/, ''),
  };
}

function parseEmsg(bytes, { start, body, end }) {
  if (bytes.readUInt32BE(body) !== 0x01000000) {
    throw new Error('not version 1');
  }
  const scheme = readText(bytes, body + 24);
  const value = readText(bytes, scheme.next);
  if (scheme.text !== SCHEME) {
    throw new Error(`an event of ${scheme.text}`);
  }
  const { description, text } = parseTxxx(bytes.subarray(value.next, end));
  return {
    start,
    bytes: bytes.subarray(start, end),
    timescale: bytes.readUInt32BE(body + 4),
    time: Number(bytes.readBigUInt64BE(body + 8)),
    duration: bytes.readUInt32BE(body + 16),
    id: bytes.readUInt32BE(body + 20),
    description,
    text,
    message: JSON.parse(text),
  };
}

// Those of a part or segment; they must stand before the fragment that they are for.
export function parseEmsgs(bytes) {
  const all = [...boxes(bytes)];
  return all.filter(({ type }) => type === 'emsg').map((box) => {
    const next = all.slice(all.indexOf(box)).find(({ type }) => type !== 'emsg');
    if (!['moof', 'prft', 'styp'].includes(next?.type)) {
      throw new Error(`${next?.type} behind an event`);
    }
    return parseEmsg(bytes, box);
  });
}

export function cardEmsgs(bytes) {
  return parseEmsgs(bytes).filter(({ message }) => 'card' in message);
}

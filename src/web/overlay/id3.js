// SPDX-License-Identifier: Apache-2.0
//
// ID3v2 tags, as players hand them out of emsg boxes and MPEG-TS: only the user texts (TXXX) in
// them. Whatever the bytes are, nothing is read beyond them and nothing is thrown.

const HEADER_BYTES = 10;
const FRAME_HEADER_BYTES = 10;
const LATIN1 = 0;
const UTF8 = 3;

const FLAG_EXTENDED_HEADER = 0x40;

function readSyncsafe(bytes, at) {
  return (bytes[at] & 0x7f) << 21 | (bytes[at + 1] & 0x7f) << 14 |
    (bytes[at + 2] & 0x7f) << 7 | (bytes[at + 3] & 0x7f);
}

function readUint32(bytes, at) {
  return bytes[at] * 0x1000000 + (bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]);
}

function readName(bytes, at, length) {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function decode(bytes, encoding) {
  return new TextDecoder(encoding === UTF8 ? 'utf-8' : 'windows-1252').decode(bytes);
}

// "description NUL value", the value with or without a NUL behind it.
function readUserText(body) {
  const encoding = body[0];
  if (encoding !== UTF8 && encoding !== LATIN1) {
    return null;
  }
  const split = body.indexOf(0, 1);
  if (split < 0) {
    return null;
  }
  const end = body.indexOf(0, split + 1);
  return {
    description: decode(body.subarray(1, split), encoding),
    value: decode(body.subarray(split + 1, end < 0 ? body.length : end), encoding),
  };
}

function isTagAt(bytes, at) {
  return at + HEADER_BYTES <= bytes.length && readName(bytes, at, 3) === 'ID3' &&
    (bytes[at + 3] === 3 || bytes[at + 3] === 4);
}

function readFrames(bytes, version, texts) {
  const readSize = version === 4 ? readSyncsafe : readUint32;
  for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length && bytes[at] !== 0;) {
    const size = readSize(bytes, at + 4);
    const start = at + FRAME_HEADER_BYTES;
    if (size === 0 || start + size > bytes.length) {
      return;
    }
    if (readName(bytes, at, 4) === 'TXXX') {
      const text = readUserText(bytes.subarray(start, start + size));
      if (text) {
        texts.push(text);
      }
    }
    at = start + size;
  }
}

// The user texts of all tags that follow each other in `bytes`: [{ description, value }].
export function readUserTexts(bytes) {
  const texts = [];
  for (let at = 0; isTagAt(bytes, at);) {
    const start = at + HEADER_BYTES;
    const end = start + readSyncsafe(bytes, at + 6);
    if (end > bytes.length) {
      break;
    }
    if ((bytes[at + 5] & FLAG_EXTENDED_HEADER) === 0) {
      readFrames(bytes.subarray(start, end), bytes[at + 3], texts);
    }
    at = end;
  }
  return texts;
}

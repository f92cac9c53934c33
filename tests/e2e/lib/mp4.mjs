// SPDX-License-Identifier: Apache-2.0
//
// Reads fragmented MP4 (ISO/IEC 14496-12): an init segment's tracks, and the samples (access
// units) of media segments or parts.

import { createHash } from 'node:crypto';

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

// The boxes in bytes[start, end): { type, start, end, body }, body being where its content begins.
export function* boxes(bytes, start = 0, end = bytes.length) {
  let at = start;
  while (at < end) {
    if (end - at < 8) {
      throw new Error(`${end - at} stray bytes at ${at}`);
    }
    let size = bytes.readUInt32BE(at);
    let body = at + 8;
    if (size === 1) {
      size = Number(bytes.readBigUInt64BE(body));
      body += 8;
    }
    if (size < body - at || at + size > end) {
      throw new Error(`box at ${at} of ${size} bytes goes beyond ${end}`);
    }
    yield { type: bytes.toString('latin1', at + 4, at + 8), start: at, end: at + size, body };
    at += size;
  }
}

export function findBoxes(bytes, path, start = 0, end = bytes.length) {
  const [type, ...rest] = path;
  const found = [...boxes(bytes, start, end)].filter((box) => box.type === type);
  return rest.length === 0
    ? found
    : found.flatMap((box) => findBoxes(bytes, rest, box.body, box.end));
}

function findBox(bytes, path, start, end) {
  const [box] = findBoxes(bytes, path, start, end);
  if (!box) {
    throw new Error(`no box ${path.join('/')}`);
  }
  return box;
}

// The box of the decoder's configuration, and what precedes it in the sample entry.
const CONFIGURATIONS = ['avcC', 'hvcC', 'av1C', 'esds', 'dOps', 'dac3', 'dec3', 'dfLa'];

function readSampleEntry(bytes, stsd, kind) {
  const [entry] = boxes(bytes, stsd.body + 8, stsd.end);
  const body = entry.body + (kind === 'video' ? 78 : 28);
  const configuration = [...boxes(bytes, body, entry.end)]
    .find(({ type }) => CONFIGURATIONS.includes(type));
  return {
    codec: entry.type,
    configuration: configuration ? bytes.subarray(configuration.body, configuration.end) : null,
    width: kind === 'video' ? bytes.readUInt16BE(entry.body + 24) : 0,
    height: kind === 'video' ? bytes.readUInt16BE(entry.body + 26) : 0,
  };
}

function readTrack(bytes, trak) {
  const tkhd = findBox(bytes, ['tkhd'], trak.body, trak.end);
  const mdhd = findBox(bytes, ['mdia', 'mdhd'], trak.body, trak.end);
  const hdlr = findBox(bytes, ['mdia', 'hdlr'], trak.body, trak.end);
  const stsd = findBox(bytes, ['mdia', 'minf', 'stbl', 'stsd'], trak.body, trak.end);
  const handler = bytes.toString('latin1', hdlr.body + 8, hdlr.body + 12);
  const kind = handler === 'vide' ? 'video' : 'audio';
  return {
    id: bytes.readUInt32BE(tkhd.body + (bytes[tkhd.body] === 1 ? 20 : 12)),
    timescale: bytes.readUInt32BE(mdhd.body + (bytes[mdhd.body] === 1 ? 20 : 12)),
    kind,
    ...readSampleEntry(bytes, stsd, kind),
  };
}

// The tracks that an init segment declares.
export function parseInit(bytes) {
  const moov = findBox(bytes, ['moov']);
  const tracks = findBoxes(bytes, ['trak'], moov.body, moov.end)
    .map((trak) => readTrack(bytes, trak));
  for (const trex of findBoxes(bytes, ['mvex', 'trex'], moov.body, moov.end)) {
    const track = tracks.find(({ id }) => id === bytes.readUInt32BE(trex.body + 4));
    track.defaultDuration = bytes.readUInt32BE(trex.body + 12);
    track.defaultSize = bytes.readUInt32BE(trex.body + 16);
    track.defaultFlags = bytes.readUInt32BE(trex.body + 20);
  }
  return { tracks };
}

// Reads the fields that a full box's flags announce, one after the other.
class Fields {
  constructor(bytes, box) {
    this.bytes = bytes;
    this.version = bytes[box.body];
    this.flags = bytes.readUIntBE(box.body + 1, 3);
    this.at = box.body + 4;
  }

  u32() {
    this.at += 4;
    return this.bytes.readUInt32BE(this.at - 4);
  }

  i32() {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  u64() {
    this.at += 8;
    return Number(this.bytes.readBigUInt64BE(this.at - 8));
  }

  // The field is there only if the flag is set.
  optional(flag, fallback) {
    return this.flags & flag ? this.u32() : fallback;
  }
}

function readTfhd(bytes, box, init) {
  const fields = new Fields(bytes, box);
  const id = fields.u32();
  const track = init.tracks.find((candidate) => candidate.id === id);
  if (!track) {
    throw new Error(`fragment of track ${id}, which the init segment does not have`);
  }
  if ((fields.flags & 0x020000) === 0 || (fields.flags & 1) !== 0) {
    throw new Error('data offsets are not relative to moof (default-base-is-moof)');
  }
  fields.optional(0x2, 0);
  return {
    track,
    duration: fields.optional(0x8, track.defaultDuration),
    size: fields.optional(0x10, track.defaultSize),
    flags: fields.optional(0x20, track.defaultFlags),
  };
}

const SAMPLE_IS_NON_SYNC = 0x10000;

function* readTrun(bytes, box, moof, header, dts) {
  const fields = new Fields(bytes, box);
  const count = fields.u32();
  let offset = moof.start + (fields.flags & 0x1 ? fields.i32() : 0);
  const firstFlags = fields.optional(0x4, null);
  let at = dts;
  for (let i = 0; i < count; i++) {
    const duration = fields.optional(0x100, header.duration);
    const size = fields.optional(0x200, header.size);
    const fallback = i === 0 && firstFlags !== null ? firstFlags : header.flags;
    const flags = fields.optional(0x400, fallback);
    const cts = fields.flags & 0x800 ? (fields.version === 0 ? fields.u32() : fields.i32()) : 0;
    if (offset + size > bytes.length) {
      throw new Error(`a sample of ${size} bytes at ${offset} goes beyond ${bytes.length}`);
    }
    yield {
      kind: header.track.kind,
      track: header.track,
      dts: at,
      cts,
      duration,
      isSync: (flags & SAMPLE_IS_NON_SYNC) === 0,
      data: bytes.subarray(offset, offset + size),
    };
    at += duration;
    offset += size;
  }
}

// All samples of a part or segment, in the order of its fragments. Times in the track's timescale.
export function parseFragments(bytes, init) {
  const samples = [];
  for (const moof of findBoxes(bytes, ['moof'])) {
    for (const traf of findBoxes(bytes, ['traf'], moof.body, moof.end)) {
      const tfhd = findBox(bytes, ['tfhd'], traf.body, traf.end);
      const tfdt = new Fields(bytes, findBox(bytes, ['tfdt'], traf.body, traf.end));
      const header = readTfhd(bytes, tfhd, init);
      let dts = tfdt.version === 1 ? tfdt.u64() : tfdt.u32();
      for (const trun of findBoxes(bytes, ['trun'], traf.body, traf.end)) {
        for (const sample of readTrun(bytes, trun, moof, header, dts)) {
          samples.push(sample);
          dts = sample.dts + sample.duration;
        }
      }
    }
  }
  return samples;
}

// The NAL units of an access unit with 4-byte lengths before them (avcC, hvcC).
export function* lengthPrefixedNals(data) {
  for (let at = 0; at < data.length;) {
    const size = data.readUInt32BE(at);
    if (at + 4 + size > data.length) {
      throw new Error(`a NAL unit of ${size} bytes at ${at} goes beyond ${data.length}`);
    }
    yield data.subarray(at + 4, at + 4 + size);
    at += 4 + size;
  }
}

// Whether decoding can begin with this access unit, by its own bytes. Other codecs than these two
// have nothing that tells so easily: their container is believed.
export function isRandomAccess({ track, data, isSync }) {
  switch (track.codec) {
    case 'avc1':
    case 'avc3':
      return [...lengthPrefixedNals(data)].some((nal) => (nal[0] & 0x1f) === 5);
    case 'hvc1':
    case 'hev1':
      return [...lengthPrefixedNals(data)].some((nal) => {
        const type = (nal[0] >> 1) & 0x3f;
        return type >= 16 && type <= 21;
      });
    default:
      return isSync;
  }
}

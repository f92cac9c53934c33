// SPDX-License-Identifier: Apache-2.0
//
// Takes MPEG-TS segments (ISO/IEC 13818-1) apart again: PAT, PMT, PES, and of those the access
// units of H.264, HEVC and AAC.

const PACKET = 188;
const VIDEO_TYPES = new Map([[0x1b, 'h264'], [0x24, 'hevc']]);
const AUDIO_TYPES = new Map([[0x0f, 'aac'], [0x03, 'mp3'], [0x04, 'mp3'], [0x81, 'ac3']]);

function readTimestamp(bytes, at) {
  return ((bytes[at] >> 1) & 7) * 2 ** 30 + (bytes[at + 1] << 22) +
    ((bytes[at + 2] >> 1) << 15) + (bytes[at + 3] << 7) + (bytes[at + 4] >> 1);
}

// One PES packet: { pts, dts, data }.
function parsePes(bytes) {
  if (bytes.readUIntBE(0, 3) !== 1) {
    throw new Error(`no PES start code: ${bytes.toString('hex', 0, 4)}`);
  }
  const flags = bytes[7] >> 6;
  const pts = flags & 2 ? readTimestamp(bytes, 9) : null;
  return {
    pts,
    dts: flags === 3 ? readTimestamp(bytes, 14) : pts,
    data: bytes.subarray(9 + bytes[8]),
  };
}

// Feed it segment after segment; continuity counters are checked across them.
export class TsDemuxer {
  constructor() {
    this.counters = new Map();
    this.pmtPid = null;
    this.streams = new Map(); // PID → { kind, codec, chunks, pes: [] }
    this.errors = [];
  }

  // Returns { video: [pes], audio: [pes], codecs } of this segment.
  feed(bytes) {
    if (bytes.length === 0 || bytes.length % PACKET !== 0) {
      this.errors.push(`${bytes.length} bytes are no whole packets`);
    }
    const order = [];
    for (let at = 0; at + PACKET <= bytes.length; at += PACKET) {
      order.push(this.#feedPacket(bytes.subarray(at, at + PACKET)));
    }
    if (order[0] !== 0 || order[1] !== this.pmtPid) {
      this.errors.push(`the segment begins with PIDs ${order.slice(0, 2)}, not with PAT and PMT`);
    }
    const out = { video: [], audio: [], codecs: {} };
    for (const stream of this.streams.values()) {
      this.#finish(stream);
      out[stream.kind].push(...stream.pes);
      out.codecs[stream.kind] = stream.codec;
      stream.pes = [];
    }
    return out;
  }

  #feedPacket(packet) {
    if (packet[0] !== 0x47) {
      throw new Error(`no sync byte but ${packet[0]}`);
    }
    const pid = packet.readUInt16BE(1) & 0x1fff;
    const isStart = (packet[1] & 0x40) !== 0;
    const hasAdaptation = (packet[3] & 0x20) !== 0;
    const hasPayload = (packet[3] & 0x10) !== 0;
    const isDiscontinuity = hasAdaptation && packet[4] > 0 && (packet[5] & 0x80) !== 0;
    if (hasPayload) {
      this.#checkCounter(pid, packet[3] & 0xf, isDiscontinuity);
      this.#takePayload(pid, isStart, packet.subarray(hasAdaptation ? 5 + packet[4] : 4));
    }
    return pid;
  }

  #checkCounter(pid, counter, isDiscontinuity) {
    const last = this.counters.get(pid);
    if (last !== undefined && !isDiscontinuity && counter !== ((last + 1) & 0xf)) {
      this.errors.push(`PID ${pid}: continuity counter ${counter} after ${last}`);
    }
    this.counters.set(pid, counter);
  }

  #takePayload(pid, isStart, payload) {
    if (pid === 0) {
      this.pmtPid = payload.readUInt16BE(payload[0] + 11) & 0x1fff;
    } else if (pid === this.pmtPid && isStart) {
      this.#takePmt(payload.subarray(payload[0] + 1));
    } else if (this.streams.has(pid)) {
      const stream = this.streams.get(pid);
      if (isStart) {
        this.#finish(stream);
      }
      if (isStart || stream.chunks.length > 0) {
        stream.chunks.push(payload);
      }
    }
  }

  #takePmt(section) {
    const end = 3 + (section.readUInt16BE(1) & 0xfff) - 4;
    let at = 12 + (section.readUInt16BE(10) & 0xfff);
    while (at < end) {
      const type = section[at];
      const pid = section.readUInt16BE(at + 1) & 0x1fff;
      const kind = VIDEO_TYPES.has(type) ? 'video' : AUDIO_TYPES.has(type) ? 'audio' : null;
      if (kind && !this.streams.has(pid)) {
        const codec = VIDEO_TYPES.get(type) ?? AUDIO_TYPES.get(type);
        this.streams.set(pid, { kind, codec, chunks: [], pes: [] });
      }
      at += 5 + (section.readUInt16BE(at + 3) & 0xfff);
    }
  }

  #finish(stream) {
    if (stream.chunks.length > 0) {
      stream.pes.push(parsePes(Buffer.concat(stream.chunks)));
      stream.chunks = [];
    }
  }
}

// The NAL units of an Annex B byte stream.
export function annexBNals(data) {
  const starts = [];
  for (let at = data.indexOf('\0\0\x01', 0, 'latin1'); at >= 0;
    at = data.indexOf('\0\0\x01', at + 3, 'latin1')) {
    starts.push(at + 3);
  }
  return starts.map((start, i) => {
    let end = i + 1 < starts.length ? starts[i + 1] - 3 : data.length;
    // A NAL unit never ends in a zero byte; those belong to the next start code.
    while (end > start && data[end - 1] === 0) {
      end -= 1;
    }
    return data.subarray(start, end);
  });
}

// The frames of a PES packet of AAC in ADTS, without their headers.
export function* adtsFrames(data) {
  for (let at = 0; at < data.length;) {
    if ((data.readUInt16BE(at) & 0xfff6) !== 0xfff0) {
      throw new Error(`no ADTS header at ${at}: ${data.toString('hex', at, at + 2)}`);
    }
    const size = data.readUIntBE(at + 3, 3) >> 5 & 0x1fff;
    const header = data[at + 1] & 1 ? 7 : 9;
    yield data.subarray(at + header, at + size);
    at += size;
  }
}

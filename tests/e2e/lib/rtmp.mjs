// SPDX-License-Identifier: Apache-2.0
//
// RTMP by hand, as far as one needs it to do it wrong.

import { RawConnection } from './http.mjs';

const HANDSHAKE_BYTES = 1536;

export const C0_C1 = Buffer.concat([Buffer.from([3]), Buffer.alloc(HANDSHAKE_BYTES)]);

const TYPES = { setChunkSize: 1, audio: 8, video: 9, command: 20 };

// The first chunk of a message, with a whole header. `length` may lie.
export function chunk(type, payload, { csid = 3, msid = 0, length = payload.length } = {}) {
  const header = Buffer.alloc(12);
  header[0] = csid;
  header.writeUIntBE(length, 4, 3);
  header[7] = TYPES[type] ?? type;
  header.writeUInt32LE(msid, 8);
  return Buffer.concat([header, payload]);
}

function amf0(value) {
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === 'string') {
    const text = Buffer.from(value);
    return Buffer.concat([Buffer.from([2, text.length >> 8, text.length & 255]), text]);
  }
  if (value === null) {
    return Buffer.from([5]);
  }
  const members = Object.entries(value)
    .flatMap(([name, member]) => [amf0(name).subarray(1), amf0(member)]);
  return Buffer.concat([Buffer.from([3]), ...members, Buffer.from([0, 0, 9])]);
}

// Messages of 128 bytes and more must be cut up unless the chunk size is raised.
const BIG_CHUNKS = chunk('setChunkSize', Buffer.from([0, 0, 0x40, 0]), { csid: 2 });

export function command(...values) {
  return chunk('command', Buffer.concat(values.map(amf0)));
}

// A connection past its handshake.
export async function shakeHands(port) {
  const connection = await RawConnection.open(port);
  connection.write(Buffer.concat([C0_C1, Buffer.alloc(HANDSHAKE_BYTES), BIG_CHUNKS]));
  return connection;
}

// What an application sends until it may send media. more: of what it says when it connects.
export function publishCommands(app, name, verb = 'publish', more = {}) {
  return Buffer.concat([
    command('connect', 1, { app, tcUrl: `rtmp://127.0.0.1/${app}`, type: 'nonprivate', ...more }),
    command('createStream', 2, null),
    chunk('command', Buffer.concat([verb, 3, null, name, 'live'].map(amf0)), { csid: 4, msid: 1 }),
  ]);
}

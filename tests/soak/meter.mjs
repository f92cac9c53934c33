// SPDX-License-Identifier: Apache-2.0
//
// What programs use, by /proc.

import { readFileSync } from 'node:fs';

const TICKS_PER_S = 100; // USER_HZ, of every Linux that Node.js runs on

function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch (_) {
    return null; // it has ended
  }
}

// Seconds of a core that a program has used so far; null once it has ended.
export function cpuSeconds(pid) {
  const text = read(`/proc/${pid}/stat`);
  // The name in parentheses may hold anything; state is the first field after it.
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields ? (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S : null;
}

// In megabytes; null once it has ended.
export function residentMb(pid) {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '');
  return match ? Number(match[1]) / 1024 : null;
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

// Memory over time.
export class Curve {
  constructor() {
    this.points = []; // { s, mb }
  }

  add(s, mb) {
    if (mb !== null) {
      this.points.push({ s, mb });
    }
  }

  // Single samples hit a segment that comes or goes: what counts is their mean over some seconds.
  around(fromS, toS) {
    return mean(this.points.filter(({ s }) => s >= fromS && s <= toS).map(({ mb }) => mb));
  }

  toString() {
    const step = Math.max(1, Math.floor(this.points.length / 20));
    return this.points.filter((_, i) => i % step === 0 || i === this.points.length - 1)
      .map(({ s, mb }) => `${Math.round(s)}s ${mb.toFixed(1)}`).join(', ');
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Other programs: run to their end, or kept running until the test is over.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

// Runs to the end; fails with what the program said if it fails.
export async function run(command, args, { timeoutMs = 60000 } = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
  const out = { stdout: [], stderr: '' };
  child.stdout.on('data', (chunk) => out.stdout.push(chunk));
  child.stderr.on('data', (chunk) => { out.stderr += chunk; });
  const [code, signal] = await once(child, 'close');
  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')}: ${signal ?? code}\n${out.stderr.slice(-3000)}`);
  }
  const bytes = Buffer.concat(out.stdout);
  return { bytes, stdout: bytes.toString('utf8'), stderr: out.stderr };
}

// A program that runs beside the test, and is ended with it. input: where its input comes from,
// as spawn() has it.
export class Background {
  constructor(t, command, args, { input = 'ignore' } = {}) {
    this.name = command;
    this.output = '';
    this.child = spawn(command, args, { stdio: [input, 'pipe', 'pipe'] });
    this.child.stdout.on('data', (chunk) => { this.output += chunk; });
    this.child.stderr.on('data', (chunk) => { this.output += chunk; });
    this.exited = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
    t.after(() => this.kill());
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  // Waits for its end by itself; the exit code must be 0.
  async finish() {
    const { code, signal } = await this.exited;
    if (code !== 0) {
      throw new Error(`${this.name} ended with ${signal ?? code}:\n${this.output.slice(-3000)}`);
    }
  }

  // As Ctrl-C does: publishers say good-bye.
  async stop() {
    this.child.kill('SIGINT');
    await this.exited;
  }

  // As a lost network does, as far as the program is concerned.
  async kill() {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// Many requests from a thread of their own, so that whoever watches meanwhile is not held up by
// who asks.

import http from 'node:http';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const AT_ONCE = 40;

// Who is not answered until then counts as ABORT_ERR. After an error nobody asks any more.
const TIMEOUT_MS = 20000;

// One in `fresh` comes on a connection of its own, the others on connections that are kept.
function ask(url, agent, counts) {
  return new Promise((resolve) => {
    const count = (what) => {
      counts[what] = (counts[what] ?? 0) + 1;
      resolve();
    };
    http.get(url, { agent, signal: AbortSignal.timeout(TIMEOUT_MS) }, (response) => {
      response.resume();
      response.on('end', () => count(response.statusCode));
    }).on('error', (error) => count(error.code ?? error.name));
  });
}

const hasFailed = (counts) => Object.keys(counts).some((what) => Number.isNaN(Number(what)));

async function flood({ base, paths, fresh }) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const counts = {};
  let next = 0;
  const askOn = async () => {
    while (next < paths.length && !hasFailed(counts)) {
      const at = next;
      next += 1;
      await ask(`${base}${paths[at]}`, at % fresh === 0 ? false : agent, counts);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askOn));
  agent.destroy();
  return counts;
}

// How often each status came, or the code of an error: { 404: 9990, ECONNRESET: 10 }.
export async function askForAll(server, paths, { fresh = 10 } = {}) {
  const worker = new Worker(new URL(import.meta.url),
    { workerData: { base: server.httpUrl, paths, fresh } });
  const [counts] = await once(worker, 'message');
  await worker.terminate();
  return counts;
}

if (!isMainThread) {
  parentPort.postMessage(await flood(workerData));
}

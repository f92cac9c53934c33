// SPDX-License-Identifier: Apache-2.0
//
// GET for hundreds of viewers in one process: connections that stay, media that are counted and
// thrown away.

import http from 'node:http';

// Longer than the server holds a request.
const TIMEOUT_MS = 20000;

export function openConnections(count) {
  return new http.Agent({ keepAlive: true, maxSockets: count });
}

function ask(agent, url, wantsText) {
  return new Promise((resolve, reject) => {
    const sent = http.get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      const { statusCode: status, headers } = response;
      let bytes = 0;
      let text = '';
      if (wantsText) {
        response.setEncoding('utf8');
      }
      response.on('data', (chunk) => {
        bytes += chunk.length;
        text += wantsText ? chunk : '';
      });
      response.on('error', reject);
      response.on('end', () => {
        const isWhole = wantsText || bytes === Number(headers['content-length']);
        resolve({ status: isWhole ? status : `${status}, but only ${bytes} bytes`, text, bytes });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`no answer in ${TIMEOUT_MS} ms`)));
    sent.on('error', (error) => reject(Object.assign(error, { wasReused: sent.reusedSocket })));
  });
}

// { status, text, bytes }; status is a text where that is no answer at all.
export async function get(agent, url, { wantsText = false } = {}) {
  try {
    return await ask(agent, url, wantsText);
  } catch (error) {
    // The server may close an idle connection in the moment in which it is used again.
    if (error.wasReused && ['ECONNRESET', 'EPIPE'].includes(error.code)) {
      return ask(agent, url, wantsText).catch(({ message }) => ({ status: message, text: '',
        bytes: 0 }));
    }
    return { status: error.message, text: '', bytes: 0 };
  }
}

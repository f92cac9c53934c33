// SPDX-License-Identifier: Apache-2.0
//
// Who changes cards and shelves all the time, and who reads of it in server-sent events.

import http from 'node:http';

import { Seller } from '../e2e/lib/api.mjs';

const PRODUCTS = ['man', 'che', 'mat-ong', 'tho-cam', 'thit-trau'];

// In milliseconds, for all channels together: in a minute the last changes that phien keeps of each
// for who comes back, 64, are all there.
const PAUSE_MS = 125;

async function stock(seller) {
  for (const sku of PRODUCTS) {
    await seller.add(sku, { stock: 50 });
  }
}

const CHANGES = [
  (seller, dice) => seller.pin(dice.oneOf(PRODUCTS), { note: `Chỉ hôm nay ${dice.below(1000)}` }),
  (seller, dice) => seller.pin(dice.oneOf(PRODUCTS)),
  (seller) => seller.call('DELETE', 'card'),
  (seller, dice) => seller.patch(dice.oneOf(PRODUCTS), { price: 1000 * (1 + dice.below(500)) }),
  (seller, dice) => seller.patch(dice.oneOf(PRODUCTS), { stock: dice.below(100) }),
];

export async function sell(soak, channels, dice) {
  const sellers = channels.map((channel) => new Seller(soak.server, channel));
  try {
    for (const seller of sellers) {
      await stock(seller);
    }
    while (await soak.pause(PAUSE_MS)) {
      await dice.oneOf(CHANGES)(dice.oneOf(sellers), dice);
      soak.count('changes', { status: 200, bytes: 0 });
    }
  } catch (error) {
    soak.fail('API', error.message);
  }
}

// One connection, for so long; settles with the id of the last event that came.
function readEvents(soak, url, lastId, forMs) {
  return new Promise((resolve) => {
    let isOpen = true;
    let newest = lastId;
    let rest = '';
    const end = (what = null) => {
      if (isOpen && what !== null) {
        soak.fail('events', `${url}: ${what}`);
      }
      isOpen = false;
      sent.destroy();
      resolve(newest);
    };
    const take = (line) => {
      const id = line.startsWith('id:') ? Number(line.slice(3)) : newest;
      if (newest !== null && id < newest) {
        end(`id ${id} after ${newest}`);
      }
      newest = id;
    };
    const headers = { Accept: 'text/event-stream',
      ...(lastId === null ? {} : { 'Last-Event-ID': lastId }) };
    const sent = http.get(url, { agent: false, headers }, (response) => {
      if (response.statusCode !== 200) {
        end(`status ${response.statusCode}`);
      }
      response.setEncoding('utf8');
      response.on('data', (text) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop();
        lines.forEach(take);
        soak.count('events', { status: 200, bytes: text.length });
      });
      response.on('error', () => {}); // its end is told by the next one
      response.on('close', () => end('the server has ended the stream'));
    });
    sent.on('error', ({ message }) => end(message));
    soak.pause(forMs).then(() => end());
  });
}

// Somebody whose phone sleeps now and then, and who goes on from where he was.
export async function readAll(soak, channel, dice) {
  const url = `${soak.server.httpUrl}/api/v1/channels/${channel}/events`;
  let lastId = null;
  do {
    lastId = await readEvents(soak, url, lastId, dice.between(5, 60) * 1000);
  } while (await soak.pause(dice.between(0, 5) * 1000));
}

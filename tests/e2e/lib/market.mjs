// SPDX-License-Identifier: Apache-2.0
//
// A morning at the market: what is sold, and who holds it up to the camera.

import { run } from './process.mjs';
import { Seller, sellers } from './api.mjs';

export const CHANNEL = 'cho';

// For a server's config.
export const CHANNELS = sellers(CHANNEL).map((channel) => ({ ...channel, title: 'Chợ phiên' }));

export const PLUM = 'MAN-HAU';
export const HONEY = 'MAT-ONG';
export const RICE = 'NEP-TU-LE'; // of which none is left
export const BUFFALO = 'TRAU-GAC-BEP';

const url = 'https://shop.example/{channel}/{sku}';
const PRODUCTS = {
  [PLUM]: { title: 'Mận hậu Mộc Châu', price: 45000, original_price: 60000, unit: 'kg', stock: 12,
    sold: 88, origin: 'Bản Áng, Mộc Châu', badge: 'Mới hái', url },
  [HONEY]: { title: 'Mật ong bạc hà Đồng Văn, chai nửa lít', price: 320000, unit: 'chai',
    stock: 5, origin: 'Đồng Văn, Hà Giang', url },
  [RICE]: { title: 'Nếp Tú Lệ', price: 55000, unit: 'kg', stock: 0, sold: 200,
    origin: 'Tú Lệ, Yên Bái', url },
  [BUFFALO]: { title: 'Trâu gác bếp', price: 850000, unit: 'kg', url },
};
export const TITLES = Object.fromEntries(Object.entries(PRODUCTS)
  .map(([sku, { title }]) => [sku, title]));
const COLOURS = { [PLUM]: 'purple', [HONEY]: 'orange', [RICE]: 'olive', [BUFFALO]: 'brown' };

// When an answer says that something begins in the stream, in milliseconds since 1970.
function placed(answer) {
  return { ...answer, at: answer.pdt === null ? null : Date.parse(answer.pdt) };
}

async function makePicture(colour) {
  const { bytes } = await run('ffmpeg', ['-nostdin', '-loglevel', 'error', '-f', 'lavfi',
    '-i', `gradients=s=240x240:c0=${colour}:c1=white:x0=0:y0=0:x1=240:y1=240`, '-frames:v', '1',
    '-f', 'mjpeg', '-']);
  return bytes;
}

export class Stall extends Seller {
  constructor(server) {
    super(server, CHANNEL);
  }

  // Puts all on the shelf, with a picture each if wanted.
  async open({ hasPictures = false } = {}) {
    for (const [i, [sku, product]] of Object.entries(PRODUCTS).entries()) {
      const image = hasPictures ? { image: await this.upload(COLOURS[sku]) } : {};
      await this.add(sku, { ...product, ...image, position: i + 1 });
    }
  }

  async upload(colour) {
    const { image } = await this.must(201, 'POST', 'images', { body: await makePicture(colour) });
    return image;
  }

  // { seq, pdt, at, ... }: `at` is pdt in milliseconds, null while nobody is on air.
  async show(sku, card) {
    return placed(await this.pin(sku, card));
  }

  async hide() {
    return placed(await this.must(200, 'DELETE', 'card'));
  }
}

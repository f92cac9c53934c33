// SPDX-License-Identifier: Apache-2.0
//
// Pictures from the phone's camera: made small before they are sent, and kept until they are.

const EDGE_MAX = 1280;

// The server takes 2 MiB; a slow line would rather have a tenth of it.
const BYTES_MAX = 600 * 1024;
const QUALITIES = [0.82, 0.7, 0.55, 0.4];

export function fitSize(width, height, max = EDGE_MAX) {
  const scale = Math.min(1, max / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)) };
}

function loadImage(file) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    const url = URL.createObjectURL(file);
    const finish = (settle) => () => {
      URL.revokeObjectURL(url);
      settle(image);
    };
    image.addEventListener('load', finish(resolve));
    image.addEventListener('error', finish(reject));
    image.src = url;
  });
}

// Browsers that do not know the option turn pictures by themselves, or have no such function.
async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch (_) {
    return loadImage(file);
  }
}

function encode(canvas, quality) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('no JPEG'))),
      'image/jpeg', quality);
  });
}

// A JPEG of at most 1280 pixels each way. Fails for what is no picture.
export async function shrinkPicture(file) {
  const image = await decode(file);
  const { width, height } = fitSize(image.width, image.height);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0, width, height);
  if (image.close) {
    image.close();
  }
  let blob;
  for (const quality of QUALITIES) {
    blob = await encode(canvas, quality);
    if (blob.size <= BYTES_MAX) {
      break;
    }
  }
  return blob;
}

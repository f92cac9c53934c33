// SPDX-License-Identifier: Apache-2.0
//
// Signs for those who read little: one line each, drawn as those of card and basket.

import { makeDrawing } from '../overlay/dom.js';

const SIGNS = {
  alert: 'M12 3.5l9.5 16.5h-19zM12 10v4.5m0 2.7v.1',
  camera: 'M3.5 8h4l1.6-2.5h5.8L16.5 8h4v11h-17zM12 16.5a3.5 3.5 0 1 0-.01 0',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  clock: 'M12 4.5a7.5 7.5 0 1 0 .01 0M12 8v4.5l3 2',
  close: 'M6 6l12 12m0-12L6 18',
  eye: 'M2.5 12s3.5-6 9.5-6 9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6zM12 14.8a2.8 2.8 0 1 0-.01 0',
  flash: 'M13 3L5.5 13.5h5.5L10.5 21 18.5 10h-6z',
  gallery: 'M4 5h16v14H4zM4 16.5l4.5-5 3.5 4 2.5-2.5 5.5 5M15.5 9.5a1 1 0 1 0 .01 0',
  hide: 'M4 4l16 16M9.5 6.3A9.6 9.6 0 0 1 12 6c6 0 9.5 6 9.5 6a17 17 0 0 1-3 3.6' +
    'M6 8.2A17 17 0 0 0 2.5 12s3.5 6 9.5 6a9.5 9.5 0 0 0 4-.9',
  less: 'M5 12h14',
  more: 'M5 12h14M12 5v14',
  pencil: 'M4.5 19.5l1-4.5L16 4.5 19.5 8 9 18.5zM13.5 7l3.5 3.5',
  pin: 'M9 3.5h6M10 3.5v6.5l-3.5 4h11L14 10V3.5M12 14v7',
  retry: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4.5h-4.5',
  tap: 'M9.5 12.5V5.5a1.5 1.5 0 0 1 3 0v5.5l5 1.2a2 2 0 0 1 1.5 2.3l-1 5.5h-7.5L6 13.8' +
    'a1.3 1.3 0 0 1 2-1.6zM6.5 6.5a4.7 4.7 0 0 1 9-1.5',
  trash: 'M5 7h14M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.3 10.5v6m3.4-6v6',
  undo: 'M8.5 5L4.5 9l4 4M4.5 9h9a5.5 5.5 0 0 1 0 11H9',
};

export function makeSign(name) {
  return makeDrawing(SIGNS[name]);
}

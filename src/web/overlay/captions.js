// SPDX-License-Identifier: Apache-2.0
//
// The stream also says the card as a caption, for players without code of ours. Where the card is
// drawn it would be said twice, one over the other. But iPhones give the whole screen to the video
// alone: there the caption is what is left of it.

// As the multivariant playlist names the rendition, which is what players call its track.
const LABEL = 'Giỏ hàng';

const TRACK_EVENTS = ['addtrack', 'change'];
const SCREEN_EVENTS = ['webkitbeginfullscreen', 'webkitendfullscreen'];

export class Captions {
  #video;

  constructor(video) {
    this.#video = video;
    TRACK_EVENTS.forEach((type) => video.textTracks.addEventListener(type, this.#keep));
    SCREEN_EVENTS.forEach((type) => video.addEventListener(type, this.#keep));
    this.#keep();
  }

  close() {
    TRACK_EVENTS.forEach((type) => this.#video.textTracks.removeEventListener(type, this.#keep));
    SCREEN_EVENTS.forEach((type) => this.#video.removeEventListener(type, this.#keep));
  }

  #keep = () => {
    const { textTracks, webkitDisplayingFullscreen } = this.#video;
    const mode = webkitDisplayingFullscreen ? 'showing' : 'disabled';
    for (let i = 0; i < textTracks.length; i += 1) {
      const track = textTracks[i];
      if (track.label === LABEL && track.kind !== 'metadata' && track.mode !== mode) {
        track.mode = mode;
      }
    }
  };
}

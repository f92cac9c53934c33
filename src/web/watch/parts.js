// SPDX-License-Identifier: Apache-2.0
//
// hls.js (1.7.4) forgets the parts of the segment that it is loading when the back buffer is
// removed between the arrival of a part and the end of its append: FragmentTracker then drops the
// whole segment. It goes on to the segment's end, there finds parts that it believes it has not
// loaded, and stands still until they leave the playlist, three target durations later.

// Marks as loaded what comes before `buffered` in its segment and is in the buffer after all.
// Returns how many parts were forgotten. `ranges` is the video's `buffered`.
export function rememberParts(partList, buffered, ranges) {
  let forgotten = 0;
  for (const part of partList || []) {
    if (part.fragment.sn === buffered.fragment.sn && part.index < buffered.index &&
        !part.loaded && isBuffered(ranges, part.start + part.duration / 2)) {
      part.elementaryStreams = buffered.elementaryStreams;
      forgotten += 1;
    }
  }
  return forgotten;
}

function isBuffered(ranges, time) {
  for (let i = 0; i < ranges.length; i++) {
    if (ranges.start(i) <= time && time <= ranges.end(i)) {
      return true;
    }
  }
  return false;
}

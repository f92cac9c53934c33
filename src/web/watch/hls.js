// SPDX-License-Identifier: Apache-2.0

/*! hls.js, (c) 2017 Dailymotion and contributors, (c) 2013-2015 Brightcove; Apache-2.0 */

// The light build: no subtitles, no alternate audio, no DRM; our audio is muxed with the video.
export { default } from 'hls.js/light';

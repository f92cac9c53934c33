/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_MEDIA_AVLOG_H
#define PHIEN_MEDIA_AVLOG_H

/*
 * Sends what FFmpeg's libraries have to say (warnings and worse) to our log as `ffmpeg.log`
 * instead of standard error. Once, before the first thread starts.
 */
void ph_avlog_setup(void);

#endif

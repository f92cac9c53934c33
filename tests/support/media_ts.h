/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_MEDIA_TS_H
#define PHIEN_TESTS_SUPPORT_MEDIA_TS_H

#include "media_file.h"

/* A file with video and audio as MPEG-TS, as ffmpeg would send it; `len` bytes to be freed. */
uint8_t *media_ts_mux(const struct media_file *file, size_t *len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_FLV_CODES_H
#define PHIEN_INGEST_RTMP_FLV_CODES_H

#include <libavutil/macros.h>

/* The numbers in tag headers: FLV annex E.4.2 and E.4.3, and Enhanced RTMP v2. */
#define PH_FLV_EX_VIDEO 0x80 /* the first byte's top bit */
#define PH_FLV_EX_AUDIO 9    /* the first byte's upper half */

#define PH_FLV_FRAME_KEY 1
#define PH_FLV_FRAME_INTER 2
#define PH_FLV_FRAME_COMMAND 5

#define PH_FLV_VIDEO_AVC 7
#define PH_FLV_VIDEO_HEVC 12 /* unofficial, from Chinese encoders */
#define PH_FLV_AUDIO_MP3 2
#define PH_FLV_AUDIO_AAC 10
#define PH_FLV_AUDIO_MP3_8K 14

#define PH_FLV_LEGACY_SEQUENCE_HEADER 0
#define PH_FLV_LEGACY_FRAME 1
#define PH_FLV_LEGACY_SEQUENCE_END 2

#define PH_FLV_EX_SEQUENCE_START 0
#define PH_FLV_EX_CODED_FRAMES 1
#define PH_FLV_EX_SEQUENCE_END 2
#define PH_FLV_EX_CODED_FRAMES_X 3 /* video: without a composition time */
#define PH_FLV_EX_METADATA 4       /* video */
#define PH_FLV_EX_AUDIO_MULTITRACK 5
#define PH_FLV_EX_VIDEO_MULTITRACK 6
#define PH_FLV_EX_MOD_EX 7

#define PH_FLV_ONE_TRACK 0
#define PH_FLV_MANY_TRACKS 1
#define PH_FLV_MANY_CODECS 2

#define PH_FLV_FOURCC(a, b, c, d) ((uint32_t)MKBETAG(a, b, c, d))
#define PH_FLV_AVC1 PH_FLV_FOURCC('a', 'v', 'c', '1')
#define PH_FLV_HVC1 PH_FLV_FOURCC('h', 'v', 'c', '1')
#define PH_FLV_VVC1 PH_FLV_FOURCC('v', 'v', 'c', '1')
#define PH_FLV_AV01 PH_FLV_FOURCC('a', 'v', '0', '1')
#define PH_FLV_MP4A PH_FLV_FOURCC('m', 'p', '4', 'a')
#define PH_FLV_OPUS PH_FLV_FOURCC('O', 'p', 'u', 's')
#define PH_FLV_AC3 PH_FLV_FOURCC('a', 'c', '-', '3')
#define PH_FLV_EAC3 PH_FLV_FOURCC('e', 'c', '-', '3')
#define PH_FLV_FLAC PH_FLV_FOURCC('f', 'L', 'a', 'C')
#define PH_FLV_MP3 PH_FLV_FOURCC('.', 'm', 'p', '3')

#endif

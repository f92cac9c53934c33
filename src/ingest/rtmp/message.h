/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_MESSAGE_H
#define PHIEN_INGEST_RTMP_MESSAGE_H

#include <libavutil/buffer.h>
#include <stddef.h>
#include <stdint.h>

/* Message type ids, RTMP 1.0 §5.4, §6.2 and §7.1. */
enum ph_rtmp_type {
    PH_RTMP_NONE = 0,
    PH_RTMP_SET_CHUNK_SIZE = 1,
    PH_RTMP_ABORT = 2,
    PH_RTMP_ACK = 3,
    PH_RTMP_USER_CONTROL = 4,
    PH_RTMP_WINDOW_ACK_SIZE = 5,
    PH_RTMP_SET_PEER_BANDWIDTH = 6,
    PH_RTMP_AUDIO = 8,
    PH_RTMP_VIDEO = 9,
    PH_RTMP_DATA_AMF3 = 15,
    PH_RTMP_COMMAND_AMF3 = 17,
    PH_RTMP_DATA = 18,
    PH_RTMP_COMMAND = 20,
    PH_RTMP_AGGREGATE = 22,
};

/* Events of PH_RTMP_USER_CONTROL, §7.1.7. */
enum ph_rtmp_event {
    PH_RTMP_STREAM_BEGIN = 0,
    PH_RTMP_PING_REQUEST = 6,
    PH_RTMP_PING_RESPONSE = 7,
};

/* Chunk streams: 2 is given by the specification, the others are what everybody uses. */
enum ph_rtmp_csid {
    PH_RTMP_CSID_NONE = 0,
    PH_RTMP_CSID_CONTROL = 2,
    PH_RTMP_CSID_COMMAND = 3,
    PH_RTMP_CSID_AUDIO = 4,
    PH_RTMP_CSID_STATUS = 5,
    PH_RTMP_CSID_VIDEO = 6,
    PH_RTMP_CSID_DATA = 8,
};

/* One whole message, as read or to be written. */
struct ph_rtmp_message {
    uint32_t csid;
    uint32_t timestamp; /* milliseconds, wrapping */
    uint32_t msid;
    uint8_t type; /* a peer may send any value, not only those of enum ph_rtmp_type */
    const uint8_t *data;
    size_t len;
    /*
     * What `data` points to the start of, when it was read: AV_INPUT_BUFFER_PADDING_SIZE zeroed
     * bytes follow the message, so a packet can reference it. NULL: empty, or to be written.
     */
    AVBufferRef *payload;
};

#endif

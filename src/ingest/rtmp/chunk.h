/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_CHUNK_H
#define PHIEN_INGEST_RTMP_CHUNK_H

#include "chunk_header.h"
#include "message.h"
#include "session.h"

#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <stdbool.h>

/*
 * RTMP 1.0 §5.3: messages cut into chunks, chunks of several messages interleaved. Reader and
 * writer serve either side of a connection.
 */
#define PH_RTMP_CHUNK_SIZE_DEFAULT 128
#define PH_RTMP_MESSAGE_MAX 0xFFFFFF

/* What a chunk stream remembers from one chunk to the next. */
struct ph_rtmp_chunk_stream {
    uint32_t csid;
    uint32_t timestamp; /* of the message that is being read, or was read last */
    uint32_t field;     /* the last header's timestamp field: absolute or a difference */
    uint32_t msid;
    uint32_t len;
    uint8_t type;
    bool is_field_absolute;
    bool has_extended; /* the field came in the four extra bytes */
    bool is_mid_message;
    uint8_t *data; /* grows as bytes come; from av_realloc */
    size_t filled;
    size_t cap;
};

enum ph_rtmp_chunk_state {
    PH_RTMP_CHUNK_NONE,
    PH_RTMP_CHUNK_HEADER,
    PH_RTMP_CHUNK_PEEK,
    PH_RTMP_CHUNK_BODY,
};

struct ph_rtmp_chunk_reader {
    const struct ph_rtmp_limits *limits;
    struct ph_rtmp_chunk_stream *streams;
    unsigned stream_count;
    struct ph_rtmp_chunk_stream *stream; /* whose chunk is being read */
    enum ph_rtmp_chunk_state state;
    uint32_t chunk_size;
    size_t chunk_left;    /* bytes of the chunk's body still to come */
    size_t partial_bytes; /* of all half-read messages */
    uint8_t header[PH_RTMP_CHUNK_HEADER_MAX];
    size_t header_len;
    uint8_t unread[8]; /* looked at, and to be read again before the input */
    size_t unread_len;
    AVBufferRef *payload; /* of the message given out last */
    char detail[96];      /* what was wrong with the input */
};

/* `limits` must outlive the reader. */
void ph_rtmp_chunk_reader_init(struct ph_rtmp_chunk_reader *reader,
                               const struct ph_rtmp_limits *limits);
void ph_rtmp_chunk_reader_fini(struct ph_rtmp_chunk_reader *reader);

/*
 * The next whole message out of `in`. PH_OK: `*message` is borrowed until the next call; take a
 * reference of its payload to keep it longer. PH_EAGAIN: all of `in` was taken, more is needed.
 * PH_EPROTO, PH_ELIMIT, PH_ENOMEM: `detail` says what is wrong, and nothing more can be read.
 *
 * Set Chunk Size and Abort are obeyed here and not given out.
 */
PH_MUST_CHECK int ph_rtmp_chunk_reader_next(struct ph_rtmp_chunk_reader *reader,
                                            struct ph_reader *in, struct ph_rtmp_message *message);

/* What was sent last on a chunk stream, to leave repeated header fields out. */
struct ph_rtmp_chunk_sent {
    struct ph_rtmp_chunk_header header;
    uint32_t timestamp;
};

struct ph_rtmp_chunk_writer {
    uint32_t chunk_size;
    /* Both for publishers that imitate the ways of different encoders. */
    bool is_terse;       /* headers of fmt 1, 2 and 3 where they can be */
    bool omits_extended; /* no extended timestamp in continuations */
    struct ph_rtmp_chunk_sent sent[8];
};

void ph_rtmp_chunk_writer_init(struct ph_rtmp_chunk_writer *writer);

/* csid 2..63, at most PH_RTMP_MESSAGE_MAX bytes. Set Chunk Size applies to what follows it. */
void ph_rtmp_chunk_write(struct ph_rtmp_chunk_writer *writer, struct ph_writer *out,
                         const struct ph_rtmp_message *message);

#endif

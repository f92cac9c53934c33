/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks to messages (RTMP 1.0 §5.3), between the handshake and the session. A message's bytes
 * are gathered once, into the memory that its packet will reference to the end of its life.
 */
#include "chunk.h"

#include <libavcodec/defs.h>
#include <libavutil/mem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first allocation of a message that declares more; doubled as bytes come. */
#define FIRST_BYTES 16384
/* The longest step that a header without a timestamp may make after an absolute one. */
#define STEP_MAX_MS 1000

void ph_rtmp_chunk_reader_init(struct ph_rtmp_chunk_reader *reader,
                               const struct ph_rtmp_limits *limits)
{
    *reader = (struct ph_rtmp_chunk_reader){
        .limits = limits,
        .streams = ph_new_array(struct ph_rtmp_chunk_stream, limits->chunk_streams),
        .state = PH_RTMP_CHUNK_HEADER,
        .chunk_size = PH_RTMP_CHUNK_SIZE_DEFAULT,
    };
}

void ph_rtmp_chunk_reader_fini(struct ph_rtmp_chunk_reader *reader)
{
    av_buffer_unref(&reader->payload);
    for (unsigned i = 0; i < reader->stream_count; i++) {
        av_freep(&reader->streams[i].data);
    }
    free(reader->streams);
    reader->streams = NULL;
    reader->stream_count = 0;
}

static int fail(struct ph_rtmp_chunk_reader *reader, int err, const char *format, ...)
    PH_PRINTF(3, 4);

static int fail(struct ph_rtmp_chunk_reader *reader, int err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reader->detail, sizeof(reader->detail), format, args);
    va_end(args);
    return err;
}

/* Up to `max` bytes, first of what was put back; fewer when the input ends. */
static size_t take(struct ph_rtmp_chunk_reader *reader, struct ph_reader *in, uint8_t *to,
                   size_t max)
{
    size_t old = reader->unread_len < max ? reader->unread_len : max;

    memcpy(to, reader->unread, old);
    reader->unread_len -= old;
    memmove(reader->unread, reader->unread + old, reader->unread_len);
    size_t fresh = max - old < ph_reader_left(in) ? max - old : ph_reader_left(in);
    if (fresh > 0) {
        memcpy(to + old, ph_read_bytes(in, fresh), fresh);
    }
    return old + fresh;
}

static void put_back(struct ph_rtmp_chunk_reader *reader, const uint8_t *bytes, size_t len)
{
    PH_ASSERT(reader->unread_len + len <= sizeof(reader->unread));
    memmove(reader->unread + len, reader->unread, reader->unread_len);
    memcpy(reader->unread, bytes, len);
    reader->unread_len += len;
}

static int find_stream(struct ph_rtmp_chunk_reader *reader, uint32_t csid, unsigned fmt)
{
    for (unsigned i = 0; i < reader->stream_count; i++) {
        if (reader->streams[i].csid == csid) {
            reader->stream = &reader->streams[i];
            return PH_OK;
        }
    }
    /* fmt 1 is let through: librtmp answers pings with it on a chunk stream it never opened. */
    if (fmt >= 2) {
        return fail(reader, PH_EPROTO, "csid %u starts with a header of fmt %u", csid, fmt);
    }
    if (reader->stream_count == reader->limits->chunk_streams) {
        return fail(reader, PH_ELIMIT, "more than %u chunk streams", reader->limits->chunk_streams);
    }
    reader->stream = &reader->streams[reader->stream_count++];
    *reader->stream = (struct ph_rtmp_chunk_stream){.csid = csid};
    return PH_OK;
}

static int check_length(struct ph_rtmp_chunk_reader *reader)
{
    const struct ph_rtmp_chunk_stream *stream = reader->stream;
    size_t limit = reader->limits->other_message_bytes;

    if (stream->type == PH_RTMP_VIDEO || stream->type == PH_RTMP_AGGREGATE) {
        limit = reader->limits->video_message_bytes;
    } else if (stream->type == PH_RTMP_AUDIO) {
        limit = reader->limits->audio_message_bytes;
    }
    if (stream->len > limit) {
        return fail(reader, PH_ELIMIT, "message of type %u with %u bytes, the limit is %zu",
                    stream->type, stream->len, limit);
    }
    return PH_OK;
}

/* A header where a message goes on: fmt 3, or one that repeats what is known. */
static int continue_message(struct ph_rtmp_chunk_reader *reader,
                            const struct ph_rtmp_chunk_header *header)
{
    const struct ph_rtmp_chunk_stream *stream = reader->stream;

    if (header->fmt == 0) {
        return fail(reader, PH_EPROTO, "csid %u starts a message inside another", stream->csid);
    }
    if (header->fmt == 1 && header->len != stream->len) {
        return fail(reader, PH_EPROTO, "chunk of csid %u changes its message's length",
                    stream->csid);
    }
    if (header->fmt == 1 && header->type != stream->type) {
        return fail(reader, PH_EPROTO, "chunk of csid %u changes its message's type", stream->csid);
    }
    return PH_OK;
}

static int start_message(struct ph_rtmp_chunk_reader *reader,
                         const struct ph_rtmp_chunk_header *header)
{
    struct ph_rtmp_chunk_stream *stream = reader->stream;

    if (header->fmt == 0) {
        stream->msid = header->msid;
        stream->timestamp = 0;
    }
    if (header->fmt < 2) {
        stream->len = header->len;
        stream->type = header->type;
    }
    if (header->fmt < 3) {
        stream->field = header->field;
        stream->is_field_absolute = header->fmt == 0;
        stream->has_extended = header->has_extended;
        stream->timestamp += stream->field;
    } else if (!stream->is_field_absolute || stream->field <= STEP_MAX_MS) {
        /*
         * §5.3.1.2.4 makes the difference after a fmt 0 equal to its absolute time. That is only
         * meant for the first moments of a stream; later it would double the clock, and librtmp
         * then means "the same time".
         */
        stream->timestamp += stream->field;
    }
    stream->is_mid_message = true;
    stream->filled = 0;
    return check_length(reader);
}

static int begin_chunk(struct ph_rtmp_chunk_reader *reader)
{
    struct ph_rtmp_chunk_header header;

    ph_rtmp_chunk_header_read(&header, reader->header, reader->header_len);
    int err = find_stream(reader, header.csid, header.fmt);
    if (err != PH_OK) {
        return err;
    }
    struct ph_rtmp_chunk_stream *stream = reader->stream;
    err =
        stream->is_mid_message ? continue_message(reader, &header) : start_message(reader, &header);
    if (err != PH_OK) {
        return err;
    }
    size_t left = stream->len - stream->filled;
    reader->chunk_left = left < reader->chunk_size ? left : reader->chunk_size;
    reader->header_len = 0;
    reader->state =
        header.fmt == 3 && stream->has_extended ? PH_RTMP_CHUNK_PEEK : PH_RTMP_CHUNK_BODY;
    return PH_OK;
}

static bool starts_like(uint32_t value, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != (uint8_t)(value >> (24 - 8 * i))) {
            return false;
        }
    }
    return true;
}

/*
 * §5.3.1.3 has fmt 3 repeat the extended timestamp; some encoders leave it out. Four bytes that
 * equal it (some write the message's absolute time) are the timestamp, anything else is payload
 * and is put back. Only seen after 4.66 hours, when the time no longer fits 24 bits.
 */
static bool peek_extended(struct ph_rtmp_chunk_reader *reader, struct ph_reader *in)
{
    const struct ph_rtmp_chunk_stream *stream = reader->stream;
    uint8_t *seen = reader->header;

    while (reader->header_len < 4) {
        if (take(reader, in, seen + reader->header_len, 1) == 0) {
            return false;
        }
        reader->header_len++;
        if (!starts_like(stream->field, seen, reader->header_len) &&
            !starts_like(stream->timestamp, seen, reader->header_len)) {
            put_back(reader, seen, reader->header_len);
            break;
        }
    }
    reader->header_len = 0;
    reader->state = PH_RTMP_CHUNK_BODY;
    return true;
}

static int reserve(struct ph_rtmp_chunk_reader *reader, size_t need)
{
    struct ph_rtmp_chunk_stream *stream = reader->stream;

    if (need <= stream->cap) {
        return PH_OK;
    }
    size_t cap = stream->cap == 0 ? FIRST_BYTES : stream->cap * 2;
    cap = cap < need ? need : cap;
    cap = cap > stream->len ? stream->len : cap;
    uint8_t *grown = av_realloc(stream->data, cap + AV_INPUT_BUFFER_PADDING_SIZE);
    if (grown == NULL) {
        return fail(reader, PH_ENOMEM, "no memory for a message of %u bytes", stream->len);
    }
    stream->data = grown;
    stream->cap = cap;
    return PH_OK;
}

/* The chunk's body, as far as it came. PH_OK: the chunk is complete. */
static int read_body(struct ph_rtmp_chunk_reader *reader, struct ph_reader *in)
{
    struct ph_rtmp_chunk_stream *stream = reader->stream;
    size_t there = reader->unread_len + ph_reader_left(in);
    size_t len = there < reader->chunk_left ? there : reader->chunk_left;

    if (len > 0) {
        if (reader->partial_bytes + len > reader->limits->partial_bytes) {
            return fail(reader, PH_ELIMIT, "more than %zu bytes of unfinished messages",
                        reader->limits->partial_bytes);
        }
        int err = reserve(reader, stream->filled + len);
        if (err != PH_OK) {
            return err;
        }
        take(reader, in, stream->data + stream->filled, len);
        stream->filled += len;
        reader->partial_bytes += len;
        reader->chunk_left -= len;
    }
    return reader->chunk_left > 0 ? PH_EAGAIN : PH_OK;
}

static void drop_partial(struct ph_rtmp_chunk_reader *reader, struct ph_rtmp_chunk_stream *stream)
{
    if (stream->is_mid_message) {
        reader->partial_bytes -= stream->filled;
        av_freep(&stream->data);
        stream->is_mid_message = false;
        stream->filled = 0;
        stream->cap = 0;
    }
}

/* Moves the finished message out of its chunk stream. */
static int finish_message(struct ph_rtmp_chunk_reader *reader, struct ph_rtmp_message *message)
{
    struct ph_rtmp_chunk_stream *stream = reader->stream;

    if (stream->filled > 0) {
        memset(stream->data + stream->filled, 0, AV_INPUT_BUFFER_PADDING_SIZE);
        reader->payload = av_buffer_create(stream->data, stream->cap + AV_INPUT_BUFFER_PADDING_SIZE,
                                           av_buffer_default_free, NULL, 0);
        if (reader->payload == NULL) {
            return fail(reader, PH_ENOMEM, "no memory for a message");
        }
        stream->data = NULL;
    }
    reader->partial_bytes -= stream->filled;
    *message = (struct ph_rtmp_message){
        .csid = stream->csid,
        .timestamp = stream->timestamp,
        .msid = stream->msid,
        .type = stream->type,
        .data = reader->payload != NULL ? reader->payload->data : NULL,
        .len = stream->filled,
        .payload = reader->payload,
    };
    stream->is_mid_message = false;
    stream->filled = 0;
    stream->cap = 0;
    return PH_OK;
}

/* What concerns the chunk layer itself, §5.4.1 and §5.4.2. */
static int obey(struct ph_rtmp_chunk_reader *reader, const struct ph_rtmp_message *message)
{
    struct ph_reader in;

    ph_reader_init(&in, message->data, message->len);
    uint32_t value = ph_read_u32(&in);
    if (in.failed) {
        return fail(reader, PH_EPROTO, "control message of type %u is too short", message->type);
    }
    if (message->type == PH_RTMP_ABORT) {
        for (unsigned i = 0; i < reader->stream_count; i++) {
            if (reader->streams[i].csid == value) {
                drop_partial(reader, &reader->streams[i]);
            }
        }
        return PH_OK;
    }
    if (value == 0 || value > INT32_MAX) {
        return fail(reader, PH_EPROTO, "chunk size of %u", value);
    }
    /* No message is longer than this, so larger sizes mean the same. */
    reader->chunk_size = value < PH_RTMP_MESSAGE_MAX ? value : PH_RTMP_MESSAGE_MAX;
    return PH_OK;
}

static int read_header(struct ph_rtmp_chunk_reader *reader, struct ph_reader *in)
{
    size_t size = ph_rtmp_chunk_header_measure(reader->header, reader->header_len);

    while (reader->header_len < size) {
        size_t len =
            take(reader, in, reader->header + reader->header_len, size - reader->header_len);
        if (len == 0) {
            return PH_EAGAIN;
        }
        reader->header_len += len;
        size = ph_rtmp_chunk_header_measure(reader->header, reader->header_len);
    }
    return begin_chunk(reader);
}

/* One chunk more. PH_OK: its message is complete or goes on in a later chunk. */
static int read_chunk(struct ph_rtmp_chunk_reader *reader, struct ph_reader *in)
{
    if (reader->state == PH_RTMP_CHUNK_HEADER) {
        int err = read_header(reader, in);
        if (err != PH_OK) {
            return err;
        }
    }
    if (reader->state == PH_RTMP_CHUNK_PEEK && !peek_extended(reader, in)) {
        return PH_EAGAIN;
    }
    int err = read_body(reader, in);
    if (err == PH_OK) {
        reader->state = PH_RTMP_CHUNK_HEADER;
    }
    return err;
}

int ph_rtmp_chunk_reader_next(struct ph_rtmp_chunk_reader *reader, struct ph_reader *in,
                              struct ph_rtmp_message *message)
{
    for (;;) {
        av_buffer_unref(&reader->payload);
        int err = read_chunk(reader, in);
        if (err != PH_OK) {
            return err;
        }
        if (reader->stream->filled < reader->stream->len) {
            continue;
        }
        err = finish_message(reader, message);
        if (err != PH_OK) {
            return err;
        }
        if (message->type != PH_RTMP_SET_CHUNK_SIZE && message->type != PH_RTMP_ABORT) {
            return PH_OK;
        }
        err = obey(reader, message);
        if (err != PH_OK) {
            return err;
        }
    }
}

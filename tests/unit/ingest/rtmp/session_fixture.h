/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_UNIT_INGEST_RTMP_SESSION_FIXTURE_H
#define PHIEN_TESTS_UNIT_INGEST_RTMP_SESSION_FIXTURE_H

#include "wire.h"

#include <ingest/rtmp/session.h>

#include <inttypes.h>

/*
 * A session with a hand-set clock, a client that writes messages one by one, and texts of what
 * came out of either end.
 */
struct fixture {
    struct ph_rtmp_session *session;
    ph_usec now;
    size_t step;                        /* bytes a feed; 0: all at once */
    struct ph_rtmp_chunk_writer chunks; /* the client's */
    struct ph_writer out;               /* what the client sends next */
    int err;                            /* of the last feed or tick */

    enum ph_close_reason verdict; /* what on_publish says */
    const char *verdict_message;
    enum ph_close_reason end_in_packet; /* the owner ends the session from within on_packet */
    char events[8192];                  /* calls of the ops */
    struct ph_buf *last_data;           /* of the last packet, a copy */

    struct ph_rtmp_chunk_reader replies;
    size_t reply_bytes;
    struct ph_writer raw; /* all that the session sent */
    char said[8192];      /* the same as text, since the last expect_said */
};

static inline void add_event(struct fixture *f, const char *format, ...) PH_PRINTF(2, 3);
static inline void add_event(struct fixture *f, const char *format, ...)
{
    size_t len = strlen(f->events);
    va_list args;

    va_start(args, format);
    vsnprintf(f->events + len, sizeof(f->events) - len, format, args);
    va_end(args);
}

static inline enum ph_close_reason on_publish(void *arg, const struct ph_rtmp_publish *publish,
                                              const char **message)
{
    struct fixture *f = arg;

    add_event(f, "publish %s|%s|%s|%s|%u ", publish->app, publish->name, publish->query,
              publish->flash_ver, publish->caps_ex);
    *message = f->verdict_message;
    return f->verdict;
}

static inline void on_track(void *arg, struct ph_track *track)
{
    add_event(arg, "track %s ", ph_track_codec_name(track));
    if (track->kind == PH_TRACK_AUDIO) {
        add_event(arg, "%d ", track->par->sample_rate);
    }
}

static inline void on_packet(void *arg, const AVPacket *packet)
{
    struct fixture *f = arg;

    add_event(f, "%s%s %" PRId64 "/%" PRId64, packet->stream_index == PH_TRACK_VIDEO ? "v" : "a",
              packet->flags & AV_PKT_FLAG_KEY ? "!" : "", packet->dts, packet->pts);
    if (packet->time_base.den != 1000) {
        add_event(f, "@%d", packet->time_base.den);
    }
    add_event(f, " %d ", packet->size);
    assert_non_null(packet->buf);
    for (int i = 0; i < AV_INPUT_BUFFER_PADDING_SIZE; i++) {
        assert_int_equal(packet->data[packet->size + i], 0);
    }
    ph_buf_unref(&f->last_data);
    f->last_data = ph_buf_copy(packet->data, (size_t)packet->size);
    if (f->end_in_packet != PH_CLOSE_NONE) {
        ph_rtmp_session_end(f->session, f->end_in_packet);
    }
}

static inline void on_encoder(void *arg, const char *encoder)
{
    add_event(arg, "encoder %s ", encoder);
}

static const struct ph_rtmp_ops fixture_ops = {
    .on_publish = on_publish,
    .on_track = on_track,
    .on_packet = on_packet,
    .on_encoder = on_encoder,
};

static inline void fixture_open(struct fixture *f, const struct ph_rtmp_limits *limits)
{
    memset(f, 0, sizeof(*f));
    f->now = 1000 * PH_USEC_PER_S;
    ph_rtmp_chunk_writer_init(&f->chunks);
    ph_writer_init(&f->out, 1 << 26);
    ph_writer_init(&f->raw, 1 << 26);
    ph_rtmp_chunk_reader_init(&f->replies, &ph_rtmp_limits_default);
    assert_int_equal(ph_rtmp_session_create(&f->session, limits, &fixture_ops, f, f->now), PH_OK);
}

static inline void fixture_close(struct fixture *f)
{
    ph_rtmp_session_destroy(&f->session);
    ph_rtmp_chunk_reader_fini(&f->replies);
    ph_writer_fini(&f->out);
    ph_writer_fini(&f->raw);
    ph_buf_unref(&f->last_data);
}

static inline void say(struct fixture *f, const char *format, ...) PH_PRINTF(2, 3);
static inline void say(struct fixture *f, const char *format, ...)
{
    size_t len = strlen(f->said);
    va_list args;

    va_start(args, format);
    vsnprintf(f->said + len, sizeof(f->said) - len, format, args);
    va_end(args);
}

/* "onStatus:0@1 NetStream.Publish.Start", "_result:4@0 1", with what tells them apart. */
static inline void say_command(struct fixture *f, const struct ph_rtmp_message *message)
{
    struct ph_amf0_reader in;
    struct ph_amf0_value name;
    struct ph_amf0_value value;
    struct ph_amf0_value key;
    struct ph_amf0_value inner;

    ph_amf0_reader_init(&in, message->data, message->len);
    assert_true(ph_amf0_read(&in, &name));
    assert_true(ph_amf0_read(&in, &value));
    say(f, "%.*s:%g@%u", (int)name.len, name.text, value.number, message->msid);
    while (ph_amf0_read(&in, &value)) {
        if (value.type == PH_AMF0_NUMBER) {
            say(f, " %g", value.number);
        }
        while (value.type == PH_AMF0_OBJECT && ph_amf0_read_member(&in, &key, &inner)) {
            if (ph_amf0_is(&key, "code")) {
                say(f, " %.*s", (int)inner.len, inner.text);
            }
            ph_amf0_skip(&in, &inner);
        }
    }
    assert_int_equal(in.err, PH_OK);
    say(f, "; ");
}

static inline void say_message(struct fixture *f, const struct ph_rtmp_message *message)
{
    struct ph_reader in;

    ph_reader_init(&in, message->data, message->len);
    if (message->type == PH_RTMP_COMMAND) {
        say_command(f, message);
    } else if (message->type == PH_RTMP_USER_CONTROL) {
        unsigned event = ph_read_u16(&in);
        say(f, "event %u %u; ", event, ph_read_u32(&in));
    } else if (message->type == PH_RTMP_SET_PEER_BANDWIDTH) {
        uint32_t window = ph_read_u32(&in);
        say(f, "bandwidth %u %u; ", window, ph_read_u8(&in));
    } else {
        say(f, "%s %u; ",
            message->type == PH_RTMP_ACK               ? "ack"
            : message->type == PH_RTMP_WINDOW_ACK_SIZE ? "window"
                                                       : "?",
            ph_read_u32(&in));
    }
    assert_false(in.failed);
}

static inline void pull_replies(struct fixture *f)
{
    enum { HANDSHAKE = 1 + 2 * 1536 };
    struct ph_slice slice;
    struct ph_rtmp_message message;

    while (ph_rtmp_session_pull(f->session, &slice)) {
        assert_true(slice.len > 0);
        ph_write_bytes(&f->raw, slice.data, slice.len);
        size_t skip = f->reply_bytes < HANDSHAKE ? HANDSHAKE - f->reply_bytes : 0;
        skip = skip < slice.len ? skip : slice.len;
        f->reply_bytes += slice.len;
        struct ph_reader in;
        ph_reader_init(&in, slice.data + skip, slice.len - skip);
        while (ph_rtmp_chunk_reader_next(&f->replies, &in, &message) == PH_OK) {
            say_message(f, &message);
        }
        assert_string_equal(f->replies.detail, "");
        ph_slice_clear(&slice);
    }
}

/* Feeds what the client wrote, in steps if set, and reads the answers. */
static inline int flush(struct fixture *f)
{
    size_t step = f->step > 0 ? f->step : f->out.len;

    for (size_t pos = 0; pos < f->out.len; pos += step) {
        size_t len = f->out.len - pos < step ? f->out.len - pos : step;
        uint8_t *exact = malloc(len);
        memcpy(exact, f->out.data + pos, len);
        f->err = ph_rtmp_session_feed(f->session, f->now, exact, len);
        free(exact);
        if (f->err != PH_OK) {
            break;
        }
    }
    f->out.len = 0;
    pull_replies(f);
    return f->err;
}

static inline int tick(struct fixture *f, ph_usec elapsed)
{
    f->now += elapsed;
    f->err = ph_rtmp_session_tick(f->session, f->now);
    pull_replies(f);
    return f->err;
}

static inline void expect_said(struct fixture *f, const char *text)
{
    assert_string_equal(f->said, text);
    f->said[0] = '\0';
}

static inline void expect_events(struct fixture *f, const char *text)
{
    assert_string_equal(f->events, text);
    f->events[0] = '\0';
}

static inline void expect_end(struct fixture *f, int err, enum ph_close_reason reason,
                              const char *detail)
{
    assert_string_equal(ph_rtmp_session_detail(f->session), detail);
    assert_string_equal(ph_close_reason_name(ph_rtmp_session_reason(f->session)),
                        ph_close_reason_name(reason));
    assert_int_equal(f->err, err);
    assert_true(ph_rtmp_session_deadline(f->session) == PH_USEC_NEVER);
    /* Feeding on says the same and does nothing. */
    assert_int_equal(ph_rtmp_session_feed(f->session, f->now, (const uint8_t *)"x", 1), err);
    assert_int_equal(ph_rtmp_session_tick(f->session, f->now + 3600 * PH_USEC_PER_S), err);
}

static inline void put_handshake(struct fixture *f)
{
    ph_write_u8(&f->out, 3);
    write_pattern(&f->out, 2 * 1536, 17);
}

static inline void put(struct fixture *f, enum ph_rtmp_type type, uint32_t timestamp,
                       struct ph_writer *body)
{
    bool is_control = type < PH_RTMP_AUDIO;
    bool is_net_connection = type == PH_RTMP_COMMAND || type == PH_RTMP_COMMAND_AMF3;
    uint32_t csid = is_control              ? PH_RTMP_CSID_CONTROL
                    : is_net_connection     ? PH_RTMP_CSID_COMMAND
                    : type == PH_RTMP_VIDEO ? PH_RTMP_CSID_VIDEO
                                            : PH_RTMP_CSID_AUDIO;

    ph_rtmp_chunk_write(&f->chunks, &f->out,
                        &(struct ph_rtmp_message){.csid = csid,
                                                  .timestamp = timestamp,
                                                  .msid = is_control || is_net_connection ? 0 : 1,
                                                  .type = (uint8_t)type,
                                                  .data = body->data,
                                                  .len = body->len});
    ph_writer_fini(body);
}

static inline void put_hex(struct fixture *f, enum ph_rtmp_type type, uint32_t timestamp,
                           const char *hex)
{
    struct ph_writer body = from_hex(hex);

    put(f, type, timestamp, &body);
}

static inline struct ph_writer begin(const char *name, double transaction)
{
    struct ph_writer body = from_hex("");

    ph_amf0_write_string(&body, name);
    ph_amf0_write_number(&body, transaction);
    return body;
}

static inline void put_connect(struct fixture *f, const char *app, const char *tc_url)
{
    struct ph_writer body = begin("connect", 1);

    ph_amf0_write_object(&body);
    ph_amf0_write_string_member(&body, "app", app);
    ph_amf0_write_string_member(&body, "type", "nonprivate");
    ph_amf0_write_string_member(&body, "flashVer", "FMLE/3.0");
    ph_amf0_write_string_member(&body, "tcUrl", tc_url);
    ph_amf0_write_end(&body);
    put(f, PH_RTMP_COMMAND, 0, &body);
}

/* A command with a null object and a string, as most of them are. */
static inline void put_command(struct fixture *f, const char *name, double transaction,
                               const char *text)
{
    struct ph_writer body = begin(name, transaction);

    ph_amf0_write_null(&body);
    if (text != NULL) {
        ph_amf0_write_string(&body, text);
    }
    put(f, PH_RTMP_COMMAND, 0, &body);
}

#define SAID_CONNECT                                                                               \
    "window 2500000; bandwidth 2500000 2; _result:1@0 NetConnection.Connect.Success; "
#define SAID_START "event 0 1; onStatus:0@1 NetStream.Publish.Start; "

static inline void connect_only(struct fixture *f)
{
    put_handshake(f);
    put_connect(f, "live", "rtmp://host/live");
    assert_int_equal(flush(f), PH_OK);
    expect_said(f, SAID_CONNECT);
}

static inline void start_publishing(struct fixture *f)
{
    connect_only(f);
    put_command(f, "publish", 5, "sinho?key=K");
    assert_int_equal(flush(f), PH_OK);
    expect_said(f, SAID_START);
    expect_events(f, "publish live|sinho|key=K|FMLE/3.0|0 ");
}

/* Real configurations: 96x64 of H.264 and HEVC, AAC at 44.1 kHz. */
#define AVCC                                                                                       \
    "01f4000affe1001767f4000a919b28c4d80880000003008000000a078912cb01000568ce0f1920fff8f800"
#define AVCC_2                                                                                     \
    "01f4000affe1001767f4000a919b28c4d80880000003008000000a078912cb01000568ce0f1921fff8f800"
#define HVCC                                                                                       \
    "0104080000009e08000000001ef000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300" \
    "001e959409a10001002c4201010408000003009e0800000300001e90061020b2caca94985e02dc08080010000003" \
    "001000000300a080a2000100084401c07318301890"
#define AV1C "81000c000a0a000000032dffc02f8004"
#define ASC "1208"

#endif

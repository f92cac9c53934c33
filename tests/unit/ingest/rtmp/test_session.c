/* SPDX-License-Identifier: Apache-2.0 */
#include "session_fixture.h"

#include <ingest/rtmp/status.h>

#define S PH_USEC_PER_S

static int setup(void **state)
{
    struct fixture *f = malloc(sizeof(*f));

    fixture_open(f, &ph_rtmp_limits_default);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

/* What each of these applications sends up to the first media, and what it must hear. */

static void put_ffmpeg(struct fixture *f)
{
    put_handshake(f);
    put_connect(f, "live", "rtmp://host:1935/live");
    put_command(f, "releaseStream", 2, "sinho?key=K");
    put_command(f, "FCPublish", 3, "sinho?key=K");
    put_command(f, "createStream", 4, NULL);
    put_command(f, "_checkbw", 5, NULL);
    put_command(f, "publish", 6, "sinho?key=K");
}

#define SAID_FFMPEG                                                                                \
    SAID_CONNECT "_result:2@0; _result:3@0; onFCPublish:0@0 NetStream.Publish.Start; "             \
                 "_result:4@0 1; _result:5@0; " SAID_START

static void test_ffmpeg_pipelined(void **state)
{
    struct fixture *f = *state;

    put_ffmpeg(f);
    assert_int_equal(flush(f), PH_OK);
    expect_said(f, SAID_FFMPEG);
    expect_events(f, "publish live|sinho|key=K|FMLE/3.0|0 ");
    assert_true(ph_rtmp_session_is_publishing(f->session));
}

static void test_byte_by_byte(void **state)
{
    static const size_t steps[] = {1, 2, 13, 1537};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(steps); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        f.step = steps[i];
        put_ffmpeg(&f);
        put_hex(&f, PH_RTMP_VIDEO, 0, "17 00 000000" AVCC);
        put_hex(&f, PH_RTMP_VIDEO, 40, "17 01 000000 00000001 65");
        assert_int_equal(flush(&f), PH_OK);
        expect_said(&f, SAID_FFMPEG);
        expect_events(&f, "publish live|sinho|key=K|FMLE/3.0|0 track h264 v! 40/40 5 ");
        fixture_close(&f);
    }
}

/* OBS sets its chunk size before connect and publishes on the stream it was given. */
static void test_obs(void **state)
{
    struct fixture *f = *state;

    put_handshake(f);
    put_hex(f, PH_RTMP_SET_CHUNK_SIZE, 0, "00001000");
    put_connect(f, "live?key=K", "rtmp://host/live?key=K");
    assert_int_equal(flush(f), PH_OK);
    put_command(f, "releaseStream", 2, "sinho");
    put_command(f, "FCPublish", 3, "sinho");
    put_command(f, "createStream", 4, NULL);
    assert_int_equal(flush(f), PH_OK);
    struct ph_writer body = begin("publish", 5);
    ph_amf0_write_null(&body);
    ph_amf0_write_string(&body, "sinho");
    ph_amf0_write_string(&body, "live");
    ph_rtmp_chunk_write(&f->chunks, &f->out,
                        &(struct ph_rtmp_message){
                            .csid = 4, .msid = 1, .type = 20, .data = body.data, .len = body.len});
    ph_writer_fini(&body);
    assert_int_equal(flush(f), PH_OK);
    expect_said(f, SAID_CONNECT "_result:2@0; _result:3@0; "
                                "onFCPublish:0@0 NetStream.Publish.Start; "
                                "_result:4@0 1; " SAID_START);
    expect_events(f, "publish live|sinho|key=K|FMLE/3.0|0 ");
}

/* Moblin and others number commands as they like; 0 wants no answer. Streams are counted. */
static void test_transactions(void **state)
{
    struct fixture *f = *state;

    connect_only(f);
    put_command(f, "createStream", 7.5, NULL);
    put_command(f, "createStream", 0, NULL);
    put_command(f, "createStream", 7.5, NULL);
    put_command(f, "getStreamLength", 1000000, "x");
    put_command(f, "releaseStream", 0, "x");
    put_command(f, "somethingNew", 0, NULL);
    put_command(f, "FCUnpublish", 3, "x");
    put_command(f, "deleteStream", 0, NULL);
    put_command(f, "closeStream", 0, NULL);
    put_command(f, "_result", 1, NULL);
    put_command(f, "onStatus", 1, NULL);
    assert_int_equal(flush(f), PH_OK);
    expect_said(f, "_result:7.5@0 1; _result:7.5@0 3; _result:1e+06@0; _result:3@0; ");
}

static void test_wire_bytes(void **state)
{
    struct fixture *f = *state;

    put_handshake(f);
    put_connect(f, "live", "rtmp://host/live");
    assert_int_equal(flush(f), PH_OK);
    expect_hex(f->raw.data + 3073, 49,
               "02 000000 000004 05 00000000 002625a0"
               "02 000000 000005 06 00000000 002625a0 02"
               "02 000000 000004 01 00000000 00001000");
    f->raw.len = 0;
    put_command(f, "createStream", 4, NULL);
    assert_int_equal(flush(f), PH_OK);
    expect_hex(f->raw.data, f->raw.len,
               "03 000000 00001d 14 00000000 | 02 0007 5f726573756c74 | 00 4010000000000000 |"
               "05 | 00 3ff0000000000000");
    f->raw.len = 0;
    put_command(f, "publish", 5, "x");
    assert_int_equal(flush(f), PH_OK);
    expect_hex(f->raw.data, 18, "02 000000 000006 04 00000000 0000 00000001");
    assert_int_equal(tick(f, 9 * S + 1), PH_OK);
    put_hex(f, PH_RTMP_ACK, 0, "00000001");
    assert_int_equal(flush(f), PH_OK);
    assert_int_equal(tick(f, S / 2), PH_OK);
    f->raw.len = 0;
    assert_int_equal(tick(f, S / 2 - 1), PH_OK);
    expect_hex(f->raw.data, f->raw.len, "02 000000 000006 04 00000000 0006 000f6950");
}

/* Enhanced RTMP's capabilities are told to those who tell theirs. */
static void test_capabilities(void **state)
{
    struct fixture *f = *state;
    struct ph_writer body = begin("connect", 1);

    ph_amf0_write_object(&body);
    ph_amf0_write_string_member(&body, "app", "live");
    ph_amf0_write_number_member(&body, "capsEx", 5);
    ph_amf0_write_key(&body, "fourCcList");
    ph_amf0_write_array(&body, 1);
    ph_amf0_write_string(&body, "*");
    ph_amf0_write_key(&body, "videoFourCcInfoMap");
    ph_amf0_write_object(&body);
    ph_amf0_write_number_member(&body, "*", 2);
    ph_amf0_write_end(&body);
    ph_amf0_write_end(&body);
    put_handshake(f);
    put(f, PH_RTMP_COMMAND, 0, &body);
    assert_int_equal(flush(f), PH_OK);
    struct ph_writer wanted = from_hex("");
    ph_amf0_write_key(&wanted, "fourCcList");
    ph_amf0_write_array(&wanted, 9);
    ph_amf0_write_string(&wanted, "avc1");
    ph_amf0_write_string(&wanted, "hvc1");
    assert_non_null(memmem(f->raw.data, f->raw.len, wanted.data, wanted.len));
    wanted.len = 0;
    ph_amf0_write_number_member(&wanted, "Opus", 4);
    assert_non_null(memmem(f->raw.data, f->raw.len, wanted.data, wanted.len));
    wanted.len = 0;
    ph_amf0_write_number_member(&wanted, "capsEx", 13);
    assert_non_null(memmem(f->raw.data, f->raw.len, wanted.data, wanted.len));
    ph_writer_fini(&wanted);
    put_command(f, "publish", 2, "x");
    assert_int_equal(flush(f), PH_OK);
    expect_events(f, "publish live|x|||5 ");
}

static void test_no_capabilities_unasked(void **state)
{
    struct fixture *f = *state;

    connect_only(f);
    assert_null(memmem(f->raw.data, f->raw.len, "fourCcList", 10));
}

/* A Flash application: AMF3 commands, which are AMF0 after a zero byte. */
static void test_amf3_connect(void **state)
{
    struct fixture *f = *state;
    struct ph_writer inner = begin("connect", 1);
    struct ph_writer body = from_hex("00");

    ph_amf0_write_object(&inner);
    ph_amf0_write_string_member(&inner, "app", "live");
    ph_amf0_write_number_member(&inner, "objectEncoding", 3);
    ph_amf0_write_end(&inner);
    ph_write_bytes(&body, inner.data, inner.len);
    ph_writer_fini(&inner);
    put_handshake(f);
    put(f, PH_RTMP_COMMAND_AMF3, 0, &body);
    body = from_hex("00");
    inner = begin("publish", 0);
    ph_amf0_write_null(&inner);
    ph_amf0_write_string(&inner, "x");
    ph_write_bytes(&body, inner.data, inner.len);
    ph_writer_fini(&inner);
    put(f, PH_RTMP_COMMAND_AMF3, 0, &body);
    assert_int_equal(flush(f), PH_OK);
    expect_said(f, SAID_CONNECT SAID_START);
    expect_events(f, "publish live|x|||0 ");
    struct ph_writer zero = from_hex("");
    ph_amf0_write_number_member(&zero, "objectEncoding", 0);
    assert_non_null(memmem(f->raw.data, f->raw.len, zero.data, zero.len));
    ph_writer_fini(&zero);
}

/* Larix without a stream name; a name that is no string; none at all. */
static void test_publish_without_name(void **state)
{
    static const char *const arguments[] = {"05 02 0000", "05 05", "05", "", "03 000009 06"};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(arguments); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        put_handshake(&f);
        put_connect(&f, "live/K", "rtmp://host/live/K");
        struct ph_writer body = begin("publish", 2);
        write_hex(&body, arguments[i]);
        put(&f, PH_RTMP_COMMAND, 0, &body);
        assert_int_equal(flush(&f), PH_OK);
        expect_events(&f, "publish live/K|||FMLE/3.0|0 ");
        fixture_close(&f);
    }
}

static void test_nothing_before_connect(void **state)
{
    struct fixture *f = *state;

    put_handshake(f);
    put_hex(f, PH_RTMP_SET_CHUNK_SIZE, 0, "00001000");
    put_hex(f, PH_RTMP_WINDOW_ACK_SIZE, 0, "00000100");
    put_hex(f, PH_RTMP_USER_CONTROL, 0, "0006 00000001");
    for (int i = 0; i < 20; i++) {
        put_hex(f, PH_RTMP_ACK, 0, "00000001");
        struct ph_writer body = from_hex("");
        write_pattern(&body, 60000, 1);
        put(f, PH_RTMP_DATA, 0, &body);
    }
    assert_int_equal(flush(f), PH_OK);
    assert_int_equal(tick(f, 9 * S), PH_OK);
    assert_int_equal(f->raw.len, 3073);
}

static void expect_acks(struct fixture *f, unsigned count, uint32_t last)
{
    unsigned seen = 0;
    uint32_t value = 0;

    for (const char *at = f->said; (at = strstr(at, "ack ")) != NULL; at += 4) {
        value = (uint32_t)strtoul(at + 4, NULL, 10);
        seen++;
    }
    assert_int_equal(seen, count);
    assert_int_equal(value, last);
    f->said[0] = '\0';
}

static void put_video(struct fixture *f, uint32_t timestamp, size_t len)
{
    struct ph_writer body = from_hex("27 01 000000");

    write_pattern(&body, len - 5, 1);
    put(f, PH_RTMP_VIDEO, timestamp, &body);
}

static void test_acknowledgements(void **state)
{
    struct fixture *f = *state;
    uint32_t total;

    put_handshake(f);
    put_connect(f, "live", "");
    put_command(f, "publish", 2, "x");
    total = (uint32_t)f->out.len;
    assert_int_equal(flush(f), PH_OK);
    f->said[0] = '\0';
    /* A little: after 250 ms. All bytes count, also those of the handshake. */
    assert_int_equal(ph_rtmp_session_deadline(f->session), f->now + 250000);
    assert_int_equal(tick(f, 249999), PH_OK);
    expect_said(f, "");
    assert_int_equal(tick(f, 1), PH_OK);
    expect_acks(f, 1, total);
    /* Nothing new: nothing to say. */
    assert_int_equal(tick(f, 250000), PH_OK);
    expect_said(f, "");
    /* Much: each 64 kB, whatever the clock says. */
    for (int i = 0; i < 10; i++) {
        put_video(f, 0, 30000);
    }
    f->step = 1024;
    assert_int_equal(flush(f), PH_OK);
    expect_acks(f, 4, total + 4 * 64 * 1024);
}

/* A peer with a small window hears more often, but not for every byte. */
static void test_acknowledges_small_windows(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    put_hex(f, PH_RTMP_WINDOW_ACK_SIZE, 0, "00004e20"); /* 20000 */
    put_video(f, 0, 40500);
    f->step = 100;
    assert_int_equal(flush(f), PH_OK);
    unsigned count = 0;
    for (const char *at = f->said; (at = strstr(at, "ack ")) != NULL; at += 4) {
        count++;
    }
    assert_int_equal(count, 4);
    f->said[0] = '\0';
    put_hex(f, PH_RTMP_WINDOW_ACK_SIZE, 0, "00000001");
    put_video(f, 0, 8500);
    assert_int_equal(flush(f), PH_OK);
    count = 0;
    for (const char *at = f->said; (at = strstr(at, "ack ")) != NULL; at += 4) {
        count++;
    }
    assert_in_range(count, 2, 3);
}

static void test_pings(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    put_hex(f, PH_RTMP_USER_CONTROL, 0, "0006 01020304");
    put_hex(f, PH_RTMP_USER_CONTROL, 0, "0003 00000001 00000bb8"); /* SetBufferLength */
    put_hex(f, PH_RTMP_USER_CONTROL, 0, "0007 00000001");
    put_hex(f, PH_RTMP_USER_CONTROL, 0, "0006 0102"); /* cut short */
    put_hex(f, PH_RTMP_USER_CONTROL, 0, "");
    assert_int_equal(flush(f), PH_OK);
    expect_said(f, "event 7 16909060; ");
    assert_int_equal(tick(f, 9 * S), PH_OK);
    put_hex(f, PH_RTMP_ACK, 0, "00000001");
    assert_int_equal(flush(f), PH_OK);
    assert_int_equal(tick(f, S - 1), PH_OK);
    f->said[0] = '\0';
    assert_int_equal(tick(f, 1), PH_OK);
    expect_said(f, ""); /* it has been silent for a second */
    assert_int_equal(ph_rtmp_session_deadline(f->session), f->now + 10 * S);
    assert_int_equal(tick(f, 9 * S + 1), PH_OK);
    put_hex(f, PH_RTMP_ACK, 0, "00000001");
    assert_int_equal(flush(f), PH_OK);
    assert_int_equal(tick(f, S / 2), PH_OK);
    f->said[0] = '\0';
    assert_int_equal(tick(f, S / 2 - 1), PH_OK);
    expect_said(f, "event 6 1020000; ");
}

static void test_ignored_messages(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    put_hex(f, PH_RTMP_SET_PEER_BANDWIDTH, 0, "002625a0 02");
    put_hex(f, PH_RTMP_ACK, 0, "00000001");
    put_hex(f, PH_RTMP_ACK, 0, "");
    put_hex(f, PH_RTMP_WINDOW_ACK_SIZE, 0, "00");
    put_hex(f, (enum ph_rtmp_type)16, 0, "0102");
    put_hex(f, (enum ph_rtmp_type)19, 0, "0102");
    put_hex(f, (enum ph_rtmp_type)99, 0, "");
    /* FFmpeg's timecode, and metadata that cannot be read. */
    put_hex(f, PH_RTMP_DATA, 0, "00 01020304");
    put_hex(f, PH_RTMP_DATA, 0, "");
    put_hex(f, PH_RTMP_DATA, 0, "02 000a 6f6e4d65746144617461 03 0001");
    put_hex(f, PH_RTMP_DATA, 0, "02 000a 6f6e4d65746144617461 ff");
    put_hex(f, PH_RTMP_DATA, 0, "02 0003 616263 05");
    assert_int_equal(flush(f), PH_OK);
    expect_said(f, "");
    expect_events(f, "");
}

static void put_metadata(struct fixture *f, enum ph_rtmp_type type, const char *head, bool is_ecma,
                         const char *encoder)
{
    struct ph_writer body = from_hex(type == PH_RTMP_DATA_AMF3 ? "00" : "");

    if (*head != '\0') {
        ph_amf0_write_string(&body, head);
    }
    ph_amf0_write_string(&body, "onMetaData");
    if (is_ecma) {
        ph_amf0_write_ecma_array(&body, 99);
    } else {
        ph_amf0_write_object(&body);
    }
    ph_amf0_write_number_member(&body, "width", 720);
    ph_amf0_write_key(&body, "videoTrackIdInfoMap");
    write_hex(&body, "03 0001 31 03 000009 000009");
    ph_amf0_write_string_member(&body, "encoder", encoder);
    ph_amf0_write_end(&body);
    put(f, type, 0, &body);
}

static void test_metadata(void **state)
{
    static const struct {
        enum ph_rtmp_type type;
        const char *head;
        bool is_ecma;
    } rows[] = {
        {PH_RTMP_DATA, "@setDataFrame", true},
        {PH_RTMP_DATA, "@setDataFrame", false}, /* Moblin */
        {PH_RTMP_DATA, "", true},
        {PH_RTMP_DATA_AMF3, "@setDataFrame", true},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        put_handshake(&f);
        put_connect(&f, "live", "");
        put_metadata(&f, rows[i].type, rows[i].head, rows[i].is_ecma, "too early");
        assert_int_equal(flush(&f), PH_OK);
        expect_events(&f, "");
        put_command(&f, "publish", 2, "x");
        put_metadata(&f, rows[i].type, rows[i].head, rows[i].is_ecma, "");
        put_metadata(&f, rows[i].type, rows[i].head, rows[i].is_ecma, "OBS 30");
        put_metadata(&f, rows[i].type, rows[i].head, rows[i].is_ecma, "OBS 30");
        assert_int_equal(flush(&f), PH_OK);
        expect_events(&f, "publish live|x||FMLE/3.0|0 encoder OBS 30 ");
        fixture_close(&f);
    }
}

static void test_clean_ends(void **state)
{
    static const char *const commands[] = {"FCUnpublish", "deleteStream", "closeStream"};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(commands); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        start_publishing(&f);
        put_command(&f, commands[i], 0, "sinho");
        assert_int_equal(flush(&f), PH_ECLOSED);
        expect_end(&f, PH_ECLOSED, PH_CLOSE_UNPUBLISH, "");
        expect_said(&f, "onStatus:0@1 NetStream.Unpublish.Success; ");
        assert_true(ph_rtmp_session_is_publishing(f.session));
        fixture_close(&f);
    }
}

/* Refusals: the code, and a text that says what to do without words that start a challenge. */
static void test_refusals(void **state)
{
    static const struct {
        enum ph_close_reason reason;
        const char *said;
    } rows[] = {
        {PH_CLOSE_BAD_KEY, "onStatus:0@1 NetStream.Publish.BadName; "},
        {PH_CLOSE_UNKNOWN_CHANNEL, "onStatus:0@1 NetStream.Publish.BadName; "},
        {PH_CLOSE_OVERLOAD, "onStatus:0@1 NetStream.Publish.Rejected; "},
        {PH_CLOSE_TOO_MANY_CONNECTIONS, "onStatus:0@1 NetStream.Publish.Rejected; "},
        {PH_CLOSE_SHUTDOWN, ""},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        connect_only(&f);
        f.verdict = rows[i].reason;
        put_command(&f, "publish", 5, "sinho");
        put_video(&f, 0, 100);
        assert_int_equal(flush(&f), PH_EACCESS);
        expect_end(&f, PH_EACCESS, rows[i].reason, "");
        expect_said(&f, rows[i].said);
        assert_false(ph_rtmp_session_is_publishing(f.session));
        fixture_close(&f);
    }
}

static void test_refusal_with_message(void **state)
{
    struct fixture *f = *state;
    static const char text[] = "Come back on Sunday.";

    connect_only(f);
    f->verdict = PH_CLOSE_BAD_KEY;
    f->verdict_message = text;
    put_command(f, "publish", 5, "sinho");
    assert_int_equal(flush(f), PH_EACCESS);
    expect_said(f, "onStatus:0@1 NetStream.Publish.BadName; ");
    assert_non_null(memmem(f->raw.data, f->raw.len, text, strlen(text)));
}

static void test_texts(void **state)
{
    (void)state;
    for (int reason = PH_CLOSE_NONE; reason < PH_CLOSE_COUNT; reason++) {
        struct ph_rtmp_status status = ph_rtmp_status_for((enum ph_close_reason)reason);
        if (status.code == NULL) {
            continue;
        }
        assert_in_range(strlen(status.description), 10, 100);
        assert_null(strstr(status.description, "authmod"));
        assert_null(strstr(status.description, "reason="));
        assert_true(strcmp(status.level, "error") == 0 || reason == PH_CLOSE_UNPUBLISH);
    }
}

static void test_ends_by_owner(void **state)
{
    static const struct {
        enum ph_close_reason reason;
        const char *said;
    } rows[] = {
        {PH_CLOSE_TAKEOVER, "onStatus:0@1 NetStream.Publish.BadName; "},
        {PH_CLOSE_OVERLOAD, "onStatus:0@1 NetStream.Publish.Rejected; "},
        {PH_CLOSE_SHUTDOWN, ""},
        {PH_CLOSE_NETWORK, ""},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        start_publishing(&f);
        ph_rtmp_session_end(f.session, rows[i].reason);
        ph_rtmp_session_end(f.session, PH_CLOSE_PROTOCOL);
        pull_replies(&f);
        f.err = PH_ECLOSED;
        expect_end(&f, PH_ECLOSED, rows[i].reason, "");
        expect_said(&f, rows[i].said);
        fixture_close(&f);
    }
}

static void test_owner_ends_before_publish(void **state)
{
    struct fixture *f = *state;

    ph_rtmp_session_end(f->session, PH_CLOSE_TOO_MANY_CONNECTIONS);
    pull_replies(f);
    assert_int_equal(f->raw.len, 0);
    assert_int_equal(ph_rtmp_session_reason(f->session), PH_CLOSE_TOO_MANY_CONNECTIONS);
}

static void test_play(void **state)
{
    static const char *const commands[] = {"play", "play2"};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(commands); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        connect_only(&f);
        put_command(&f, "createStream", 2, NULL);
        put_command(&f, commands[i], 0, "sinho");
        assert_int_equal(flush(&f), PH_EACCESS);
        expect_end(&f, PH_EACCESS, PH_CLOSE_PLAY_REFUSED, "");
        expect_said(&f, "_result:2@0 1; onStatus:0@1 NetStream.Play.StreamNotFound; ");
        fixture_close(&f);
    }
}

static void test_second_publish(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    put_command(f, "publish", 6, "other");
    assert_int_equal(flush(f), PH_EPROTO);
    expect_end(f, PH_EPROTO, PH_CLOSE_PROTOCOL, "a second publish");
    expect_said(f, "onStatus:0@1 NetStream.Publish.BadName; ");
    expect_events(f, "");
}

static void test_protocol_errors(void **state)
{
    static const struct {
        bool is_connected;
        const char *command; /* the whole message in hex */
        const char *detail;
    } rows[] = {
        {false, "02 000c 63726561746553747265616d 00 4000000000000000", "a command before connect"},
        {false, "02 0007 636f6e6e656374 00 3ff0000000000000 05",
         "connect without a readable object"},
        {false, "02 0007 636f6e6e656374 00 3ff0000000000000", "connect without a readable object"},
        {false, "02 0007 636f6e6e656374 00 3ff0000000000000 03 0003 617070 ff",
         "connect without a readable object"},
        {true, "02 0007 636f6e6e656374 00 3ff0000000000000 03 000009", "a second connect"},
        {true, "", "a command without a name"},
        {true, "05", "a command without a name"},
        {true, "02 0007 7075626c697368 00 3ff0000000000000 05 02 0009 61",
         "publish without a readable name"},
        {true, "02 0007 7075626c697368 00 3ff0000000000000 03 0001",
         "publish without a readable name"},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        if (rows[i].is_connected) {
            connect_only(&f);
        } else {
            put_handshake(&f);
        }
        put_hex(&f, PH_RTMP_COMMAND, 0, rows[i].command);
        assert_int_equal(flush(&f), PH_EPROTO);
        expect_end(&f, PH_EPROTO, PH_CLOSE_PROTOCOL, rows[i].detail);
        fixture_close(&f);
    }
}

static void test_chunk_errors_have_details(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    write_hex(&f->out, "e5");
    assert_int_equal(flush(f), PH_EPROTO);
    expect_end(f, PH_EPROTO, PH_CLOSE_PROTOCOL, "csid 37 starts with a header of fmt 3");
    /* The application should come back by itself. */
    expect_said(f, "");
}

static void test_message_limit(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    write_hex(&f->out, "06 000000 ffffff 09 01000000");
    assert_int_equal(flush(f), PH_ELIMIT);
    expect_end(f, PH_ELIMIT, PH_CLOSE_LIMIT,
               "message of type 9 with 16777215 bytes, the limit is 8388608");
    expect_said(f, "onStatus:0@1 NetStream.Publish.Rejected; ");
}

/* Whoever has shown no key must not make us keep megabytes. */
static void test_message_limit_before_publish(void **state)
{
    struct fixture *f = *state;

    connect_only(f);
    write_hex(&f->out, "06 000000 010001 09 01000000");
    assert_int_equal(flush(f), PH_ELIMIT);
    expect_end(f, PH_ELIMIT, PH_CLOSE_LIMIT,
               "message of type 9 with 65537 bytes, the limit is 65536");
}

static void test_command_limit(void **state)
{
    struct fixture *f = *state;

    connect_only(f);
    for (unsigned i = 1; i < ph_rtmp_limits_default.commands_before_publish; i++) {
        put_command(f, "_checkbw", 0, NULL);
    }
    assert_int_equal(flush(f), PH_OK);
    put_command(f, "_checkbw", 0, NULL);
    assert_int_equal(flush(f), PH_ELIMIT);
    expect_end(f, PH_ELIMIT, PH_CLOSE_LIMIT, "more than 64 commands before publish");
}

static void test_reply_limit(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    for (unsigned i = 0; i < 20000; i++) {
        put_hex(f, PH_RTMP_USER_CONTROL, 0, "0006 00000000");
    }
    assert_int_equal(flush(f), PH_ELIMIT);
    expect_end(f, PH_ELIMIT, PH_CLOSE_SLOW_READER, "more than 262144 bytes of replies wait");
    /* The same with a peer that reads is nobody's harm. */
    struct fixture g;
    fixture_open(&g, &ph_rtmp_limits_default);
    start_publishing(&g);
    for (unsigned i = 0; i < 20000; i++) {
        put_hex(&g, PH_RTMP_USER_CONTROL, 0, "0006 00000000");
        assert_int_equal(flush(&g), PH_OK);
    }
    fixture_close(&g);
}

static void test_other_protocols(void **state)
{
    static const struct {
        const char *bytes;
        enum ph_close_reason reason;
    } rows[] = {
        {"\x16\x03\x01", PH_CLOSE_TLS_ON_PLAIN_PORT},
        {"GET /", PH_CLOSE_HTTP_ON_RTMP_PORT},
        {"\x01", PH_CLOSE_BAD_HANDSHAKE},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        ph_write_text(&f.out, rows[i].bytes);
        assert_int_equal(flush(&f), PH_EPROTO);
        expect_end(&f, PH_EPROTO, rows[i].reason, "");
        assert_int_equal(f.raw.len, 0);
        fixture_close(&f);
    }
}

/* Each phase has its time, to the microsecond, and bytes that trickle in do not stretch it. */
static void expect_timeout(struct fixture *f, ph_usec timeout, enum ph_close_reason reason,
                           const char *detail)
{
    ph_usec end = f->now + timeout;

    while (ph_rtmp_session_deadline(f->session) < end) {
        ph_usec at = ph_rtmp_session_deadline(f->session);
        assert_int_equal(tick(f, at - f->now), PH_OK);
    }
    assert_true(ph_rtmp_session_deadline(f->session) == end);
    assert_int_equal(tick(f, end - f->now - 1), PH_OK);
    assert_int_not_equal(tick(f, 1), PH_OK);
    expect_end(f, f->err, reason, detail);
}

static void test_timeout_c1(void **state)
{
    struct fixture *f = *state;

    f->now += 2 * S;
    write_hex(&f->out, "03 00000000");
    assert_int_equal(flush(f), PH_OK);
    expect_timeout(f, 3 * S, PH_CLOSE_TIMEOUT_HANDSHAKE, "");
}

static void test_timeout_c2(void **state)
{
    struct fixture *f = *state;

    f->now += 4 * S;
    put_handshake(f);
    f->out.len -= 1;
    assert_int_equal(flush(f), PH_OK);
    expect_timeout(f, 5 * S, PH_CLOSE_TIMEOUT_HANDSHAKE, "");
}

static void test_timeout_connect(void **state)
{
    struct fixture *f = *state;

    put_handshake(f);
    put_hex(f, PH_RTMP_SET_CHUNK_SIZE, 0, "00001000");
    assert_int_equal(flush(f), PH_OK);
    expect_timeout(f, 10 * S, PH_CLOSE_TIMEOUT_CONNECT, "");
    assert_int_equal(f->raw.len, 3073);
}

static void test_timeout_publish(void **state)
{
    struct fixture *f = *state;

    connect_only(f);
    expect_timeout(f, 10 * S, PH_CLOSE_TIMEOUT_PUBLISH, "");
}

static void test_timeout_media(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    expect_timeout(f, 30 * S, PH_CLOSE_TIMEOUT_MEDIA, "no media for 30 s");
    assert_int_equal(f->err, PH_ETIMEOUT);
    assert_null(strstr(f->said, "onStatus"));
}

static void test_timeout_media_after_some(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    put_hex(f, PH_RTMP_AUDIO, 0, "af 00" ASC);
    f->now += 20 * S;
    assert_int_equal(flush(f), PH_OK);
    /* Messages without media do not count. */
    put_hex(f, PH_RTMP_AUDIO, 0, "");
    put_hex(f, PH_RTMP_AUDIO, 0, "af 01");
    put_hex(f, PH_RTMP_AUDIO, 0, "af");
    f->now += 20 * S;
    assert_int_equal(flush(f), PH_OK);
    expect_timeout(f, 10 * S, PH_CLOSE_TIMEOUT_MEDIA, "no media for 30 s");
}

static void test_timeout_key_frame(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    put_hex(f, PH_RTMP_VIDEO, 0, "17 00 000000" AVCC);
    f->now += S;
    assert_int_equal(flush(f), PH_OK);
    put_video(f, 0, 100);
    f->now += S;
    assert_int_equal(flush(f), PH_OK);
    expect_timeout(f, 15 * S, PH_CLOSE_NO_KEY_FRAME, "no key frame for 15 s");
    assert_non_null(strstr(f->said, "onStatus:0@1 NetStream.Publish.Rejected; "));
}

static void test_timeout_unsupported(void **state)
{
    static const struct {
        const char *hex[2];
        enum ph_rtmp_type type[2];
        const char *detail;
    } rows[] = {
        {{"90 76703039 01", NULL},
         {PH_RTMP_VIDEO},
         "no usable configuration came for video (vp09)"},
        {{"12 00", NULL},
         {PH_RTMP_VIDEO},
         "no usable configuration came for video (legacy video codec 2)"},
        {{"7f 00", NULL},
         {PH_RTMP_AUDIO},
         "no usable configuration came for audio (legacy audio codec 7)"},
        /* A picture that nobody sees, beside sound. */
        {{"90 76703039 01", "af 00" ASC},
         {PH_RTMP_VIDEO, PH_RTMP_AUDIO},
         "no usable configuration came for video (vp09)"},
        /* A known codec, but its configuration never comes, or is nonsense. */
        {{"27 01 000000 0000000165", NULL},
         {PH_RTMP_VIDEO},
         "no usable configuration came for video (legacy video codec 7)"},
        {{"17 00 000000 ffff", NULL},
         {PH_RTMP_VIDEO},
         "no usable configuration came for video (legacy video codec 7)"},
    };

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct fixture f;
        fixture_open(&f, &ph_rtmp_limits_default);
        start_publishing(&f);
        f.now += 2 * S;
        for (size_t k = 0; k < 2 && rows[i].hex[k] != NULL; k++) {
            put_hex(&f, rows[i].type[k], 0, rows[i].hex[k]);
        }
        assert_int_equal(flush(&f), PH_OK);
        expect_timeout(&f, 5 * S, PH_CLOSE_UNSUPPORTED_CODEC, rows[i].detail);
        assert_int_equal(f.err, PH_EUNSUPPORTED);
        assert_non_null(strstr(f.said, "onStatus:0@1 NetStream.Publish.Rejected; "));
        fixture_close(&f);
    }
}

/* Sound that cannot be packaged beside a picture that can: the picture goes on air. */
static void test_unsupported_audio_beside_video(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    put_hex(f, PH_RTMP_AUDIO, 0, "7f 00");
    put_hex(f, PH_RTMP_VIDEO, 0, "17 00 000000" AVCC);
    put_hex(f, PH_RTMP_VIDEO, 0, "17 01 000000 0000000165");
    assert_int_equal(flush(f), PH_OK);
    expect_timeout(f, 30 * S, PH_CLOSE_TIMEOUT_MEDIA, "no media for 30 s");
}

/* The owner ends the session while it is being fed: nothing more comes out. */
static void test_end_inside_callback(void **state)
{
    struct fixture *f = *state;

    start_publishing(f);
    f->end_in_packet = PH_CLOSE_OVERLOAD;
    put_hex(f, PH_RTMP_AUDIO, 0, "af 00" ASC);
    put_hex(f, PH_RTMP_AUDIO, 0, "af 01 01");
    put_hex(f, PH_RTMP_AUDIO, 23, "af 01 02");
    assert_int_equal(flush(f), PH_ECLOSED);
    expect_events(f, "track aac 44100 a! 0/0 1 ");
    expect_end(f, PH_ECLOSED, PH_CLOSE_OVERLOAD, "");
    expect_said(f, "onStatus:0@1 NetStream.Publish.Rejected; ");
}

static void test_destroy_nothing(void **state)
{
    struct ph_rtmp_session *session = NULL;

    (void)state;
    ph_rtmp_session_destroy(&session);
    assert_null(session);
}

#define with_session(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_session(test_ffmpeg_pipelined),
        cmocka_unit_test(test_byte_by_byte),
        with_session(test_obs),
        with_session(test_transactions),
        with_session(test_wire_bytes),
        with_session(test_capabilities),
        with_session(test_no_capabilities_unasked),
        with_session(test_amf3_connect),
        cmocka_unit_test(test_publish_without_name),
        with_session(test_nothing_before_connect),
        with_session(test_acknowledgements),
        with_session(test_acknowledges_small_windows),
        with_session(test_pings),
        with_session(test_ignored_messages),
        cmocka_unit_test(test_metadata),
        cmocka_unit_test(test_clean_ends),
        cmocka_unit_test(test_refusals),
        with_session(test_refusal_with_message),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_ends_by_owner),
        with_session(test_owner_ends_before_publish),
        cmocka_unit_test(test_play),
        with_session(test_second_publish),
        cmocka_unit_test(test_protocol_errors),
        with_session(test_chunk_errors_have_details),
        with_session(test_message_limit),
        with_session(test_message_limit_before_publish),
        with_session(test_command_limit),
        with_session(test_reply_limit),
        cmocka_unit_test(test_other_protocols),
        with_session(test_timeout_c1),
        with_session(test_timeout_c2),
        with_session(test_timeout_connect),
        with_session(test_timeout_publish),
        with_session(test_timeout_media),
        with_session(test_timeout_media_after_some),
        with_session(test_timeout_key_frame),
        cmocka_unit_test(test_timeout_unsupported),
        with_session(test_unsupported_audio_beside_video),
        with_session(test_end_inside_callback),
        cmocka_unit_test(test_destroy_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

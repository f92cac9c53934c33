/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of RTMP over the same chunk, AMF0 and FLV writers as the server's. What an
 * application sends up to publish follows FFmpeg: commands are not waited for, except that
 * publish needs the answer to createStream.
 */
#include "rtmp_publisher.h"

#include <ingest/rtmp/amf0.h>
#include <ingest/rtmp/chunk.h>
#include <ingest/rtmp/flv.h>
#include <ingest/rtmp/handshake.h>
#include <phien/core/mem.h>

#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES_MAX (16 * 1024 * 1024)
#define CREATE_STREAM_TRANSACTION 4

struct rtmp_publisher {
    struct rtmp_publisher_conf conf;
    char *app;
    char *tc_url;
    char *name;
    size_t handshake_bytes; /* of S0, S1 and S2 */
    uint8_t s1[PH_RTMP_HANDSHAKE_LEN];
    struct ph_rtmp_chunk_reader reader;
    struct ph_rtmp_chunk_writer writer;
    struct ph_writer out;
    AVCodecParameters *tracks[PH_TRACK_KINDS];
    uint32_t msid;
    uint32_t acknowledged;
    bool is_live;
    bool is_refused;
    char status[64];
    char description[128];
};

int rtmp_publisher_create(struct rtmp_publisher **out, const struct rtmp_publisher_conf *conf)
{
    struct rtmp_publisher *publisher = ph_new(struct rtmp_publisher);

    publisher->conf = *conf;
    publisher->app = ph_strdup(conf->app);
    publisher->tc_url = ph_strdup(conf->tc_url);
    publisher->name = ph_strdup(conf->name);
    ph_rtmp_chunk_reader_init(&publisher->reader, &ph_rtmp_limits_default);
    ph_rtmp_chunk_writer_init(&publisher->writer);
    publisher->writer.is_terse = conf->is_terse;
    publisher->writer.omits_extended = conf->omits_extended;
    ph_writer_init(&publisher->out, SIZE_MAX / 4);
    ph_write_u8(&publisher->out, 3);
    for (uint32_t i = 0; i < PH_RTMP_HANDSHAKE_LEN / 4; i++) {
        ph_write_u32(&publisher->out, i < 2 ? 0 : i * 2654435761U);
    }
    *out = publisher;
    return PH_OK;
}

void rtmp_publisher_destroy(struct rtmp_publisher **ref)
{
    struct rtmp_publisher *publisher = *ref;

    *ref = NULL;
    if (publisher == NULL) {
        return;
    }
    for (size_t i = 0; i < PH_TRACK_KINDS; i++) {
        avcodec_parameters_free(&publisher->tracks[i]);
    }
    ph_writer_fini(&publisher->out);
    ph_rtmp_chunk_reader_fini(&publisher->reader);
    free(publisher->name);
    free(publisher->tc_url);
    free(publisher->app);
    free(publisher);
}

static struct ph_writer begin_body(void)
{
    struct ph_writer body;

    ph_writer_init(&body, MESSAGE_BYTES_MAX);
    return body;
}

/* Writes the message and frees its body. */
static void send_body(struct rtmp_publisher *publisher, struct ph_rtmp_message message,
                      struct ph_writer *body)
{
    message.data = body->data;
    message.len = body->len;
    if (body->failed) {
        publisher->out.failed = true;
    } else {
        ph_rtmp_chunk_write(&publisher->writer, &publisher->out, &message);
    }
    ph_writer_fini(body);
}

static void send_control(struct rtmp_publisher *publisher, enum ph_rtmp_type type, uint32_t value)
{
    struct ph_writer body = begin_body();

    ph_write_u32(&body, value);
    send_body(publisher,
              (struct ph_rtmp_message){.csid = PH_RTMP_CSID_CONTROL, .type = (uint8_t)type}, &body);
}

static struct ph_writer begin_command(const char *name, double transaction)
{
    struct ph_writer body = begin_body();

    ph_amf0_write_string(&body, name);
    ph_amf0_write_number(&body, transaction);
    return body;
}

static void send_command(struct rtmp_publisher *publisher, uint32_t msid, struct ph_writer *body)
{
    send_body(publisher,
              (struct ph_rtmp_message){
                  .csid = PH_RTMP_CSID_COMMAND, .msid = msid, .type = PH_RTMP_COMMAND},
              body);
}

static void send_named(struct rtmp_publisher *publisher, const char *command, double transaction)
{
    struct ph_writer body = begin_command(command, transaction);

    ph_amf0_write_null(&body);
    ph_amf0_write_string(&body, publisher->name);
    send_command(publisher, 0, &body);
}

static void send_connect(struct rtmp_publisher *publisher)
{
    struct ph_writer body = begin_command("connect", 1);

    ph_amf0_write_object(&body);
    ph_amf0_write_string_member(&body, "app", publisher->app);
    ph_amf0_write_string_member(&body, "type", "nonprivate");
    ph_amf0_write_string_member(&body, "flashVer", "FMLE/3.0 (compatible; phien test)");
    ph_amf0_write_string_member(&body, "tcUrl", publisher->tc_url);
    if (publisher->conf.is_enhanced) {
        ph_amf0_write_key(&body, "fourCcList");
        ph_amf0_write_array(&body, 1);
        ph_amf0_write_string(&body, "*");
    }
    if (publisher->conf.is_enhanced || publisher->conf.caps_ex != 0) {
        ph_amf0_write_number_member(
            &body, "capsEx", publisher->conf.caps_ex | (publisher->conf.is_enhanced ? 4 : 0));
    }
    ph_amf0_write_end(&body);
    send_command(publisher, 0, &body);
}

/* All that can be said before the server's answer to createStream. */
static void begin_session(struct rtmp_publisher *publisher)
{
    ph_write_bytes(&publisher->out, publisher->s1, sizeof(publisher->s1)); /* C2 */
    if (publisher->conf.chunk_size > 0) {
        send_control(publisher, PH_RTMP_SET_CHUNK_SIZE, publisher->conf.chunk_size);
    }
    send_connect(publisher);
    send_named(publisher, "releaseStream", 2);
    send_named(publisher, "FCPublish", 3);
    struct ph_writer body = begin_command("createStream", CREATE_STREAM_TRANSACTION);
    ph_amf0_write_null(&body);
    send_command(publisher, 0, &body);
}

static void send_publish(struct rtmp_publisher *publisher)
{
    struct ph_writer body = begin_command("publish", 5);

    ph_amf0_write_null(&body);
    ph_amf0_write_string(&body, publisher->name);
    ph_amf0_write_string(&body, "live");
    send_command(publisher, publisher->msid, &body);
}

static void copy_text(char *to, size_t size, const struct ph_amf0_value *value)
{
    size_t len = value->len < size - 1 ? value->len : size - 1;

    memcpy(to, value->text, len);
    to[len] = '\0';
}

static void take_status(struct rtmp_publisher *publisher, struct ph_amf0_reader *args)
{
    struct ph_amf0_value key;
    struct ph_amf0_value value;

    while (ph_amf0_read_member(args, &key, &value)) {
        if (ph_amf0_is(&key, "code") && value.type == PH_AMF0_STRING) {
            copy_text(publisher->status, sizeof(publisher->status), &value);
        } else if (ph_amf0_is(&key, "description") && value.type == PH_AMF0_STRING) {
            copy_text(publisher->description, sizeof(publisher->description), &value);
        }
        publisher->is_refused |= ph_amf0_is(&key, "level") && ph_amf0_is(&value, "error");
        ph_amf0_skip(args, &value);
    }
    publisher->is_live = strcmp(publisher->status, "NetStream.Publish.Start") == 0;
}

static void take_command(struct rtmp_publisher *publisher, const struct ph_rtmp_message *message)
{
    struct ph_amf0_reader in;
    struct ph_amf0_value name;
    struct ph_amf0_value transaction;
    struct ph_amf0_value value;

    ph_amf0_reader_init(&in, message->data, message->len);
    if (!ph_amf0_read(&in, &name) || !ph_amf0_read(&in, &transaction)) {
        return;
    }
    while (ph_amf0_read(&in, &value)) {
        if (ph_amf0_is(&name, "onStatus") && value.type == PH_AMF0_OBJECT) {
            take_status(publisher, &in);
        } else if (ph_amf0_is(&name, "_result") && value.type == PH_AMF0_NUMBER &&
                   transaction.number == CREATE_STREAM_TRANSACTION) {
            publisher->msid = (uint32_t)value.number;
            send_publish(publisher);
        } else {
            ph_amf0_skip(&in, &value);
        }
    }
}

static void take_event(struct rtmp_publisher *publisher, struct ph_reader *in)
{
    uint16_t event = ph_read_u16(in);
    uint32_t value = ph_read_u32(in);

    if (!in->failed && event == PH_RTMP_PING_REQUEST) {
        struct ph_writer body = begin_body();
        ph_write_u16(&body, PH_RTMP_PING_RESPONSE);
        ph_write_u32(&body, value);
        send_body(
            publisher,
            (struct ph_rtmp_message){.csid = PH_RTMP_CSID_CONTROL, .type = PH_RTMP_USER_CONTROL},
            &body);
    }
}

static void take_message(struct rtmp_publisher *publisher, const struct ph_rtmp_message *message)
{
    struct ph_reader in;

    ph_reader_init(&in, message->data, message->len);
    switch (message->type) {
    case PH_RTMP_COMMAND:
        take_command(publisher, message);
        break;
    case PH_RTMP_ACK:
        publisher->acknowledged = ph_read_u32(&in);
        break;
    case PH_RTMP_SET_PEER_BANDWIDTH:
        send_control(publisher, PH_RTMP_WINDOW_ACK_SIZE, ph_read_u32(&in));
        break;
    case PH_RTMP_USER_CONTROL:
        take_event(publisher, &in);
        break;
    default:
        break;
    }
}

/* True when S0, S1 and S2 are complete. */
static bool take_handshake(struct rtmp_publisher *publisher, struct ph_reader *in)
{
    enum { TOTAL = 1 + 2 * PH_RTMP_HANDSHAKE_LEN };

    if (publisher->handshake_bytes == TOTAL) {
        return true;
    }
    while (ph_reader_left(in) > 0 && publisher->handshake_bytes < TOTAL) {
        uint8_t byte = ph_read_u8(in);
        size_t pos = publisher->handshake_bytes++;
        if (pos >= 1 && pos <= PH_RTMP_HANDSHAKE_LEN) {
            publisher->s1[pos - 1] = byte;
        }
    }
    if (publisher->handshake_bytes < TOTAL) {
        return false;
    }
    begin_session(publisher);
    return true;
}

int rtmp_publisher_feed(struct rtmp_publisher *publisher, const uint8_t *data, size_t len)
{
    struct ph_rtmp_message message;
    struct ph_reader in;

    ph_reader_init(&in, data, len);
    if (!take_handshake(publisher, &in)) {
        return PH_OK;
    }
    int err = PH_OK;
    while ((err = ph_rtmp_chunk_reader_next(&publisher->reader, &in, &message)) == PH_OK) {
        take_message(publisher, &message);
    }
    if (err != PH_EAGAIN) {
        return err;
    }
    return publisher->is_refused ? PH_EACCESS : PH_OK;
}

bool rtmp_publisher_pull(struct rtmp_publisher *publisher, struct ph_slice *out)
{
    if (publisher->out.failed || publisher->out.len == 0) {
        return false;
    }
    *out = ph_slice_of(ph_writer_take(&publisher->out));
    return true;
}

bool rtmp_publisher_is_live(const struct rtmp_publisher *publisher)
{
    return publisher->is_live;
}

const char *rtmp_publisher_status(const struct rtmp_publisher *publisher)
{
    return publisher->status;
}

const char *rtmp_publisher_description(const struct rtmp_publisher *publisher)
{
    return publisher->description;
}

uint32_t rtmp_publisher_acknowledged(const struct rtmp_publisher *publisher)
{
    return publisher->acknowledged;
}

void rtmp_publisher_send_metadata(struct rtmp_publisher *publisher, const char *encoder)
{
    struct ph_writer body = begin_body();

    ph_amf0_write_string(&body, "@setDataFrame");
    ph_amf0_write_string(&body, "onMetaData");
    ph_amf0_write_ecma_array(&body, 1);
    ph_amf0_write_string_member(&body, "encoder", encoder);
    ph_amf0_write_end(&body);
    send_body(publisher,
              (struct ph_rtmp_message){.csid = PH_RTMP_CSID_DATA,
                                       .timestamp = publisher->conf.start_ms,
                                       .msid = publisher->msid,
                                       .type = PH_RTMP_DATA},
              &body);
}

static enum ph_flv_dialect get_dialect(const struct rtmp_publisher *publisher)
{
    return publisher->conf.is_enhanced ? PH_FLV_ENHANCED : PH_FLV_LEGACY_WHERE_POSSIBLE;
}

static void send_media(struct rtmp_publisher *publisher, enum ph_track_kind kind, int64_t dts_ms,
                       struct ph_writer *body)
{
    bool is_video = kind == PH_TRACK_VIDEO;

    send_body(publisher,
              (struct ph_rtmp_message){
                  .csid = is_video ? PH_RTMP_CSID_VIDEO : PH_RTMP_CSID_AUDIO,
                  .timestamp = publisher->conf.start_ms + (uint32_t)dts_ms,
                  .msid = publisher->msid,
                  .type = is_video ? PH_RTMP_VIDEO : PH_RTMP_AUDIO,
              },
              body);
}

int rtmp_publisher_send_track(struct rtmp_publisher *publisher, const AVCodecParameters *par,
                              int64_t dts_ms)
{
    enum ph_track_kind kind =
        par->codec_type == AVMEDIA_TYPE_VIDEO ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
    struct ph_writer body = begin_body();
    int err = ph_flv_write_sequence_header(&body, par, get_dialect(publisher));

    if (err == PH_OK && publisher->tracks[kind] == NULL) {
        publisher->tracks[kind] = avcodec_parameters_alloc();
    }
    if (err == PH_OK && (publisher->tracks[kind] == NULL ||
                         avcodec_parameters_copy(publisher->tracks[kind], par) < 0)) {
        err = PH_ENOMEM;
    }
    if (err == PH_OK && body.len > 0) {
        send_media(publisher, kind, dts_ms, &body);
    }
    ph_writer_fini(&body);
    return err;
}

int rtmp_publisher_send_packet(struct rtmp_publisher *publisher, const AVPacket *packet)
{
    PH_ASSERT(packet->stream_index == PH_TRACK_VIDEO || packet->stream_index == PH_TRACK_AUDIO);
    enum ph_track_kind kind = (enum ph_track_kind)packet->stream_index;
    struct ph_writer body = begin_body();

    if (publisher->tracks[kind] == NULL) {
        return PH_EINVAL;
    }
    int err = ph_flv_write_frame(&body, publisher->tracks[kind], packet, get_dialect(publisher));
    if (err == PH_OK) {
        send_media(publisher, kind, packet->dts, &body);
    }
    ph_writer_fini(&body);
    return err;
}

void rtmp_publisher_unpublish(struct rtmp_publisher *publisher)
{
    send_named(publisher, "FCUnpublish", 6);
    struct ph_writer body = begin_command("deleteStream", 7);
    ph_amf0_write_null(&body);
    ph_amf0_write_number(&body, publisher->msid);
    send_command(publisher, 0, &body);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's messages: control (RTMP 1.0 §5.4, §6.2) and commands (§7.2).
 */
#include "reply.h"

#include "amf0.h"

#define COMMAND_BYTES_MAX 4096

void ph_rtmp_reply_init(struct ph_rtmp_reply *reply, size_t limit)
{
    ph_rtmp_chunk_writer_init(&reply->chunks);
    ph_writer_init(&reply->out, limit);
}

void ph_rtmp_reply_fini(struct ph_rtmp_reply *reply)
{
    ph_writer_fini(&reply->out);
}

bool ph_rtmp_reply_has_failed(const struct ph_rtmp_reply *reply)
{
    return reply->out.failed;
}

bool ph_rtmp_reply_pull(struct ph_rtmp_reply *reply, struct ph_slice *out)
{
    if (reply->out.failed || reply->out.len == 0) {
        return false;
    }
    *out = ph_slice_of(ph_writer_take(&reply->out));
    return true;
}

static void write_message(struct ph_rtmp_reply *reply, enum ph_rtmp_csid csid,
                          enum ph_rtmp_type type, uint32_t msid, const struct ph_writer *body)
{
    const struct ph_rtmp_message message = {
        .csid = csid,
        .msid = msid,
        .type = (uint8_t)type,
        .data = body->data,
        .len = body->len,
    };

    if (body->failed) {
        reply->out.failed = true;
        return;
    }
    ph_rtmp_chunk_write(&reply->chunks, &reply->out, &message);
}

static void send_control(struct ph_rtmp_reply *reply, enum ph_rtmp_type type,
                         struct ph_writer *body)
{
    write_message(reply, PH_RTMP_CSID_CONTROL, type, 0, body);
    ph_writer_fini(body);
}

void ph_rtmp_reply_control(struct ph_rtmp_reply *reply, enum ph_rtmp_type type, uint32_t value)
{
    struct ph_writer body;

    ph_writer_init(&body, COMMAND_BYTES_MAX);
    ph_write_u32(&body, value);
    send_control(reply, type, &body);
}

void ph_rtmp_reply_peer_bandwidth(struct ph_rtmp_reply *reply, uint32_t window)
{
    struct ph_writer body;

    ph_writer_init(&body, COMMAND_BYTES_MAX);
    ph_write_u32(&body, window);
    ph_write_u8(&body, 2); /* dynamic */
    send_control(reply, PH_RTMP_SET_PEER_BANDWIDTH, &body);
}

void ph_rtmp_reply_event(struct ph_rtmp_reply *reply, enum ph_rtmp_event event, uint32_t value)
{
    struct ph_writer body;

    ph_writer_init(&body, COMMAND_BYTES_MAX);
    ph_write_u16(&body, (uint16_t)event);
    ph_write_u32(&body, value);
    send_control(reply, PH_RTMP_USER_CONTROL, &body);
}

struct ph_writer ph_rtmp_reply_begin(const char *command, double transaction)
{
    struct ph_writer body;

    ph_writer_init(&body, COMMAND_BYTES_MAX);
    ph_amf0_write_string(&body, command);
    ph_amf0_write_number(&body, transaction);
    return body;
}

void ph_rtmp_reply_send(struct ph_rtmp_reply *reply, uint32_t msid, struct ph_writer *command)
{
    write_message(reply, msid == 0 ? PH_RTMP_CSID_COMMAND : PH_RTMP_CSID_STATUS, PH_RTMP_COMMAND,
                  msid, command);
    ph_writer_fini(command);
}

void ph_rtmp_reply_status(struct ph_rtmp_reply *reply, uint32_t msid,
                          const struct ph_rtmp_status *status)
{
    struct ph_writer body = ph_rtmp_reply_begin("onStatus", 0);

    ph_amf0_write_null(&body);
    ph_amf0_write_object(&body);
    ph_amf0_write_string_member(&body, "level", status->level);
    ph_amf0_write_string_member(&body, "code", status->code);
    ph_amf0_write_string_member(&body, "description", status->description);
    ph_amf0_write_end(&body);
    ph_rtmp_reply_send(reply, msid, &body);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connect command and its answer. Enhanced RTMP's capabilities are only told to those who
 * told theirs, so that older encoders see what they have always seen.
 */
#include "connect.h"

#include <phien/core/mem.h>

#include <stdlib.h>

#define WINDOW_BYTES 2500000
#define CHUNK_SIZE_OUT 4096

/* Enhanced RTMP v2, the FourCC info maps. */
#define CAN_FORWARD 0x04

static void take_text(char **to, const struct ph_amf0_value *value)
{
    free(*to);
    *to = ph_amf0_dup(value);
}

static void read_property(struct ph_rtmp_connect *connect, const struct ph_amf0_value *key,
                          const struct ph_amf0_value *value)
{
    if (ph_amf0_is(key, "app")) {
        take_text(&connect->app, value);
    } else if (ph_amf0_is(key, "tcUrl")) {
        take_text(&connect->tc_url, value);
    } else if (ph_amf0_is(key, "flashVer")) {
        take_text(&connect->flash_ver, value);
    } else if (ph_amf0_is(key, "capsEx")) {
        connect->is_enhanced = true;
        if (value->type == PH_AMF0_NUMBER && value->number >= 0 && value->number <= UINT16_MAX) {
            connect->caps_ex = (unsigned)value->number;
        }
    } else if (ph_amf0_is(key, "fourCcList") || ph_amf0_is(key, "videoFourCcInfoMap") ||
               ph_amf0_is(key, "audioFourCcInfoMap")) {
        connect->is_enhanced = true;
    }
}

int ph_rtmp_connect_read(struct ph_rtmp_connect *connect, struct ph_amf0_reader *args)
{
    struct ph_amf0_value object;
    struct ph_amf0_value key;
    struct ph_amf0_value value;

    *connect = (struct ph_rtmp_connect){
        .app = ph_strdup(""), .tc_url = ph_strdup(""), .flash_ver = ph_strdup("")};
    if (!ph_amf0_read(args, &object) || object.type != PH_AMF0_OBJECT) {
        return PH_EPROTO;
    }
    while (ph_amf0_read_member(args, &key, &value)) {
        read_property(connect, &key, &value);
        ph_amf0_skip(args, &value);
    }
    return args->err;
}

void ph_rtmp_connect_fini(struct ph_rtmp_connect *connect)
{
    free(connect->app);
    free(connect->tc_url);
    free(connect->flash_ver);
    *connect = (struct ph_rtmp_connect){.app = NULL};
}

static void write_info_map(struct ph_writer *out, const char *key, const char *const *fourccs,
                           size_t count)
{
    ph_amf0_write_key(out, key);
    ph_amf0_write_object(out);
    for (size_t i = 0; i < count; i++) {
        ph_amf0_write_number_member(out, fourccs[i], CAN_FORWARD);
    }
    ph_amf0_write_end(out);
}

static void write_capabilities(struct ph_writer *out)
{
    static const char *const video[] = {"avc1", "hvc1", "av01"};
    static const char *const audio[] = {"mp4a", "Opus", "ac-3", "ec-3", "fLaC", ".mp3"};

    ph_amf0_write_key(out, "fourCcList");
    ph_amf0_write_array(out, PH_ARRAY_SIZE(video) + PH_ARRAY_SIZE(audio));
    for (size_t i = 0; i < PH_ARRAY_SIZE(video); i++) {
        ph_amf0_write_string(out, video[i]);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(audio); i++) {
        ph_amf0_write_string(out, audio[i]);
    }
    write_info_map(out, "videoFourCcInfoMap", video, PH_ARRAY_SIZE(video));
    write_info_map(out, "audioFourCcInfoMap", audio, PH_ARRAY_SIZE(audio));
    ph_amf0_write_number_member(
        out, "capsEx", PH_RTMP_CAPS_RECONNECT | PH_RTMP_CAPS_MOD_EX | PH_RTMP_CAPS_NANOSECONDS);
}

static void write_result(struct ph_writer *out, bool is_enhanced)
{
    ph_amf0_write_object(out);
    ph_amf0_write_string_member(out, "fmsVer", "FMS/3,5,3,888");
    ph_amf0_write_number_member(out, "capabilities", 31);
    ph_amf0_write_number_member(out, "mode", 1);
    if (is_enhanced) {
        write_capabilities(out);
    }
    ph_amf0_write_end(out);
    ph_amf0_write_object(out);
    ph_amf0_write_string_member(out, "level", "status");
    ph_amf0_write_string_member(out, "code", "NetConnection.Connect.Success");
    ph_amf0_write_string_member(out, "description", "Connection succeeded.");
    /* Whatever was offered: a peer that could speak AMF3 then speaks AMF0. */
    ph_amf0_write_number_member(out, "objectEncoding", 0);
    ph_amf0_write_end(out);
}

void ph_rtmp_connect_accept(const struct ph_rtmp_connect *connect, struct ph_rtmp_reply *reply,
                            double transaction)
{
    ph_rtmp_reply_control(reply, PH_RTMP_WINDOW_ACK_SIZE, WINDOW_BYTES);
    ph_rtmp_reply_peer_bandwidth(reply, WINDOW_BYTES);
    ph_rtmp_reply_control(reply, PH_RTMP_SET_CHUNK_SIZE, CHUNK_SIZE_OUT);
    struct ph_writer body = ph_rtmp_reply_begin("_result", transaction);
    write_result(&body, connect->is_enhanced);
    ph_rtmp_reply_send(reply, 0, &body);
}

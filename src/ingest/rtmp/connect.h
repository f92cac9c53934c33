/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_INGEST_RTMP_CONNECT_H
#define PHIEN_INGEST_RTMP_CONNECT_H

#include "amf0.h"
#include "reply.h"

/* Enhanced RTMP v2, capsEx. */
#define PH_RTMP_CAPS_RECONNECT 0x01
#define PH_RTMP_CAPS_MOD_EX 0x04
#define PH_RTMP_CAPS_NANOSECONDS 0x08

/* What a publisher says of itself in connect, RTMP 1.0 §7.2.1.1 and Enhanced RTMP v2. */
struct ph_rtmp_connect {
    char *app; /* "" where it said nothing */
    char *tc_url;
    char *flash_ver;
    unsigned caps_ex;
    bool is_enhanced; /* it named FourCCs or capsEx */
};

/* From the command's object. PH_EPROTO: there is none that can be read. */
PH_MUST_CHECK int ph_rtmp_connect_read(struct ph_rtmp_connect *connect,
                                       struct ph_amf0_reader *args);
void ph_rtmp_connect_fini(struct ph_rtmp_connect *connect);

/* The messages that accept it. */
void ph_rtmp_connect_accept(const struct ph_rtmp_connect *connect, struct ph_rtmp_reply *reply,
                            double transaction);

#endif

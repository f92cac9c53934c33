/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_SUPPORT_RTMP_PUBLISHER_H
#define PHIEN_TESTS_SUPPORT_RTMP_PUBLISHER_H

#include <phien/core/buf.h>

#include <libavcodec/avcodec.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An RTMP publisher without a socket: the client's side of the protocol, with the ways in which
 * real encoders differ as options. What it wants to send is pulled, what the server sends is fed.
 */
struct rtmp_publisher;

struct rtmp_publisher_conf {
    const char *app;     /* "live" */
    const char *tc_url;  /* "rtmp://host/live" */
    const char *name;    /* "sinho?key=KEY" */
    uint32_t start_ms;   /* added to every timestamp, modulo 2^32 */
    uint32_t chunk_size; /* 0: 128, which is never announced */
    bool is_enhanced;    /* Enhanced RTMP also where the legacy form would do */
    unsigned caps_ex;    /* Enhanced RTMP's; 0: none */
    bool is_terse;       /* chunk headers of fmt 1..3 */
    bool omits_extended; /* no extended timestamps in continuations */
};

PH_MUST_CHECK int rtmp_publisher_create(struct rtmp_publisher **out,
                                        const struct rtmp_publisher_conf *conf);
void rtmp_publisher_destroy(struct rtmp_publisher **publisher);

/* Bytes from the server. PH_EACCESS: it refused, or ended the stream; see _status. */
PH_MUST_CHECK int rtmp_publisher_feed(struct rtmp_publisher *publisher, const uint8_t *data,
                                      size_t len);

/* The next bytes for the server; the caller owns the slice. */
bool rtmp_publisher_pull(struct rtmp_publisher *publisher, struct ph_slice *out);

/* Whether the server accepted publish. Media may be sent from then on. */
bool rtmp_publisher_is_live(const struct rtmp_publisher *publisher);

/* The last onStatus: "NetStream.Publish.Start", and its description. "" before. */
const char *rtmp_publisher_status(const struct rtmp_publisher *publisher);
const char *rtmp_publisher_description(const struct rtmp_publisher *publisher);

/* What the server acknowledged last. */
uint32_t rtmp_publisher_acknowledged(const struct rtmp_publisher *publisher);

/* onMetaData with the name of an encoder. */
void rtmp_publisher_send_metadata(struct rtmp_publisher *publisher, const char *encoder);

/*
 * A track's sequence header; `par` has extradata as MP4 has it. Packets of this kind that follow
 * are of this codec. PH_EUNSUPPORTED: FLV cannot carry it.
 */
PH_MUST_CHECK int rtmp_publisher_send_track(struct rtmp_publisher *publisher,
                                            const AVCodecParameters *par, int64_t dts_ms);

/* An access unit in a time base of 1/1000; stream_index is its enum ph_track_kind. */
PH_MUST_CHECK int rtmp_publisher_send_packet(struct rtmp_publisher *publisher,
                                             const AVPacket *packet);

/* FCUnpublish, deleteStream. */
void rtmp_publisher_unpublish(struct rtmp_publisher *publisher);

#endif

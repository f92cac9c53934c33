/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_LINK_STATS_H
#define PHIEN_CORE_LINK_STATS_H

#include <phien/core/bytes.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How the link of a channel's publisher is, as SRT measures it: one for each channel, written by
 * the SRT thread alone, read by whoever answers /metrics and /api/v1/channels. Relaxed atomics, as
 * in stats.h. Totals count since the session began.
 *
 * A row: identifier, metric name (labelled with the channel), name in the API and the log, type,
 * help.
 */
#define PH_LINK_STATS_MAP(X)                                                                       \
    X(RTT_MS, "phien_srt_rtt_milliseconds", "rtt_ms", "gauge", "Round trip time of the link.")     \
    X(LATENCY_MS, "phien_srt_latency_milliseconds", "latency_ms", "gauge",                         \
      "Negotiated latency: how late a packet may be sent again.")                                  \
    X(BUFFER_MS, "phien_srt_buffer_milliseconds", "buffer_ms", "gauge",                            \
      "What the receive buffer holds; about the latency when all is well.")                        \
    X(BITRATE_KBPS, "phien_srt_bitrate_kbps", "bitrate_kbps", "gauge", "Receiving rate.")          \
    X(RECEIVED, "phien_srt_received_packets_total", "received", "counter", "Packets received.")    \
    X(LOST, "phien_srt_lost_packets_total", "lost", "counter",                                     \
      "Packets that the network lost; most are sent again in time.")                               \
    X(RETRANSMITTED, "phien_srt_retransmitted_packets_total", "retransmitted", "counter",          \
      "Packets received that had been sent again.")                                                \
    X(DROPPED, "phien_srt_dropped_packets_total", "dropped", "counter",                            \
      "Packets given up: not there when their time had come. Viewers see these.")                  \
    X(BELATED, "phien_srt_belated_packets_total", "belated", "counter",                            \
      "Packets that came after they had been given up.")                                           \
    X(UNDECRYPTABLE, "phien_srt_undecryptable_packets_total", "undecryptable", "counter",          \
      "Packets that could not be decrypted.")

enum ph_link_stat {
#define X(id, name, key, type, help) PH_LINK_STAT_##id,
    PH_LINK_STATS_MAP(X)
#undef X
        PH_LINK_STAT_COUNT,
};

struct ph_link_stats {
    atomic_bool is_up; /* an SRT session publishes to the channel */
    _Atomic int64_t value[PH_LINK_STAT_COUNT];
};

/* "rtt_ms": its name in the API and in log lines. */
const char *ph_link_stat_key(enum ph_link_stat stat);

static inline int64_t ph_link_stats_get(const struct ph_link_stats *link, enum ph_link_stat stat)
{
    return atomic_load_explicit(&link->value[stat], memory_order_relaxed);
}

/*
 * Prometheus text format of the links that are up, labelled {channel="..."}: metric by metric.
 * `names` has `count` channel names. Any thread.
 */
void ph_link_stats_format(struct ph_writer *out, const struct ph_link_stats *links,
                          const char *const *names, size_t count);

#endif

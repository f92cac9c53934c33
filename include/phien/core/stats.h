/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_CORE_STATS_H
#define PHIEN_CORE_STATS_H

#include <phien/core/bytes.h>
#include <phien/core/close_reason.h>

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What /metrics shows. Each worker owns one `struct ph_stats` and alone writes to it; whoever
 * answers /metrics reads all of them and prints the sums. The loads and stores are relaxed
 * atomics: a figure may be a moment old, never torn.
 *
 * A row: identifier, metric name, labels ("" or "{...}"), type, help. Rows of one metric stand
 * together.
 */
#define PH_STATS_MAP(X)                                                                            \
    X(CHANNELS_ON_AIR, "phien_channels_on_air", "", "gauge", "Channels with a publisher.")         \
    X(SESSIONS_RTMP, "phien_sessions", "{protocol=\"rtmp\"}", "gauge", "Publishing sessions.")     \
    X(SESSIONS_SRT, "phien_sessions", "{protocol=\"srt\"}", "gauge", "")                           \
    X(RTMP_CONNECTIONS, "phien_rtmp_connections", "", "gauge", "Open RTMP connections.")           \
    X(SRT_CONNECTIONS, "phien_srt_connections", "", "gauge", "Open SRT connections.")              \
    X(HTTP_CONNECTIONS, "phien_http_connections", "", "gauge", "Open HTTP connections.")           \
    X(INGEST_BYTES, "phien_ingest_bytes_total", "", "counter", "Bytes received from publishers.")  \
    X(INGEST_PACKETS_VIDEO, "phien_ingest_packets_total", "{kind=\"video\"}", "counter",           \
      "Access units taken onto a channel's timeline.")                                             \
    X(INGEST_PACKETS_AUDIO, "phien_ingest_packets_total", "{kind=\"audio\"}", "counter", "")       \
    X(INGEST_DROPPED, "phien_ingest_dropped_total", "", "counter",                                 \
      "Access units dropped: before the first key frame, unusable, or over a limit.")              \
    X(TIMELINE_JUMPS, "phien_timeline_jumps_total", "", "counter",                                 \
      "Jumps of a publisher's timestamps that were put back in line.")                             \
    X(SEGMENTS, "phien_segments_total", "", "counter", "Segments closed, all renditions.")         \
    X(PARTS, "phien_parts_total", "", "counter", "Parts closed, all renditions.")                  \
    X(PACKAGED_BYTES, "phien_packaged_bytes_total", "", "counter", "Bytes of parts closed.")       \
    X(SNAPSHOTS, "phien_snapshots_total", "", "counter", "Snapshots posted to workers.")           \
    X(HOLDS, "phien_holds", "", "gauge", "Requests held for a part that is yet to come.")          \
    X(EVENT_READERS, "phien_event_readers", "", "gauge", "Readers of event streams.")              \
    X(HTTP_BYTES, "phien_http_sent_bytes_total", "", "counter", "Bytes of HTTP responses.")        \
    X(HTTP_200, "phien_http_requests_total", "{status=\"200\"}", "counter",                        \
      "Requests answered, by status.")                                                             \
    X(HTTP_201, "phien_http_requests_total", "{status=\"201\"}", "counter", "")                    \
    X(HTTP_204, "phien_http_requests_total", "{status=\"204\"}", "counter", "")                    \
    X(HTTP_206, "phien_http_requests_total", "{status=\"206\"}", "counter", "")                    \
    X(HTTP_304, "phien_http_requests_total", "{status=\"304\"}", "counter", "")                    \
    X(HTTP_400, "phien_http_requests_total", "{status=\"400\"}", "counter", "")                    \
    X(HTTP_401, "phien_http_requests_total", "{status=\"401\"}", "counter", "")                    \
    X(HTTP_403, "phien_http_requests_total", "{status=\"403\"}", "counter", "")                    \
    X(HTTP_404, "phien_http_requests_total", "{status=\"404\"}", "counter", "")                    \
    X(HTTP_405, "phien_http_requests_total", "{status=\"405\"}", "counter", "")                    \
    X(HTTP_409, "phien_http_requests_total", "{status=\"409\"}", "counter", "")                    \
    X(HTTP_412, "phien_http_requests_total", "{status=\"412\"}", "counter", "")                    \
    X(HTTP_413, "phien_http_requests_total", "{status=\"413\"}", "counter", "")                    \
    X(HTTP_415, "phien_http_requests_total", "{status=\"415\"}", "counter", "")                    \
    X(HTTP_416, "phien_http_requests_total", "{status=\"416\"}", "counter", "")                    \
    X(HTTP_422, "phien_http_requests_total", "{status=\"422\"}", "counter", "")                    \
    X(HTTP_429, "phien_http_requests_total", "{status=\"429\"}", "counter", "")                    \
    X(HTTP_503, "phien_http_requests_total", "{status=\"503\"}", "counter", "")                    \
    X(HTTP_OTHER, "phien_http_requests_total", "{status=\"other\"}", "counter", "")                \
    X(WRITE_QUEUE_DROPS, "phien_write_queue_drops_total", "", "counter",                           \
      "Connections cut because the peer did not read what was queued for it.")

enum ph_stat {
#define X(id, name, labels, type, help) PH_STAT_##id,
    PH_STATS_MAP(X)
#undef X
        PH_STAT_COUNT,
};

struct ph_stats {
    _Atomic int64_t value[PH_STAT_COUNT];
    _Atomic int64_t closed[PH_CLOSE_COUNT]; /* sessions, by reason */
};

/* The owner's thread. */
static inline void ph_stats_add(struct ph_stats *stats, enum ph_stat stat, int64_t amount)
{
    int64_t v = atomic_load_explicit(&stats->value[stat], memory_order_relaxed);
    atomic_store_explicit(&stats->value[stat], v + amount, memory_order_relaxed);
}

static inline void ph_stats_closed(struct ph_stats *stats, enum ph_close_reason reason)
{
    int64_t v = atomic_load_explicit(&stats->closed[reason], memory_order_relaxed);
    atomic_store_explicit(&stats->closed[reason], v + 1, memory_order_relaxed);
}

/* The status's row, PH_STAT_HTTP_OTHER for one that has none. */
enum ph_stat ph_stats_http_status(int status);

/*
 * Prometheus text format (version 0.0.4) of the sums over `count` stats. Any thread.
 */
void ph_stats_format(struct ph_writer *out, const struct ph_stats *const *stats, size_t count);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/stats.h>

#include <inttypes.h>
#include <string.h>

struct row {
    const char *metric;
    const char *labels;
    const char *type;
    const char *help;
};

static const struct row rows[PH_STAT_COUNT] = {
#define X(id, metric, labels, type, help) {metric, labels, type, help},
    PH_STATS_MAP(X)
#undef X
};

enum ph_stat ph_stats_http_status(int status)
{
    switch (status) {
    case 200:
        return PH_STAT_HTTP_200;
    case 201:
        return PH_STAT_HTTP_201;
    case 204:
        return PH_STAT_HTTP_204;
    case 206:
        return PH_STAT_HTTP_206;
    case 304:
        return PH_STAT_HTTP_304;
    case 400:
        return PH_STAT_HTTP_400;
    case 401:
        return PH_STAT_HTTP_401;
    case 403:
        return PH_STAT_HTTP_403;
    case 404:
        return PH_STAT_HTTP_404;
    case 405:
        return PH_STAT_HTTP_405;
    case 409:
        return PH_STAT_HTTP_409;
    case 412:
        return PH_STAT_HTTP_412;
    case 413:
        return PH_STAT_HTTP_413;
    case 415:
        return PH_STAT_HTTP_415;
    case 416:
        return PH_STAT_HTTP_416;
    case 422:
        return PH_STAT_HTTP_422;
    case 429:
        return PH_STAT_HTTP_429;
    case 503:
        return PH_STAT_HTTP_503;
    default:
        return PH_STAT_HTTP_OTHER;
    }
}

static int64_t sum(const struct ph_stats *const *stats, size_t count, size_t stat)
{
    int64_t total = 0;

    for (size_t i = 0; i < count; i++) {
        total += atomic_load_explicit(&stats[i]->value[stat], memory_order_relaxed);
    }
    return total;
}

void ph_stats_format(struct ph_writer *out, const struct ph_stats *const *stats, size_t count)
{
    const char *metric = "";

    for (size_t i = 0; i < PH_STAT_COUNT; i++) {
        const struct row *row = &rows[i];
        if (strcmp(metric, row->metric) != 0) {
            metric = row->metric;
            ph_write_format(out, "# HELP %s %s\n# TYPE %s %s\n", metric, row->help, metric,
                            row->type);
        }
        ph_write_format(out, "%s%s %" PRId64 "\n", metric, row->labels, sum(stats, count, i));
    }
    ph_write_text(out, "# HELP phien_sessions_closed_total Publishing sessions and connections "
                       "that ended, by reason.\n# TYPE phien_sessions_closed_total counter\n");
    for (size_t reason = PH_CLOSE_NONE + 1; reason < PH_CLOSE_COUNT; reason++) {
        int64_t total = 0;
        for (size_t i = 0; i < count; i++) {
            total += atomic_load_explicit(&stats[i]->closed[reason], memory_order_relaxed);
        }
        ph_write_format(out, "phien_sessions_closed_total{reason=\"%s\"} %" PRId64 "\n",
                        ph_close_reason_name((enum ph_close_reason)reason), total);
    }
}

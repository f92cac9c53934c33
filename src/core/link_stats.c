/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page of the links' figures: a metric's head with its first sample, so that a server without
 * SRT has none of them.
 */
#include <phien/core/link_stats.h>

#include <inttypes.h>

struct row {
    const char *metric;
    const char *key;
    const char *type;
    const char *help;
};

static const struct row rows[PH_LINK_STAT_COUNT] = {
#define X(id, metric, key, type, help) {metric, key, type, help},
    PH_LINK_STATS_MAP(X)
#undef X
};

const char *ph_link_stat_key(enum ph_link_stat stat)
{
    PH_ASSERT((unsigned)stat < PH_LINK_STAT_COUNT);
    return rows[stat].key;
}

/* A label's value escapes three characters; all others stand for themselves. */
static void write_label(struct ph_writer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            ph_write_text(out, "\\n");
            continue;
        }
        if (*text == '\\' || *text == '"') {
            ph_write_u8(out, '\\');
        }
        ph_write_u8(out, (uint8_t)*text);
    }
}

void ph_link_stats_format(struct ph_writer *out, const struct ph_link_stats *links,
                          const char *const *names, size_t count)
{
    for (size_t stat = 0; stat < PH_LINK_STAT_COUNT; stat++) {
        const struct row *row = &rows[stat];
        bool has_head = false;
        for (size_t i = 0; i < count; i++) {
            if (!atomic_load_explicit(&links[i].is_up, memory_order_relaxed)) {
                continue;
            }
            if (!has_head) {
                ph_write_format(out, "# HELP %s %s\n# TYPE %s %s\n", row->metric, row->help,
                                row->metric, row->type);
                has_head = true;
            }
            ph_write_format(out, "%s{channel=\"", row->metric);
            write_label(out, names[i]);
            ph_write_format(out, "\"} %" PRId64 "\n",
                            ph_link_stats_get(&links[i], (enum ph_link_stat)stat));
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be wrong with a config of which each value is right: channels that are there twice,
 * and keys that do not go with each other.
 */
#include "conf_together.h"
#include "conf_form.h"

#include <phien/core/mem.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_MIN = 3 };

/* One channel's name or key, for finding those that are there twice. */
struct entry {
    const char *text;
    size_t index; /* of the channel */
};

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    int order = strcmp(left->text, right->text);

    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

/*
 * Finds the first channel whose text an earlier channel has too. Sorts, because a file may have
 * ten thousand.
 */
static bool find_twin(const struct ph_conf *conf, const struct ph_conf_key *key, size_t *twin,
                      size_t *first)
{
    struct entry *entries = ph_new_array(struct entry, conf->channels_count);

    *twin = conf->channels_count;
    for (size_t i = 0; i < conf->channels_count; i++) {
        const char *const *text = ph_conf_key_slot(key, &conf->channels[i]);
        entries[i] = (struct entry){.text = *text, .index = i};
    }
    qsort(entries, conf->channels_count, sizeof(*entries), compare_entries);
    for (size_t i = 1; i < conf->channels_count; i++) {
        if (strcmp(entries[i - 1].text, entries[i].text) == 0 && entries[i].index < *twin) {
            *first = entries[i - 1].index;
            *twin = entries[i].index;
        }
    }
    free(entries);
    return *twin < conf->channels_count;
}

static int check_twins(const struct ph_conf *conf, const char *name,
                       const struct ph_conf_lines *lines, struct ph_conf_error *error)
{
    size_t twin = 0;
    size_t first = 0;

    if (!find_twin(conf, &ph_conf_keys[ph_conf_key_find(PH_CONF_CHANNELS, name)], &twin, &first)) {
        return PH_OK;
    }
    const struct ph_conf_channel_lines *at = &lines->channels[twin];
    error->line = strcmp(name, "key") == 0 ? at->key : at->name;
    snprintf(error->key, sizeof(error->key), PH_CONF_CHANNELS "[%zu].%s", twin, name);
    snprintf(error->text, sizeof(error->text),
             "the same %s as channels[%zu]; each channel needs its own", name, first);
    return PH_EINVAL;
}

static unsigned line_of(const struct ph_conf_lines *lines, const char *section, const char *name)
{
    return lines->keys[ph_conf_key_find(section, name)];
}

/* A live playlist must keep three segments (RFC 8216, section 6.2.2), or players stall. */
static int check_window(const struct ph_conf *conf, const struct ph_conf_lines *lines,
                        struct ph_conf_error *error)
{
    unsigned needed_s = (SEGMENTS_MIN * conf->hls.segment_ms + 999) / 1000;

    if (conf->hls.window_s >= needed_s) {
        return PH_OK;
    }
    /* The default suits the longest segments, so the key is in the file. */
    error->line = line_of(lines, "hls", "window_s");
    snprintf(error->key, sizeof(error->key), "hls.window_s");
    snprintf(error->text, sizeof(error->text),
             "%u is less than three segments of %u ms; write %u or more, or a smaller "
             "hls.segment_ms",
             conf->hls.window_s, conf->hls.segment_ms, needed_s);
    return PH_EINVAL;
}

/*
 * Listeners share their port with those of other workers (SO_REUSEPORT), so the kernel would let
 * RTMP and HTTP share one too and deal connections out between them.
 */
static int check_listeners(const struct ph_conf *conf, const struct ph_conf_lines *lines,
                           struct ph_conf_error *error)
{
    if (!ph_conf_form_addresses_clash(conf->rtmp.listen, conf->http.listen)) {
        return PH_OK;
    }
    unsigned http_line = line_of(lines, "http", "listen");
    unsigned rtmp_line = line_of(lines, "rtmp", "listen");
    error->line = http_line > rtmp_line ? http_line : rtmp_line;
    snprintf(error->key, sizeof(error->key), "%s.listen", http_line > rtmp_line ? "http" : "rtmp");
    snprintf(error->text, sizeof(error->text),
             "RTMP on %s and HTTP on %s cannot share a port; write another", conf->rtmp.listen,
             conf->http.listen);
    return PH_EINVAL;
}

int ph_conf_check_together(const struct ph_conf *conf, const struct ph_conf_lines *lines,
                           struct ph_conf_error *error)
{
    int err = check_twins(conf, "name", lines, error);

    err = err != PH_OK ? err : check_twins(conf, "key", lines, error);
    err = err != PH_OK ? err : check_window(conf, lines, error);
    return err != PH_OK ? err : check_listeners(conf, lines, error);
}

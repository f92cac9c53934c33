/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_M3U8_H
#define PHIEN_TESTS_M3U8_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <phien/core/buf.h>

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * A media playlist as a strict player reads it. Anything that is not expected of phien, or not in
 * its place, fails the test.
 */
enum { M3U8_SEGMENTS_MAX = 192, M3U8_PARTS_MAX = 40, M3U8_RANGES_MAX = 64 };

struct m3u8_part {
    char uri[64];
    int64_t duration_us;
    bool is_independent;
};

struct m3u8_segment {
    int64_t msn;
    int64_t discontinuity_number; /* by which players tell timelines apart */
    bool has_discontinuity;
    char map[64]; /* that holds for it, wherever the tag stands */
    char date[32];
    int64_t duration_us; /* of EXTINF; -1: under way */
    char uri[64];
    size_t part_count;
    struct m3u8_part parts[M3U8_PARTS_MAX];
};

struct m3u8_range {
    char id[48];
    char start[32];
    int64_t duration_ms;  /* -1: open */
    char attributes[256]; /* that are not phien's own */
};

struct m3u8 {
    int version;
    int target_duration_s;
    char server_control[256];
    int64_t part_target_us; /* 0: no EXT-X-PART-INF */
    int64_t media_sequence;
    int64_t discontinuity_sequence;
    int64_t skipped; /* -1: no EXT-X-SKIP */
    char hint[64];
    char report[256]; /* one a line */
    bool is_ended;
    size_t range_count;
    struct m3u8_range ranges[M3U8_RANGES_MAX];
    size_t count; /* segments, the one under way included */
    struct m3u8_segment segments[M3U8_SEGMENTS_MAX];
};

/* Where in the playlist the parser is; tags may only come in this order. */
enum m3u8_place { M3U8_HEADER, M3U8_SEGMENTS, M3U8_TAIL };

struct m3u8_parser {
    struct m3u8 *list;
    enum m3u8_place place;
    char map[64];
    int64_t discontinuity_number;
    bool is_in_segment; /* a tag of the segment that segments[count] is has been read */
};

static inline int64_t m3u8_us(const char *text)
{
    int64_t seconds = 0;
    char fraction[7] = "";
    int len = 0;

    if (sscanf(text, "%" SCNd64 ".%6[0-9]%n", &seconds, fraction, &len) != 2 || len < 8) {
        fail_msg("no duration in microseconds: %s", text);
    }
    return seconds * 1000000 + strtol(fraction, NULL, 10);
}

static inline int64_t m3u8_number(const char *text)
{
    char *end = NULL;
    long long number = strtoll(text, &end, 10);

    assert_true(text[0] >= '0' && text[0] <= '9');
    assert_int_equal(*end, '\0');
    return number;
}

static inline void m3u8_copy(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);

    assert_true(len < size);
    memcpy(out, text, len + 1);
}

/* Of EXT-X-PROGRAM-DATE-TIME. */
static inline int64_t m3u8_date_ms(const char *date)
{
    struct tm tm = {0};
    int ms = 0;

    assert_int_equal(sscanf(date, "%d-%d-%dT%d:%d:%d.%dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                            &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms),
                     7);
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (int64_t)timegm(&tm) * 1000 + ms;
}

/* NULL if the line is another tag. */
static inline const char *m3u8_value(const char *line, const char *tag)
{
    size_t len = strlen(tag);

    return strncmp(line, tag, len) == 0 ? line + len : NULL;
}

static inline void m3u8_quoted(char *out, size_t size, const char *text, const char *name)
{
    const char *start = strstr(text, name);
    const char *end = start != NULL ? strchr(start + strlen(name), '"') : NULL;

    if (end == NULL) {
        fail_msg("no %s in %s", name, text);
    }
    snprintf(out, size, "%.*s", (int)(end - start - (ptrdiff_t)strlen(name)), start + strlen(name));
}

/* ID, CLASS and START-DATE in this order, DURATION once it has ended, and whatever follows. */
static inline void m3u8_range_line(struct m3u8 *list, const char *value)
{
    struct m3u8_range *range = &list->ranges[list->range_count++];
    long seconds = 0;
    int ms = 0;
    int len = 0;
    int more = 0;

    assert_true(list->range_count <= M3U8_RANGES_MAX);
    if (sscanf(value, "ID=\"%47[^\"]\",CLASS=\"vn.phien.card\",START-DATE=\"%31[^\"]\"%n",
               range->id, range->start, &len) != 2 ||
        len == 0) {
        fail_msg("no range of a card: %s", value);
    }
    assert_int_equal(strlen(range->start), 24);
    range->duration_ms = -1;
    if (sscanf(value + len, ",DURATION=%ld.%3d%n", &seconds, &ms, &more) == 2) {
        assert_true(value[len + more - 4] == '.');
        range->duration_ms = seconds * 1000 + ms;
        len += more;
    }
    m3u8_copy(range->attributes, sizeof(range->attributes), value + len);
    for (size_t i = 0; i + 1 < list->range_count; i++) {
        assert_string_not_equal(list->ranges[i].id, range->id);
    }
}

static inline const struct m3u8_range *m3u8_find_range(const struct m3u8 *list, const char *id)
{
    for (size_t i = 0; i < list->range_count; i++) {
        if (strcmp(list->ranges[i].id, id) == 0) {
            return &list->ranges[i];
        }
    }
    return NULL;
}

static inline bool m3u8_header_line(struct m3u8_parser *p, const char *line)
{
    struct m3u8 *list = p->list;
    const char *value = NULL;

    if ((value = m3u8_value(line, "#EXT-X-VERSION:")) != NULL) {
        assert_int_equal(list->version, 0);
        list->version = (int)m3u8_number(value);
    } else if ((value = m3u8_value(line, "#EXT-X-TARGETDURATION:")) != NULL) {
        assert_int_equal(list->target_duration_s, 0);
        list->target_duration_s = (int)m3u8_number(value);
    } else if ((value = m3u8_value(line, "#EXT-X-SERVER-CONTROL:")) != NULL) {
        assert_string_equal(list->server_control, "");
        m3u8_copy(list->server_control, sizeof(list->server_control), value);
    } else if ((value = m3u8_value(line, "#EXT-X-PART-INF:PART-TARGET=")) != NULL) {
        assert_int_equal(list->part_target_us, 0);
        list->part_target_us = m3u8_us(value);
    } else if ((value = m3u8_value(line, "#EXT-X-MEDIA-SEQUENCE:")) != NULL) {
        assert_int_equal(list->media_sequence, -1);
        list->media_sequence = m3u8_number(value);
    } else if ((value = m3u8_value(line, "#EXT-X-DISCONTINUITY-SEQUENCE:")) != NULL) {
        assert_int_equal(list->discontinuity_sequence, -1);
        list->discontinuity_sequence = m3u8_number(value);
        p->discontinuity_number = list->discontinuity_sequence;
    } else if ((value = m3u8_value(line, "#EXT-X-SKIP:SKIPPED-SEGMENTS=")) != NULL) {
        assert_int_equal(list->skipped, -1);
        list->skipped = m3u8_number(value);
    } else if ((value = m3u8_value(line, "#EXT-X-DATERANGE:")) != NULL) {
        m3u8_range_line(list, value);
    } else {
        return false;
    }
    assert_int_equal(p->place, M3U8_HEADER);
    return true;
}

static inline struct m3u8_segment *m3u8_segment_under_way(struct m3u8_parser *p)
{
    struct m3u8 *list = p->list;
    struct m3u8_segment *segment = &list->segments[list->count];

    assert_true(p->place <= M3U8_SEGMENTS);
    assert_true(list->media_sequence >= 0);
    assert_true(list->discontinuity_sequence >= 0);
    assert_true(list->count < M3U8_SEGMENTS_MAX);
    p->place = M3U8_SEGMENTS;
    if (!p->is_in_segment) {
        int64_t skipped = list->skipped > 0 ? list->skipped : 0;
        memset(segment, 0, sizeof(*segment));
        segment->msn = list->media_sequence + skipped + (int64_t)list->count;
        segment->duration_us = -1;
        p->is_in_segment = true;
    }
    return segment;
}

/* What tags before the first URI say holds from here on. */
static inline void m3u8_start_media(struct m3u8_parser *p, struct m3u8_segment *segment)
{
    assert_string_not_equal(segment->date, "");
    m3u8_copy(segment->map, sizeof(segment->map), p->map);
    segment->discontinuity_number = p->discontinuity_number;
}

static inline void m3u8_part_line(struct m3u8_parser *p, const char *value)
{
    struct m3u8_segment *segment = m3u8_segment_under_way(p);
    struct m3u8_part *part = &segment->parts[segment->part_count++];

    assert_true(segment->part_count <= M3U8_PARTS_MAX);
    assert_int_equal(segment->duration_us, -1);
    assert_int_equal(strncmp(value, "DURATION=", 9), 0);
    part->duration_us = m3u8_us(value + 9);
    m3u8_quoted(part->uri, sizeof(part->uri), value, "URI=\"");
    part->is_independent = strstr(value, ",INDEPENDENT=YES") != NULL;
    m3u8_start_media(p, segment);
}

static inline bool m3u8_segment_line(struct m3u8_parser *p, const char *line)
{
    const char *value = NULL;

    if (strcmp(line, "#EXT-X-DISCONTINUITY") == 0) {
        struct m3u8_segment *segment = m3u8_segment_under_way(p);
        assert_int_equal(segment->part_count, 0);
        assert_false(segment->has_discontinuity);
        segment->has_discontinuity = true;
        p->discontinuity_number++;
    } else if ((value = m3u8_value(line, "#EXT-X-MAP:")) != NULL) {
        assert_int_equal(m3u8_segment_under_way(p)->part_count, 0);
        m3u8_quoted(p->map, sizeof(p->map), value, "URI=\"");
    } else if ((value = m3u8_value(line, "#EXT-X-PROGRAM-DATE-TIME:")) != NULL) {
        struct m3u8_segment *segment = m3u8_segment_under_way(p);
        assert_int_equal(segment->part_count, 0);
        assert_int_equal(strlen(value), 24);
        m3u8_copy(segment->date, sizeof(segment->date), value);
    } else if ((value = m3u8_value(line, "#EXT-X-PART:")) != NULL) {
        m3u8_part_line(p, value);
    } else if ((value = m3u8_value(line, "#EXTINF:")) != NULL) {
        struct m3u8_segment *segment = m3u8_segment_under_way(p);
        segment->duration_us = m3u8_us(value);
        m3u8_start_media(p, segment);
    } else if (line[0] != '#') {
        struct m3u8_segment *segment = m3u8_segment_under_way(p);
        assert_true(segment->duration_us >= 0);
        m3u8_copy(segment->uri, sizeof(segment->uri), line);
        p->list->count++;
        p->is_in_segment = false;
    } else {
        return false;
    }
    return true;
}

static inline bool m3u8_tail_line(struct m3u8_parser *p, const char *line)
{
    struct m3u8 *list = p->list;
    const char *value = NULL;

    if ((value = m3u8_value(line, "#EXT-X-PRELOAD-HINT:TYPE=PART,")) != NULL) {
        assert_string_equal(list->hint, "");
        m3u8_quoted(list->hint, sizeof(list->hint), value, "URI=\"");
    } else if ((value = m3u8_value(line, "#EXT-X-RENDITION-REPORT:")) != NULL) {
        size_t len = strlen(list->report);
        m3u8_copy(list->report + len, sizeof(list->report) - len, len > 0 ? "\n" : "");
        len = strlen(list->report);
        m3u8_copy(list->report + len, sizeof(list->report) - len, value);
    } else if (strcmp(line, "#EXT-X-ENDLIST") == 0) {
        list->is_ended = true;
    } else {
        return false;
    }
    p->place = M3U8_TAIL;
    return true;
}

static inline void m3u8_parse(struct m3u8 *list, const struct ph_buf *text)
{
    struct m3u8_parser p = {.list = list};
    const char *pos = (const char *)text->data;
    const char *end = pos + text->len;
    bool is_first = true;

    memset(list, 0, offsetof(struct m3u8, segments));
    list->media_sequence = -1;
    list->discontinuity_sequence = -1;
    list->skipped = -1;
    while (pos < end) {
        char line[512];
        const char *eol = memchr(pos, '\n', (size_t)(end - pos));
        assert_non_null(eol); /* the last line is ended, too */
        assert_true((size_t)(eol - pos) < sizeof(line));
        snprintf(line, sizeof(line), "%.*s", (int)(eol - pos), pos);
        pos = eol + 1;
        if (is_first) {
            assert_string_equal(line, "#EXTM3U");
            is_first = false;
        } else if (!m3u8_header_line(&p, line) && !m3u8_segment_line(&p, line) &&
                   !m3u8_tail_line(&p, line)) {
            fail_msg("unexpected line: %s", line);
        }
    }
    if (p.is_in_segment) {
        assert_true(list->segments[list->count].part_count > 0);
        assert_int_equal(list->segments[list->count].duration_us, -1);
        list->count++;
    }
}

static inline const struct m3u8_segment *m3u8_find(const struct m3u8 *list, int64_t msn)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->segments[i].msn == msn) {
            return &list->segments[i];
        }
    }
    return NULL;
}

/*
 * What a player makes of a delta playlist and its copy of an older one (RFC 8216bis section
 * 6.3.7): the skipped segments are the copy's. Their discontinuities count for those that follow,
 * and the last EXT-X-MAP of the copy holds on. False: the copy is too old.
 */
static inline bool m3u8_merge(struct m3u8 *out, const struct m3u8 *copy, const struct m3u8 *delta)
{
    assert_true(delta->skipped > 0);
    *out = *delta;
    out->skipped = -1;
    out->count = 0;
    int64_t discontinuities = 0;
    const char *map = "";
    for (int64_t i = 0; i < delta->skipped; i++) {
        const struct m3u8_segment *kept = m3u8_find(copy, delta->media_sequence + i);
        if (kept == NULL || kept->duration_us < 0) {
            return false;
        }
        out->segments[out->count] = *kept;
        out->segments[out->count++].part_count = 0;
        discontinuities += kept->has_discontinuity ? 1 : 0;
        map = kept->map;
    }
    for (size_t i = 0; i < delta->count; i++) {
        struct m3u8_segment *segment = &out->segments[out->count++];
        *segment = delta->segments[i];
        segment->discontinuity_number += discontinuities;
        if (segment->map[0] == '\0') {
            m3u8_copy(segment->map, sizeof(segment->map), map);
        }
    }
    return true;
}

#endif

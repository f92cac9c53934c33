/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebVTT segments of the captions that hold (W3C WebVTT section 4; RFC 8216bis section 3.1.4).
 *
 * A caption is cut where the segment begins and ends, and goes on in the next one. The RFC wants
 * each segment to tell a caption's whole time, but until the card is taken away nobody knows its
 * end, and players that were told 0 to 2 s, then 0 to 4 s show the same words twice. Cut ones
 * follow each other without a gap in all of them.
 */
#include "webvtt.h"

#include <phien/core/bytes.h>
#include <phien/core/mem.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_LIMIT_BYTES ((size_t)256 << 10)

enum {
    CAPTIONS_MAX = 256, /* that change within a segment or wait for it */
    MPEGTS_PER_MS = 90,
};

/* MPEG-TS counts in 33 bits. */
#define MPEGTS_WRAP (INT64_C(1) << 33)

struct ph_caption {
    ph_usec start;
    char *text; /* NULL: nothing is shown */
};

static void drop_first(struct ph_captions *captions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(captions->items[i].text);
    }
    captions->count -= count;
    if (captions->count > 0) {
        memmove(captions->items, captions->items + count,
                captions->count * sizeof(struct ph_caption));
    }
}

void ph_captions_fini(struct ph_captions *captions)
{
    drop_first(captions, captions->count);
    free(captions->items);
    captions->items = NULL;
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void ph_captions_set(struct ph_captions *captions, ph_usec at, const char *text)
{
    if (captions->items == NULL) {
        captions->items = ph_new_array(struct ph_caption, CAPTIONS_MAX);
    }
    /* What would begin later does not begin at all. */
    while (captions->count > 0 && captions->items[captions->count - 1].start >= at) {
        free(captions->items[--captions->count].text);
    }
    const char *last = captions->count > 0 ? captions->items[captions->count - 1].text : NULL;
    if (is_same(last, text)) {
        return;
    }
    if (captions->count == CAPTIONS_MAX) {
        drop_first(captions, 1);
    }
    captions->items[captions->count++] = (struct ph_caption){
        .start = at,
        .text = text != NULL ? ph_strdup(text) : NULL,
    };
}

/* Hours have two digits or more. */
static void write_time(struct ph_writer *w, int64_t ms)
{
    int64_t s = ms / 1000;

    ph_write_format(w, "%02lld:%02d:%02d.%03d", (long long)(s / 3600), (int)(s / 60 % 60),
                    (int)(s % 60), (int)(ms % 1000));
}

/*
 * Captions have the times of the media, and the map says just that: players that heed it and
 * those that do not show them at the same time. MPEGTS is made of the milliseconds of LOCAL,
 * which are all that it can have, so that the two are the same instant.
 */
static void write_header(struct ph_writer *w, int64_t start_ms)
{
    ph_write_format(w, "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:%lld,LOCAL:",
                    (long long)(start_ms * MPEGTS_PER_MS % MPEGTS_WRAP));
    write_time(w, start_ms);
    ph_write_text(w, "\n\n");
}

/* The length of the line at `text`, and what comes after it in `next`; 0: an empty line. */
static size_t take_line(const char *text, const char **next)
{
    size_t len = strcspn(text, "\r\n");

    *next = text[len] != '\0' ? text + len + 1 : text + len;
    return len;
}

static int count_lines(const char *text)
{
    int lines = 0;

    while (*text != '\0') {
        lines += take_line(text, &text) > 0 ? 1 : 0;
    }
    return lines;
}

static void write_escaped(struct ph_writer *w, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        switch (text[i]) {
        case '&':
            ph_write_text(w, "&amp;");
            break;
        case '<':
            ph_write_text(w, "&lt;");
            break;
        case '>': /* also keeps "-->" out, which would be another caption's time */
            ph_write_text(w, "&gt;");
            break;
        default:
            ph_write_u8(w, (uint8_t)text[i]);
        }
    }
}

/* An empty line would end the caption, so there is none. */
static void write_lines(struct ph_writer *w, const char *text)
{
    while (*text != '\0') {
        const char *line = text;
        size_t len = take_line(line, &text);
        if (len > 0) {
            write_escaped(w, line, len);
            ph_write_u8(w, '\n');
        }
    }
}

/*
 * "line:-2": the last two rows of the picture are for two lines of text. Faces are above, in an
 * upright picture as in a wide one.
 */
static void write_caption(struct ph_writer *w, const char *text, int64_t start_ms, int64_t end_ms)
{
    int lines = count_lines(text);

    if (lines == 0 || start_ms >= end_ms) {
        return;
    }
    write_time(w, start_ms);
    ph_write_text(w, " --> ");
    write_time(w, end_ms);
    ph_write_format(w, " line:-%d\n", lines);
    write_lines(w, text);
    ph_write_u8(w, '\n');
}

static ph_usec end_of(const struct ph_captions *captions, size_t i)
{
    return i + 1 < captions->count ? captions->items[i + 1].start : PH_USEC_NEVER;
}

static int64_t whole_ms(ph_usec time)
{
    return time > 0 ? time / PH_USEC_PER_MS : 0;
}

static struct ph_buf *format(const struct ph_captions *captions, ph_usec start, ph_usec end)
{
    struct ph_writer w;

    ph_writer_init(&w, SEGMENT_LIMIT_BYTES);
    write_header(&w, whole_ms(start));
    for (size_t i = 0; i < captions->count; i++) {
        const struct ph_caption *caption = &captions->items[i];
        ph_usec until = end_of(captions, i);
        if (caption->text != NULL) {
            write_caption(&w, caption->text,
                          whole_ms(caption->start > start ? caption->start : start),
                          whole_ms(until < end ? until : end));
        }
    }
    return ph_writer_take(&w);
}

struct ph_buf *ph_captions_segment(struct ph_captions *captions, ph_usec start, ph_usec end)
{
    static const char empty[] = "WEBVTT\n";
    struct ph_buf *text = format(captions, start, end);
    size_t over = 0;

    while (over < captions->count && end_of(captions, over) <= end) {
        over++;
    }
    drop_first(captions, over);
    /* No caption is worth a segment that is missing. */
    return text != NULL ? text : ph_buf_copy(empty, sizeof(empty) - 1);
}

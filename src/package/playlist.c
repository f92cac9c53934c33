/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a snapshot to the text of its media playlist, in one pass (RFC 8216bis section 4.4). Three
 * forms: the full one and the delta one are low latency, the plain one is for players that know
 * nothing of it. Between two snapshots of a rendition only those changes may appear that section
 * 6.2.1 allows; that nothing listed is ever edited follows from segments being immutable.
 */
#include "playlist.h"

#include <phien/core/bytes.h>
#include <phien/media/cue.h>

/* Far more than a window can need; a text that long would be a bug. */
#define TEXT_LIMIT_BYTES ((size_t)64 << 20)

struct rendering {
    struct ph_writer w;
    const struct ph_snapshot *snapshot;
    enum ph_playlist_form form;
    bool has_control;           /* obeys directives, and is reported on by its like */
    bool has_parts;             /* and they and the hint are written */
    const struct ph_init *init; /* that the last EXT-X-MAP named; NULL: none yet */
};

/* By hand, since printf would be most of the work of a playlist. */
static void write_digits(struct ph_writer *w, uint64_t value, size_t min_digits)
{
    char digits[20];
    size_t pos = sizeof(digits);

    while (value > 0 || sizeof(digits) - pos < min_digits) {
        digits[--pos] = (char)('0' + value % 10);
        value /= 10;
    }
    ph_write_bytes(w, digits + pos, sizeof(digits) - pos);
}

static void write_number(struct ph_writer *w, int64_t value)
{
    write_digits(w, value > 0 ? (uint64_t)value : 0, 1);
}

/* To the microsecond, so that the parts of a segment add up to its EXTINF exactly. */
static void write_seconds(struct ph_writer *w, ph_usec duration)
{
    uint64_t us = duration > 0 ? (uint64_t)duration : 0;

    write_digits(w, us / PH_USEC_PER_S, 1);
    ph_write_u8(w, '.');
    write_digits(w, us % PH_USEC_PER_S, 6);
}

/*
 * "av-EPOCH-" and for MPEG-TS "EPOCH-". The plain playlists lie in a folder of their own below
 * the media, the MPEG-TS one in the folder of its media.
 */
static void write_name_start(struct rendering *r)
{
    if (r->form == PH_PLAYLIST_PLAIN) {
        ph_write_text(&r->w, "../");
    }
    if (r->snapshot->rendition != PH_RENDITION_TS) {
        ph_write_text(&r->w, ph_rendition_name(r->snapshot->rendition));
        ph_write_u8(&r->w, '-');
    }
    ph_write_text(&r->w, r->snapshot->params.epoch);
    ph_write_u8(&r->w, '-');
}

static void write_part_name(struct rendering *r, int64_t number)
{
    write_name_start(r);
    ph_write_u8(&r->w, 'p');
    write_number(&r->w, number);
    ph_write_text(&r->w, ".m4s");
}

/*
 * RFC 8216bis section 8. EXT-X-SKIP needs 9, and so does the full form, because a delta is merged
 * into it. For whole segments EXT-X-MAP asks for 6, but 7 is what Apple's tools write for fMP4 and
 * what every player has met; MPEG-TS needs 3 for fractions in EXTINF, and its viewers are old.
 */
static int required_version(const struct rendering *r)
{
    if (r->has_control && r->snapshot->params.skip_until > 0) {
        return 9;
    }
    return r->snapshot->rendition == PH_RENDITION_TS ? 3 : 7;
}

/*
 * All playlists of a presentation say the same here (section 4.4.3.8). PART-HOLD-BACK is the one
 * value that depends on the rendition, whose part target follows its frames; the section asks for
 * three times the largest part target of all renditions, and that is what the parameters bring.
 * Captions have no parts and say it all the same, and so are reloaded when there is news. In an
 * ended playlist only what EXT-X-PART-INF demands is left: it takes no directives.
 */
static void write_server_control(struct rendering *r)
{
    const struct ph_snapshot *s = r->snapshot;
    ph_usec part_hold_back = 3 * s->part_target;

    if (part_hold_back < s->params.part_hold_back) {
        part_hold_back = s->params.part_hold_back;
    }
    ph_write_text(&r->w, "#EXT-X-SERVER-CONTROL:");
    if (!s->is_ended) {
        ph_write_text(&r->w, "CAN-BLOCK-RELOAD=YES,");
    }
    ph_write_text(&r->w, "PART-HOLD-BACK=");
    write_seconds(&r->w, part_hold_back);
    ph_write_text(&r->w, ",HOLD-BACK=");
    write_seconds(&r->w, 3 * (ph_usec)s->params.target_duration_s * PH_USEC_PER_S);
    if (!s->is_ended && s->params.skip_until > 0) {
        ph_write_text(&r->w, ",CAN-SKIP-UNTIL=");
        write_seconds(&r->w, s->params.skip_until);
    }
    ph_write_u8(&r->w, '\n');
    if (r->has_parts) {
        ph_write_text(&r->w, "#EXT-X-PART-INF:PART-TARGET=");
        write_seconds(&r->w, s->part_target);
        ph_write_u8(&r->w, '\n');
    }
}

/* As dates are written: to the millisecond, rounded down. */
static int64_t whole_ms(ph_usec date)
{
    return date / PH_USEC_PER_MS;
}

/*
 * What is listed once never changes but for the DURATION that is added when the range ends. That
 * is counted from date to date as they are written, so that one range ends where the next begins.
 */
static void write_range(struct rendering *r, const struct ph_date_range *range)
{
    char date[32];

    ph_clock_format_utc(range->start, date);
    ph_write_text(&r->w, "#EXT-X-DATERANGE:ID=\"");
    ph_write_text(&r->w, range->id);
    ph_write_text(&r->w, "\",CLASS=\"" PH_CUE_CLASS "\",START-DATE=\"");
    ph_write_text(&r->w, date);
    ph_write_u8(&r->w, '"');
    if (range->end != PH_USEC_NEVER) {
        uint64_t ms = (uint64_t)(whole_ms(range->end) - whole_ms(range->start));
        ph_write_text(&r->w, ",DURATION=");
        write_digits(&r->w, ms / 1000, 1);
        ph_write_u8(&r->w, '.');
        write_digits(&r->w, ms % 1000, 3);
    }
    ph_write_text(&r->w, range->attributes);
    ph_write_u8(&r->w, '\n');
}

/*
 * All of them in each form, a delta too: CAN-SKIP-DATERANGES is not offered, since they are few,
 * and so _HLS_skip=v2 is answered as YES is (section 6.2.5.1). Players find their place by the
 * dates of segments, of which each form has one at least.
 */
static void write_ranges(struct rendering *r)
{
    for (size_t i = 0; i < r->snapshot->range_count; i++) {
        write_range(r, r->snapshot->ranges[i]);
    }
}

/*
 * EXT-X-DISCONTINUITY-SEQUENCE counts the tags that have left the playlist, so a tag before the
 * first segment is not counted yet. The tag is always there: one that came only when the first
 * discontinuity slides out would be too late for players that joined before.
 */
static void write_header(struct rendering *r, const struct ph_segment *first)
{
    ph_write_text(&r->w, "#EXTM3U\n#EXT-X-VERSION:");
    write_number(&r->w, required_version(r));
    ph_write_text(&r->w, "\n#EXT-X-TARGETDURATION:");
    write_number(&r->w, r->snapshot->params.target_duration_s);
    ph_write_u8(&r->w, '\n');
    if (r->has_control) {
        write_server_control(r);
    }
    ph_write_text(&r->w, "#EXT-X-MEDIA-SEQUENCE:");
    write_number(&r->w, first->msn);
    ph_write_text(&r->w, "\n#EXT-X-DISCONTINUITY-SEQUENCE:");
    write_number(&r->w, first->discontinuity_number - (first->is_discontinuity ? 1 : 0));
    ph_write_u8(&r->w, '\n');
    write_ranges(r);
}

/*
 * What stands before a segment's first URI, be it a part's or its own. EXT-X-MAP holds until the
 * next one; after a discontinuity it is repeated even if the init segment is the same.
 */
static void write_segment_start(struct rendering *r, const struct ph_segment *segment)
{
    const struct ph_init *init = segment->init;
    char date[32];

    if (segment->is_discontinuity) {
        ph_write_text(&r->w, "#EXT-X-DISCONTINUITY\n");
    }
    if (init != NULL &&
        (segment->is_discontinuity || r->init == NULL || r->init->number != init->number)) {
        ph_write_text(&r->w, "#EXT-X-MAP:URI=\"");
        write_name_start(r);
        ph_write_u8(&r->w, 'i');
        write_number(&r->w, init->number);
        ph_write_text(&r->w, ".mp4\"\n");
        r->init = init;
    }
    ph_clock_format_utc(segment->pdt, date);
    ph_write_text(&r->w, "#EXT-X-PROGRAM-DATE-TIME:");
    ph_write_text(&r->w, date);
    ph_write_u8(&r->w, '\n');
}

static void write_parts(struct rendering *r, const struct ph_segment *segment)
{
    for (size_t i = 0; i < segment->part_count; i++) {
        const struct ph_part *part = &segment->parts[i];
        ph_write_text(&r->w, "#EXT-X-PART:DURATION=");
        write_seconds(&r->w, part->duration);
        ph_write_text(&r->w, ",URI=\"");
        write_part_name(r, part->number);
        ph_write_text(&r->w, part->is_independent ? "\",INDEPENDENT=YES\n" : "\"\n");
    }
}

static const char *segment_suffix(enum ph_rendition rendition)
{
    switch (rendition) {
    case PH_RENDITION_TS:
        return ".ts\n";
    case PH_RENDITION_CARDS:
        return ".vtt\n";
    default:
        return ".m4s\n";
    }
}

static void write_segment_end(struct rendering *r, const struct ph_segment *segment)
{
    ph_write_text(&r->w, "#EXTINF:");
    write_seconds(&r->w, segment->duration);
    ph_write_text(&r->w, ",\n");
    write_name_start(r);
    write_number(&r->w, segment->msn);
    ph_write_text(&r->w, segment_suffix(r->snapshot->rendition));
}

/* LAST-PART only of renditions that have parts. */
static void write_report(struct rendering *r, const struct ph_report *report)
{
    if (report->rendition == PH_RENDITION_NONE) {
        return;
    }
    ph_write_text(&r->w, "#EXT-X-RENDITION-REPORT:URI=\"");
    ph_write_text(&r->w, ph_rendition_name(report->rendition));
    ph_write_text(&r->w, ".m3u8\",LAST-MSN=");
    write_number(&r->w, report->last_msn);
    if (report->last_part >= 0) {
        ph_write_text(&r->w, ",LAST-PART=");
        write_number(&r->w, report->last_part);
    }
    ph_write_u8(&r->w, '\n');
}

/*
 * The hint is there as long as the playlist can grow, even while nobody publishes: the next part
 * has its name whenever it comes, and some players poll without a hint.
 */
static void write_tail(struct rendering *r)
{
    const struct ph_snapshot *s = r->snapshot;

    if (s->is_ended) {
        ph_write_text(&r->w, "#EXT-X-ENDLIST\n");
        return;
    }
    if (r->has_parts) {
        ph_write_text(&r->w, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"");
        write_part_name(r, s->next_part);
        ph_write_text(&r->w, "\"\n");
    }
    for (size_t i = 0; r->has_control && i < PH_REPORTS_MAX; i++) {
        write_report(r, &s->reports[i]);
    }
}

/*
 * The first segment of those that end less than three target durations before the end of the
 * playlist: section 4.4.4.9 wants the parts of older ones removed.
 */
static size_t find_first_with_parts(const struct ph_snapshot *s)
{
    ph_usec limit = 3 * (ph_usec)s->params.target_duration_s * PH_USEC_PER_S;
    ph_usec distance = s->open != NULL ? s->open->duration : 0;
    size_t i = s->count;

    while (i > s->listed_from && distance < limit) {
        i--;
        distance += s->segments[i]->duration;
    }
    return i;
}

/*
 * The first segment that a delta playlist must hold: everything before it lies wholly beyond the
 * skip boundary, measured from the end of the last finished segment (section 4.4.3.8).
 */
static size_t find_skip_end(const struct ph_snapshot *s)
{
    ph_usec distance = 0;
    size_t i = s->count;

    while (i > s->listed_from && distance < s->params.skip_until) {
        i--;
        distance += s->segments[i]->duration;
    }
    return i;
}

/* Everything from the segment with index `from` on. */
static void write_segments(struct rendering *r, size_t from)
{
    const struct ph_snapshot *s = r->snapshot;
    size_t parts_from = r->has_parts ? find_first_with_parts(s) : s->count;

    for (size_t i = from; i < s->count; i++) {
        write_segment_start(r, s->segments[i]);
        if (i >= parts_from) {
            write_parts(r, s->segments[i]);
        }
        write_segment_end(r, s->segments[i]);
    }
    if (r->has_parts && s->open != NULL) {
        write_segment_start(r, s->open);
        write_parts(r, s->open);
    }
}

/* Whether its low-latency forms obey directives: all but those for old players do. */
static bool has_control(const struct ph_snapshot *s)
{
    return s->part_target > 0 || s->rendition == PH_RENDITION_CARDS;
}

static bool has_form(const struct ph_snapshot *s, enum ph_playlist_form form)
{
    switch (form) {
    case PH_PLAYLIST_FULL:
        return s->count > 0 || (s->part_target > 0 && s->open != NULL);
    case PH_PLAYLIST_DELTA:
        return has_control(s) && !s->is_ended && s->params.skip_until > 0 &&
               find_skip_end(s) > s->listed_from;
    case PH_PLAYLIST_PLAIN:
        return s->count > 0 && s->rendition != PH_RENDITION_TS;
    default:
        return false;
    }
}

struct ph_buf *ph_playlist_format(const struct ph_snapshot *snapshot, enum ph_playlist_form form)
{
    if (!has_form(snapshot, form)) {
        return NULL;
    }
    struct rendering r = {
        .snapshot = snapshot,
        .form = form,
        .has_control = form != PH_PLAYLIST_PLAIN && has_control(snapshot),
        .has_parts = form != PH_PLAYLIST_PLAIN && snapshot->part_target > 0,
    };
    size_t from = snapshot->listed_from;

    ph_writer_init(&r.w, TEXT_LIMIT_BYTES);
    write_header(&r, from < snapshot->count ? snapshot->segments[from] : snapshot->open);
    if (form == PH_PLAYLIST_DELTA) {
        size_t skip_end = find_skip_end(snapshot);
        ph_write_text(&r.w, "#EXT-X-SKIP:SKIPPED-SEGMENTS=");
        write_number(&r.w, (int64_t)(skip_end - from));
        ph_write_u8(&r.w, '\n');
        /* An EXT-X-MAP that was skipped holds on, but not all players have kept it: said again. */
        from = skip_end;
    }
    write_segments(&r, from);
    write_tail(&r);
    return ph_writer_take(&r.w);
}

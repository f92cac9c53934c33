/* SPDX-License-Identifier: Apache-2.0 */
#include "torture_check.h"

#include <phien/core/mem.h>

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* Dates are in whole milliseconds, and a segment's may lie a frame beside. */
enum { SYNC_MS = 40, DATE_MS = 45, MOVED_MS = 100, LATE_MS = 2600, HOLE_MS = 120 };

/* A unit that came, beside the same as it was sent. */
struct pair {
    double source; /* seconds by the source's clock */
    double off;    /* where it came to lie on the timeline, less that */
    double date;   /* less its true one */
    bool is_odd;
};

struct pairs {
    struct pair *at;
    size_t count;
};

static const char *name_of(int kind)
{
    return kind == PH_TRACK_VIDEO ? "video" : "audio";
}

/*
 * All units that came were sent, in this order and each once. None are missing but those before
 * the track's first, and as many as the row says.
 */
static struct pairs match(const struct flow *flow, enum ph_rendition rendition, int kind,
                          int time_scale, size_t lost_max)
{
    const struct flow_units *in = &flow->sent[kind];
    const struct flow_units *out = &flow->viewers[rendition].units[kind];
    struct pairs pairs = {.at = ph_new_array(struct pair, out->count + 1)};
    size_t next = 0;
    size_t lost = 0;

    for (size_t i = 0; i < out->count; i++) {
        size_t from = next;
        if (flow_is_silence(rendition, &out->at[i])) {
            continue;
        }
        while (next < in->count && in->at[next].hash != out->at[i].hash) {
            next++;
        }
        if (next == in->count) {
            fail_msg("%s: %s unit %zu was not sent, or came before", ph_rendition_name(rendition),
                     name_of(kind), i);
        }
        lost += pairs.count > 0 ? next - from : 0;
        double source = (double)in->at[next].shown / PH_USEC_PER_S;
        pairs.at[pairs.count++] = (struct pair){
            .source = source,
            .off = (double)(out->at[i].dts + out->at[i].cts) / time_scale - source,
            .date = (double)(out->at[i].shown - FLOW_START_WALL) / PH_USEC_PER_S - source,
            .is_odd = in->at[next].is_odd,
        };
        next++;
    }
    lost += in->count - next;
    if (lost > lost_max) {
        fail_msg("%s: %zu of %zu %s units are lost, not at most %zu", ph_rendition_name(rendition),
                 lost, in->count, name_of(kind), lost_max);
    }
    return pairs;
}

/* What the decoder gets goes forward, without holes that were not sent. */
static void check_steps(const struct flow *flow, enum ph_rendition rendition, int kind,
                        int time_scale, const struct torture_row *row)
{
    const struct flow_units *out = &flow->viewers[rendition].units[kind];
    double longest = (double)(row->hole_ms > 0 ? row->hole_ms : HOLE_MS) / 1000;

    for (size_t i = 1; i < out->count; i++) {
        double step = (double)(out->at[i].dts - out->at[i - 1].dts) / time_scale;
        if (step <= 0 || (step > longest && row->lost[kind] == 0)) {
            fail_msg("%s: %s unit %zu is decoded %.3f s after the last",
                     ph_rendition_name(rendition), name_of(kind), i, step);
        }
    }
}

/* Each picture against the sound that was taken nearest to it. */
static void check_sync(const struct pairs *video, const struct pairs *audio, bool by_date)
{
    double limit = by_date ? DATE_MS : SYNC_MS;
    size_t k = 0;

    for (size_t i = 0; i < video->count && audio->count > 0; i++) {
        const struct pair *picture = &video->at[i];
        while (k + 1 < audio->count && audio->at[k + 1].source <= picture->source) {
            k++;
        }
        while (k > 0 && audio->at[k].source > picture->source) {
            k--; /* pictures come in decoding order */
        }
        const struct pair *sound = &audio->at[k];
        double apart = by_date ? sound->date - picture->date : sound->off - picture->off;
        bool is_near = fabs(sound->source - picture->source) < 0.05;
        if (is_near && !picture->is_odd && !sound->is_odd && fabs(apart) * 1000 > limit) {
            fail_msg("at %.3f s sound comes %.1f ms too late%s", picture->source, apart * 1000,
                     by_date ? ", by its date" : "");
        }
    }
}

static void check_end(const struct pairs *pairs, int kind, const struct torture_row *row)
{
    int64_t limit = row->moved_ms > 0 ? row->moved_ms : MOVED_MS;

    if (pairs->count == 0) {
        fail_msg("no %s came", name_of(kind));
    }
    double moved = pairs->at[pairs->count - 1].off - pairs->at[0].off;
    double date = pairs->at[pairs->count - 1].date;
    if (fabs(moved) * 1000 > (double)limit) {
        fail_msg("%s ends %.3f s beside its place", name_of(kind), moved);
    }
    if (fabs(date) * 1000 > (double)(limit + LATE_MS)) {
        fail_msg("%s ends with a date that is %.3f s off", name_of(kind), date);
    }
}

static void check_breaks(const struct m3u8 *list, enum ph_rendition rendition,
                         const struct torture_row *row)
{
    unsigned breaks = 0;

    for (size_t i = 0; i < list->count; i++) {
        breaks += list->segments[i].has_discontinuity ? 1 : 0;
    }
    if (breaks != row->breaks) {
        fail_msg("%s: %u discontinuities, not %u", ph_rendition_name(rendition), breaks,
                 row->breaks);
    }
}

/* The same msn and the same discontinuity number mean the same time in both. */
static void check_renditions(const struct m3u8 *av, const struct m3u8 *audio)
{
    for (size_t i = 0; i < audio->count; i++) {
        const struct m3u8_segment *mine = &audio->segments[i];
        const struct m3u8_segment *other = m3u8_find(av, mine->msn);
        bool is_first = i == 0; /* sound may begin in the middle of it */
        if (other == NULL || other->discontinuity_number != mine->discontinuity_number) {
            fail_msg("audio's segment %" PRId64 " is another one than av's", mine->msn);
        }
        int64_t apart = m3u8_date_ms(mine->date) - m3u8_date_ms(other->date);
        if (llabs(apart) > 250 && !is_first) {
            fail_msg("segment %" PRId64 " begins %" PRId64 " ms later in audio's", mine->msn,
                     apart);
        }
    }
}

static void check_audio(const struct flow *flow, const struct torture_row *row,
                        const struct torture_source *source, const struct pairs *video)
{
    for (int r = PH_RENDITION_AV; r <= PH_RENDITION_AUDIO; r++) {
        enum ph_rendition rendition = (enum ph_rendition)r;
        struct pairs audio =
            match(flow, rendition, PH_TRACK_AUDIO, source->sample_rate, row->lost[PH_TRACK_AUDIO]);
        check_steps(flow, rendition, PH_TRACK_AUDIO, source->sample_rate, row);
        check_sync(video, &audio, false);
        check_sync(video, &audio, true);
        check_end(&audio, PH_TRACK_AUDIO, row);
        if (row->begins_ms[PH_TRACK_AUDIO] == 0) {
            check_breaks(flow->viewers[rendition].list, rendition, row);
        }
        free(audio.at);
    }
    check_renditions(flow->viewers[PH_RENDITION_AV].list, flow->viewers[PH_RENDITION_AUDIO].list);
}

void torture_check(const struct flow *flow, const struct torture_row *row,
                   const struct torture_source *source)
{
    struct pairs video = {0};

    if (!row->lacks[PH_TRACK_VIDEO]) {
        video = match(flow, PH_RENDITION_AV, PH_TRACK_VIDEO, 90000, row->lost[PH_TRACK_VIDEO]);
        check_steps(flow, PH_RENDITION_AV, PH_TRACK_VIDEO, 90000, row);
        check_end(&video, PH_TRACK_VIDEO, row);
        check_breaks(flow->viewers[PH_RENDITION_AV].list, PH_RENDITION_AV, row);
    }
    if (!row->lacks[PH_TRACK_AUDIO]) {
        check_audio(flow, row, source, &video);
    }
    free(video.at);
    assert_int_equal(flow->ffmpeg_lines, 0);
}

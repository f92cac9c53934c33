/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the packager, which knows of all renditions, and the segmenter, muxer and window of
 * one of them.
 */
#include "fmp4.h"

#include <libavutil/mathematics.h>

/* Messages of each kind at their longest, and what boxes and tags put around them. */
enum { EVENT_BYTES_MAX = PH_CUE_CARD_BYTES_MAX + PH_CUE_SHELF_BYTES_MAX + 1024 };

void ph_fmp4_init(struct ph_fmp4 *f, const struct ph_segmenter_params *segmenter,
                  const struct ph_window_params *window, struct ph_stats *stats)
{
    *f = (struct ph_fmp4){0};
    ph_segmenter_init(&f->segmenter, segmenter);
    ph_output_init(&f->output, window, stats);
}

void ph_fmp4_fini(struct ph_fmp4 *f)
{
    ph_events_clear(&f->events);
    ph_cmaf_destroy(&f->cmaf);
    ph_track_unref(&f->video);
    ph_track_unref(&f->audio);
    ph_output_fini(&f->output);
}

static ph_usec frame_hint(const struct ph_track *track)
{
    AVRational rate = track->frame_rate;

    if (track->kind == PH_TRACK_VIDEO) {
        return rate.num > 0 && rate.den > 0 ? av_rescale(PH_USEC_PER_S, rate.den, rate.num) : 0;
    }
    return track->par->sample_rate > 0
               ? av_rescale(PH_USEC_PER_S, track->frame_samples, track->par->sample_rate)
               : 0;
}

/* What comes next needs a new muxer: its timestamps or tracks do not go on. */
void ph_fmp4_break(struct ph_fmp4 *f)
{
    ph_cmaf_destroy(&f->cmaf);
    ph_output_break(&f->output);
}

void ph_fmp4_set_tracks(struct ph_fmp4 *f, struct ph_track *video, struct ph_track *audio,
                        bool is_break)
{
    bool is_same = ph_track_equal(f->video, video) && ph_track_equal(f->audio, audio);

    if (is_break || !is_same) {
        ph_fmp4_break(f);
        f->has_composition = false;
        f->composition = 0;
        f->is_broken = false;
    }
    struct ph_track *reference = video != NULL ? video : audio;
    if (reference != NULL && !is_same) {
        ph_segmenter_set_reference(&f->segmenter, reference->kind, frame_hint(reference));
    }
    ph_track_unref(&f->video);
    ph_track_unref(&f->audio);
    f->video = video != NULL ? ph_track_ref(video) : NULL;
    f->audio = audio != NULL ? ph_track_ref(audio) : NULL;
}

static int make_muxer(struct ph_fmp4 *f)
{
    if (f->cmaf != NULL) {
        return PH_OK;
    }
    if (f->is_broken) {
        return PH_EMEDIA;
    }
    int err = ph_cmaf_create(&f->cmaf, f->video, f->audio);
    f->is_broken = err != PH_OK;
    f->is_init_due = true;
    return err;
}

/*
 * A segment's date is that of its first picture, which with B-frames is later than the decoding
 * time by which it is cut. The same for all segments, so that dates and durations go together.
 */
static ph_usec date_of_segment(const struct ph_fmp4 *f)
{
    return f->wall + f->segmenter.segment_start + f->composition;
}

static int publish_part(struct ph_fmp4 *f, const struct ph_closed *closed, int64_t video_end)
{
    struct ph_buf *part = NULL;
    int err = ph_cmaf_cut(f->cmaf, video_end, &part);

    if (part == NULL) {
        return err == PH_EAGAIN ? PH_OK : err;
    }
    if (f->is_init_due) {
        ph_output_set_init(&f->output, ph_cmaf_init(f->cmaf));
        f->is_init_due = false;
    }
    f->output.part_target = f->segmenter.part_target;
    if (!f->has_first_part) {
        f->has_first_part = true;
        f->is_independent = closed->is_independent;
    }
    ph_output_add_part(&f->output, part, f->pdt, closed->duration, closed->is_independent);
    return err;
}

static void close_segment(struct ph_fmp4 *f)
{
    f->closed.is_independent = f->is_independent;
    f->closed.pdt = f->pdt;
    f->closed.start = f->pdt - f->wall;
    f->closed.duration = 0;
    if (f->has_first_part) {
        f->closed.duration = ph_window_open_duration(f->output.window);
    }
    f->has_first_part = false;
    ph_output_close_segment(&f->output);
}

static int apply(struct ph_fmp4 *f, enum ph_cut cut, const struct ph_closed *closed,
                 int64_t video_end)
{
    int err = closed->has_part && f->cmaf != NULL ? publish_part(f, closed, video_end) : PH_OK;

    if (cut == PH_CUT_SEGMENT || cut == PH_CUT_DISCONTINUITY) {
        close_segment(f);
    }
    if (cut == PH_CUT_DISCONTINUITY) {
        ph_fmp4_break(f);
    }
    return err;
}

/* The expected end of the newest video frame, in the video's time base. */
static int64_t expected_video_end(const struct ph_fmp4 *f)
{
    return f->video != NULL
               ? av_rescale_q(f->segmenter.reference_end, AV_TIME_BASE_Q, f->video->time_base)
               : AV_NOPTS_VALUE;
}

int ph_fmp4_before(struct ph_fmp4 *f, const AVPacket *packet, const struct ph_frame *frame,
                   enum ph_cut *cut, struct ph_closed *closed)
{
    bool is_running = f->segmenter.is_running;

    *cut = ph_segmenter_before(&f->segmenter, frame, closed);
    if (*cut == PH_CUT_NONE) {
        return PH_OK;
    }
    /* A frame lasts until the next, unless that lies on the other side of a discontinuity. */
    bool is_next = frame->kind == PH_TRACK_VIDEO && *cut != PH_CUT_DISCONTINUITY && is_running;
    return apply(f, *cut, closed, is_next ? packet->dts : expected_video_end(f));
}

/*
 * Players put the time of an event beside those of the pictures. In the ticks of their track both
 * are whole numbers, and rounded alike.
 */
static void write_events(struct ph_fmp4 *f)
{
    const struct ph_track *reference = f->video != NULL ? f->video : f->audio;
    struct ph_writer boxes;

    if (!f->segmenter.part.has_reference) {
        return; /* its newest packet is in a part that is closed */
    }
    ph_writer_init(&boxes, EVENT_BYTES_MAX);
    ph_events_write(&f->events, f->newest, (uint32_t)reference->time_base.den, &boxes);
    if (boxes.len > 0 && !boxes.failed) {
        ph_cmaf_add_box(f->cmaf, boxes.data, boxes.len);
    }
    ph_writer_fini(&boxes);
}

void ph_fmp4_add_cue(struct ph_fmp4 *f, const struct ph_cue *cue, ph_usec at, const void *tag,
                     size_t len)
{
    ph_events_add(&f->events, cue, at, tag, len);
    write_events(f);
}

int ph_fmp4_add(struct ph_fmp4 *f, const AVPacket *packet, const struct ph_frame *frame)
{
    int err = make_muxer(f);

    if (err == PH_OK) {
        err = ph_cmaf_add(f->cmaf, packet);
    }
    if (err != PH_OK) {
        return err;
    }
    if (frame->kind == PH_TRACK_VIDEO && !f->has_composition) {
        f->composition =
            av_rescale_q(packet->pts - packet->dts, f->video->time_base, AV_TIME_BASE_Q);
        f->has_composition = true;
    }
    ph_segmenter_add(&f->segmenter, frame);
    if (!f->has_first_part) {
        f->pdt = date_of_segment(f);
    }
    if (frame->kind == f->segmenter.reference) {
        f->newest = frame->dts + f->composition;
        write_events(f);
    }
    return PH_OK;
}

int ph_fmp4_after(struct ph_fmp4 *f, bool *did_cut)
{
    struct ph_closed closed;

    *did_cut = ph_segmenter_after(&f->segmenter, &closed);
    return *did_cut ? apply(f, PH_CUT_PART, &closed, expected_video_end(f)) : PH_OK;
}

int ph_fmp4_flush(struct ph_fmp4 *f)
{
    struct ph_closed closed;
    int64_t video_end = expected_video_end(f);
    enum ph_cut cut = ph_segmenter_flush(&f->segmenter, &closed);

    f->closed.duration = 0;
    ph_events_clear(&f->events);
    return apply(f, cut, &closed, video_end);
}

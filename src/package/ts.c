/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For players without fragmented MP4. Beside the fMP4 renditions a second muxing costs as much
 * again, so nothing happens here until somebody asks.
 */
#include "ts.h"

#include <libavutil/avutil.h>
#include <libavutil/mathematics.h>

void ph_ts_init(struct ph_ts *ts, const struct ph_window_params *window, struct ph_stats *stats)
{
    *ts = (struct ph_ts){0};
    ph_output_init(&ts->output, window, stats);
}

void ph_ts_fini(struct ph_ts *ts)
{
    ph_mpegts_destroy(&ts->mpegts);
    ph_track_unref(&ts->video);
    ph_track_unref(&ts->audio);
    ph_output_fini(&ts->output);
}

void ph_ts_set_tracks(struct ph_ts *ts, struct ph_track *video, struct ph_track *audio,
                      bool is_break)
{
    bool is_same = ph_track_equal(ts->video, video) && ph_track_equal(ts->audio, audio);

    if (is_break || !is_same) {
        ph_mpegts_destroy(&ts->mpegts);
        ph_output_break(&ts->output);
        ts->is_unsupported = false;
    }
    ph_track_unref(&ts->video);
    ph_track_unref(&ts->audio);
    ts->video = video != NULL ? ph_track_ref(video) : NULL;
    ts->audio = audio != NULL ? ph_track_ref(audio) : NULL;
}

void ph_ts_want(struct ph_ts *ts, bool wanted)
{
    if (ts->is_wanted && !wanted) {
        ph_mpegts_destroy(&ts->mpegts);
        ph_output_reset(&ts->output);
    }
    ts->is_wanted = wanted;
}

void ph_ts_give_up(struct ph_ts *ts)
{
    ph_mpegts_destroy(&ts->mpegts);
    ts->is_unsupported = true;
}

int ph_ts_end_segment(struct ph_ts *ts, const struct ph_fmp4 *leader, bool is_break)
{
    struct ph_buf *segment = NULL;
    int err = ts->mpegts != NULL ? ph_mpegts_cut(ts->mpegts, &segment) : PH_EAGAIN;

    /* What the leader could not publish would shift all numbers that follow. */
    if (err == PH_OK && leader->closed.duration == 0) {
        ph_buf_unref(&segment);
    } else if (err == PH_OK) {
        ph_output_add_part(&ts->output, segment, leader->closed.pdt, leader->closed.duration,
                           leader->closed.is_independent);
        ph_output_close_segment(&ts->output);
    }
    if (is_break) {
        ph_output_break(&ts->output);
    }
    if (is_break || (err != PH_OK && leader->closed.duration > 0)) {
        ph_mpegts_destroy(&ts->mpegts);
    }
    return err == PH_EAGAIN ? PH_OK : err;
}

int ph_ts_begin_segment(struct ph_ts *ts, const struct ph_fmp4 *leader, bool is_access)
{
    /* Behind the leader after tracks that MPEG-TS cannot carry, or faults of the muxer. */
    bool is_first =
        ts->output.window == NULL || ph_output_msn(&ts->output) != ph_output_msn(&leader->output);

    if (!ts->is_wanted || ts->is_unsupported || ts->mpegts != NULL || (is_first && !is_access)) {
        return PH_OK;
    }
    int err = ph_mpegts_create(&ts->mpegts, ts->video, ts->audio, !is_first);
    ts->is_unsupported = err != PH_OK;
    if (err == PH_OK && is_first) {
        ph_output_join(&ts->output, &leader->output);
    }
    return err == PH_EUNSUPPORTED ? PH_OK : err;
}

int ph_ts_add(struct ph_ts *ts, const AVPacket *packet)
{
    return ts->mpegts != NULL ? ph_mpegts_add(ts->mpegts, packet) : PH_OK;
}

int ph_ts_add_id3(struct ph_ts *ts, const void *tag, size_t len, ph_usec at)
{
    int64_t pts = av_rescale_q(at, AV_TIME_BASE_Q, (AVRational){1, 90000});

    return ts->mpegts != NULL ? ph_mpegts_add_id3(ts->mpegts, tag, len, pts) : PH_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a channel's packets to the windows: interleave → fMP4 with video, which leads, → fMP4
 * without → MPEG-TS → captions. Here is what concerns all renditions at once: programs, pauses, the
 * end, the multivariant playlist, and faults of the muxers.
 */
#include "index.h"
#include "state.h"

#include <phien/core/log.h>

#include <libavutil/mathematics.h>

/* No sane timeline gets here, and sums of what is below it do not overflow. */
#define DTS_MAX (INT64_C(1) << 52)
/* So many faults in this time, and everything is begun anew. */
#define FAULTS_TIME (10 * PH_USEC_PER_S)

/* The longest wait for a key frame before the operator is told that there are too few. */
#define GOP_PATIENCE (15 * PH_USEC_PER_S)

enum { FAULTS_MAX = 16 };

/* Whether each segment that is listed begins where decoding can. */
static bool is_independent(const struct ph_packager *p)
{
    const struct ph_window *window = p->av.output.window;
    int64_t listed = window != NULL ? (int64_t)ph_window_listed(window) : 0;

    return p->last_dependent_msn < ph_output_msn(&p->av.output) - listed;
}

static struct ph_index_rate rate_of(const struct ph_output *output)
{
    struct ph_index_rate rate = {0};

    if (output->window != NULL) {
        ph_window_bitrate(output->window, &rate.peak_bps, &rate.average_bps);
    }
    return rate;
}

static void write_index(struct ph_packager *p)
{
    ph_usec frame = ph_segmenter_frame(&p->av.segmenter);
    const struct ph_index index = {
        .program = p->program,
        .av = rate_of(&p->av.output),
        .audio = rate_of(&p->audio.output),
        .fps = frame > 0 ? (double)PH_USEC_PER_S / (double)frame : 0,
        .is_independent = is_independent(p),
    };

    ph_buf_unref(&p->index);
    p->index = ph_index_format(&index);
}

/*
 * Once a session. The distance is known when the next key frame comes; whoever sends hardly any
 * is told before that.
 */
static void tell_gop_long(struct ph_packager *p, ph_usec gop, bool is_known)
{
    if (!p->is_gop_long || p->is_gop_told || (!is_known && gop < GOP_PATIENCE)) {
        return;
    }
    p->is_gop_told = true;
    ph_log_warn(
        "channel.gop_long", ph_kv("channel", p->channel),
        ph_kv_real(is_known ? "gop_s" : "gop_s_so_far", (double)gop / PH_USEC_PER_S),
        ph_kv_real("limit_s", (double)ph_segmenter_longest(&p->av.segmenter) / PH_USEC_PER_S),
        ph_kv("text", "key frames are too far apart, so segments begin where decoding "
                      "cannot: set the key frame interval in the app to 2 s"));
}

static void log_lost(const struct ph_packager *p, int err)
{
    if (err != PH_OK) {
        ph_log_warn("package.lost", ph_kv("channel", p->channel),
                    ph_kv("reason", ph_err_name(err)));
    }
}

/* Whether it is time to begin anew; true once in FAULTS_TIME at most. */
static bool note_fault(struct ph_packager *p, struct ph_faults *faults, int err)
{
    if (faults->count == 0 || p->now - faults->since > FAULTS_TIME) {
        *faults = (struct ph_faults){.since = p->now};
        log_lost(p, err);
    }
    return ++faults->count == FAULTS_MAX;
}

/* Trouble with MPEG-TS is no reason to interrupt those who watch the rest. */
static void note_ts(struct ph_packager *p, int err)
{
    if (err != PH_OK && note_fault(p, &p->ts_faults, err)) {
        ph_log_error("package.ts_off", ph_kv("channel", p->channel),
                     ph_kv("text", "the muxer refused too many packets"));
        ph_ts_give_up(&p->ts);
    }
}

/* The leader has ended a segment: so do the others, each in its own way. */
static void end_segment(struct ph_packager *p, bool is_break)
{
    if (p->av.closed.duration > 0) {
        if (!p->av.closed.is_independent) {
            p->last_dependent_msn = ph_output_msn(&p->av.output) - 1;
        }
        write_index(p);
    }
    note_ts(p, ph_ts_end_segment(&p->ts, &p->av, is_break));
    ph_cards_end_segment(&p->cards, &p->av);
    if (is_break) {
        ph_cues_break(&p->cues);
    }
}

static int first_error(int a, int b)
{
    return a != PH_OK ? a : b;
}

static int take_av(struct ph_packager *p, const AVPacket *packet, const struct ph_frame *frame)
{
    enum ph_cut cut = PH_CUT_NONE;
    struct ph_closed closed;

    if (frame->kind == PH_TRACK_VIDEO) {
        tell_gop_long(p, ph_gop_until(&p->av.segmenter.gop, frame->dts), frame->is_random_access);
    }
    int err = ph_fmp4_before(&p->av, packet, frame, &cut, &closed);
    p->is_gop_long |= closed.is_gop_long;
    if (cut == PH_CUT_SEGMENT) {
        ph_segmenter_follow(&p->audio.segmenter, frame->dts);
        end_segment(p, false);
    } else if (cut == PH_CUT_DISCONTINUITY) {
        end_segment(p, true);
        err = first_error(err, ph_packager_break_sound(p));
    }
    if (cut != PH_CUT_NONE) {
        ph_packager_publish(p);
    }
    if (cut == PH_CUT_SEGMENT || !p->av.segmenter.is_running) {
        note_ts(p, ph_ts_begin_segment(&p->ts, &p->av, frame->is_random_access));
    }
    int add_err = ph_fmp4_add(&p->av, packet, frame);
    if (add_err == PH_OK && frame->kind == p->av.segmenter.reference) {
        note_ts(p, ph_packager_place_cues(p));
    }
    note_ts(p, ph_ts_add(&p->ts, packet));
    return first_error(err, add_err);
}

/* A packet in its place among both tracks. */
static int take(struct ph_packager *p, const AVPacket *packet, ph_usec dts)
{
    const struct ph_track *track = ph_program_track(p->program, packet->stream_index);
    const struct ph_frame frame = {
        .kind = track->kind,
        .dts = dts,
        .is_random_access = ph_track_is_random_access(track, packet),
        .bytes = (size_t)packet->size,
    };
    int err = take_av(p, packet, &frame);

    if (frame.kind == PH_TRACK_AUDIO) {
        err = first_error(err, ph_packager_take_sound(p, packet, &frame));
    }
    return err;
}

static ph_usec dts_of(const AVPacket *packet, const struct ph_track *track)
{
    return av_rescale_q(packet->dts, track->time_base, AV_TIME_BASE_Q);
}

/* The audio that need not wait for video any more. */
static int take_waiting(struct ph_packager *p, bool all)
{
    AVPacket *packet = NULL;
    int err = PH_OK;

    while ((packet = ph_interleave_pull(&p->interleave, all)) != NULL) {
        err = first_error(err, take(p, packet, dts_of(packet, p->program->audio)));
        av_packet_free(&packet);
    }
    return err;
}

static int take_video(struct ph_packager *p, const AVPacket *packet, ph_usec dts)
{
    ph_interleave_video(&p->interleave, dts);
    ph_packager_begin_sound(p, packet);
    int err = take_waiting(p, false);
    err = first_error(err, take(p, packet, dts));
    ph_interleave_video(&p->interleave, dts + ph_segmenter_frame(&p->av.segmenter));
    err = first_error(err, take_waiting(p, false));
    return first_error(err, ph_packager_fill_sound(p, packet));
}

static int take_any(struct ph_packager *p, const AVPacket *packet, ph_usec dts)
{
    bool did_cut = false;
    int err = PH_OK;

    if (packet->stream_index == PH_TRACK_VIDEO) {
        err = take_video(p, packet, dts);
    } else if (ph_interleave_passes(&p->interleave, dts)) {
        err = take(p, packet, dts);
    } else if (ph_interleave_push(&p->interleave, packet, dts)) {
        err = take_waiting(p, false);
    } else {
        err = PH_ENOMEM;
    }
    err = first_error(err, ph_fmp4_after(&p->av, &did_cut));
    if (did_cut) {
        ph_packager_publish(p);
    }
    return err;
}

/* Everything that is under way is closed with what it has. */
static int close_all(struct ph_packager *p)
{
    int err = p->program != NULL ? take_waiting(p, true) : PH_OK;

    err = first_error(err, ph_fmp4_flush(&p->av));
    end_segment(p, false);
    ph_cues_break(&p->cues);
    return first_error(err, ph_packager_end_sound(p));
}

static void set_tracks(struct ph_packager *p, bool is_break)
{
    struct ph_track *video = p->program->video;
    struct ph_track *audio = p->program->audio;

    ph_fmp4_set_tracks(&p->av, video, audio, is_break);
    ph_packager_set_sound(p, is_break);
    ph_ts_set_tracks(&p->ts, video, audio, is_break);
    ph_interleave_begin(&p->interleave, video != NULL);
}

static void start_anew(struct ph_packager *p)
{
    ph_log_error("package.restart", ph_kv("channel", p->channel),
                 ph_kv_int("faults", p->faults.count),
                 ph_kv("text", "the muxer refused too many packets"));
    log_lost(p, close_all(p));
    set_tracks(p, true);
    ph_packager_publish(p);
}

static void on_program(void *arg, struct ph_program *program, ph_usec wall, bool discontinuity)
{
    struct ph_packager *p = arg;

    log_lost(p, close_all(p));
    bool is_break = discontinuity || !ph_program_equal(p->program, program);
    ph_program_unref(&p->program);
    p->program = ph_program_ref(program);
    p->av.wall = wall;
    p->audio.wall = wall;
    set_tracks(p, is_break);
    if (p->index != NULL) { /* it tells new viewers what codecs to expect */
        write_index(p);
        ph_output_touch(&p->av.output);
    }
    ph_packager_publish(p);
}

static bool is_sane(const AVPacket *packet, ph_usec dts)
{
    return packet->size > 0 && packet->pts >= packet->dts && packet->dts >= 0 && dts >= 0 &&
           dts <= DTS_MAX;
}

static void on_packet(void *arg, const AVPacket *packet, ph_usec now)
{
    struct ph_packager *p = arg;
    const struct ph_track *track =
        p->program != NULL ? ph_program_track(p->program, packet->stream_index) : NULL;

    if (track == NULL) {
        return; /* of a track that is not in the program */
    }
    p->now = now;
    ph_usec dts = dts_of(packet, track);
    int err = is_sane(packet, dts) ? take_any(p, packet, dts) : PH_EINVAL;
    if (err == PH_OK) {
        return;
    }
    ph_stats_add(p->stats, PH_STAT_INGEST_DROPPED, 1);
    if (note_fault(p, &p->faults, err)) {
        start_anew(p);
    }
}

static void on_pause(void *arg, ph_usec now)
{
    struct ph_packager *p = arg;

    (void)now;
    log_lost(p, close_all(p));
    ph_output_abandon_hint(&p->av.output);
    ph_output_abandon_hint(&p->audio.output);
    ph_packager_publish(p);
    p->is_gop_long = false;
    p->is_gop_told = false;
}

static void on_end(void *arg, ph_usec now)
{
    struct ph_packager *p = arg;

    on_pause(p, now);
    ph_output_end(&p->av.output);
    ph_output_end(&p->audio.output);
    ph_output_end(&p->ts.output);
    ph_output_end(&p->cards.output);
    ph_packager_publish(p);
}

static void on_cue(void *arg, struct ph_cue *cue)
{
    struct ph_packager *p = arg;

    ph_cues_set(&p->cues, cue);
}

const struct ph_sink_ops ph_packager_sink = {
    .on_program = on_program,
    .on_packet = on_packet,
    .on_pause = on_pause,
    .on_end = on_end,
    .on_cue = on_cue,
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the audio rendition gets. Its segments are those of the leading rendition, with the same
 * numbers and dates, so where its publisher sends no sound it goes on with silence: while sound
 * stops and pictures come, while the program has no audio, and at an end that the sound had not
 * reached. With a codec whose silence is not known (silence.h) it stands still instead, makes up
 * for boundaries with segments of a packet each, and takes the leader's numbers when it is behind
 * at the end of a program.
 */
#include "state.h"

#include <phien/media/silence.h>

#include <libavutil/mathematics.h>

/* Sound may come so much later than its pictures before silence takes its place. */
#define PATIENCE (2 * PH_USEC_PER_S)
/* A publisher whose sound comes later than that all the time is waited for, but not longer. */
#define PATIENCE_MARGIN (PH_USEC_PER_S / 2)
#define PATIENCE_MAX (10 * PH_USEC_PER_S)
/* A segment may begin so much before its pictures without rounding to more than the target. */
#define EARLY_MAX (35 * PH_USEC_PER_MS)

static int first_error(int a, int b)
{
    return a != PH_OK ? a : b;
}

static ph_usec to_usec(const struct ph_packager *p, int64_t ticks)
{
    return av_rescale_q(ticks, p->audio.audio->time_base, AV_TIME_BASE_Q);
}

static bool can_fill(const struct ph_packager *p)
{
    return p->sound.silence != NULL && p->sound.next != AV_NOPTS_VALUE;
}

static int add(struct ph_packager *p, const AVPacket *packet, const struct ph_frame *frame)
{
    enum ph_cut cut = PH_CUT_NONE;
    struct ph_closed closed;
    bool did_cut = false;
    int err = ph_fmp4_before(&p->audio, packet, frame, &cut, &closed);

    if (cut != PH_CUT_NONE) {
        ph_packager_publish(p);
    }
    err = first_error(err, ph_fmp4_add(&p->audio, packet, frame));
    err = first_error(err, ph_fmp4_after(&p->audio, &did_cut));
    if (did_cut) {
        ph_packager_publish(p);
    }
    p->sound.next = packet->dts + packet->duration;
    return err;
}

static int add_silence(struct ph_packager *p)
{
    AVPacket *packet = p->sound.silence;
    const struct ph_frame frame = {
        .kind = PH_TRACK_AUDIO,
        .dts = to_usec(p, p->sound.next),
        .is_random_access = true,
        .bytes = (size_t)packet->size,
    };

    packet->dts = p->sound.next;
    packet->pts = p->sound.next;
    int err = add(p, packet, &frame);
    p->sound.silent_to = to_usec(p, p->sound.next);
    return err;
}

/* As many whole packets as there is room for. */
static int fill(struct ph_packager *p, ph_usec until)
{
    int err = PH_OK;

    while (can_fill(p) && to_usec(p, p->sound.next + p->sound.silence->duration) <= until) {
        err = first_error(err, add_silence(p));
    }
    return err;
}

static void learn_patience(struct ph_packager *p, ph_usec sound)
{
    ph_usec video = p->interleave.video_end;
    ph_usec needed = video > sound ? video - sound + PATIENCE_MARGIN : 0;

    needed = needed < PATIENCE_MAX ? needed : PATIENCE_MAX;
    p->sound.patience = needed > p->sound.patience ? needed : p->sound.patience;
}

int ph_packager_take_sound(struct ph_packager *p, const AVPacket *packet,
                           const struct ph_frame *frame)
{
    struct ph_sound *sound = &p->sound;

    if (sound->start != PH_USEC_NEVER && frame->dts + EARLY_MAX < sound->start) {
        return PH_OK; /* the segment would be longer than the leader's by what comes early */
    }
    if (frame->dts < sound->silent_to) {
        learn_patience(p, frame->dts);
        return PH_OK; /* silence is there already */
    }
    int err = fill(p, frame->dts);
    return first_error(err, add(p, packet, frame));
}

void ph_packager_begin_sound(struct ph_packager *p, const AVPacket *picture)
{
    if (p->sound.start != PH_USEC_NEVER) {
        return;
    }
    AVRational ticks = p->program->video->time_base;
    p->sound.start = av_rescale_q(picture->dts, ticks, AV_TIME_BASE_Q);
    if (p->sound.silence != NULL && p->sound.next == AV_NOPTS_VALUE) {
        p->sound.next = av_rescale_q(picture->pts, ticks, p->audio.audio->time_base);
    }
}

int ph_packager_fill_sound(struct ph_packager *p, const AVPacket *picture)
{
    ph_usec end = p->interleave.video_end;

    ph_packager_begin_sound(p, picture);
    return fill(p, p->program->audio != NULL ? end - p->sound.patience : end);
}

/* Whether the leader has closed a segment that there would be none for. */
static bool lacks_segment(const struct ph_packager *p)
{
    const struct ph_segmenter *own = &p->audio.segmenter;

    return own->boundary_count > 0 || (own->segment_packets == 0 && p->av.closed.duration > 0);
}

/* What is short of the leader's end by less than a part may be so: sound is sent in bursts. */
static int fill_to_end(struct ph_packager *p)
{
    ph_usec end = p->av.segmenter.clock;
    int err = PH_OK;

    if (can_fill(p) && end - to_usec(p, p->sound.next) > p->audio.segmenter.params.part) {
        err = fill(p, end);
    }
    while (err == PH_OK && can_fill(p) && lacks_segment(p)) {
        err = add_silence(p);
    }
    return err;
}

static void forget_place(struct ph_packager *p)
{
    p->sound.next = AV_NOPTS_VALUE;
    p->sound.start = PH_USEC_NEVER;
    p->sound.silent_to = 0;
}

int ph_packager_end_sound(struct ph_packager *p)
{
    int err = fill_to_end(p);

    err = first_error(err, ph_fmp4_flush(&p->audio));
    forget_place(p);
    return err;
}

/*
 * A playlist that has fallen behind forgets what it lists rather than numbers being different; but
 * not before there is something else for it to list.
 */
static void join_leader(struct ph_packager *p)
{
    struct ph_output *output = &p->audio.output;

    if (p->audio.audio == NULL) {
        return;
    }
    if (output->window == NULL || ph_output_msn(output) < ph_output_msn(&p->av.output)) {
        ph_output_join(output, &p->av.output);
    }
}

int ph_packager_break_sound(struct ph_packager *p)
{
    int err = ph_packager_end_sound(p);

    ph_fmp4_break(&p->audio);
    join_leader(p);
    return err;
}

/* A playlist that somebody may be watching goes on with the track that it has. */
static struct ph_track *choose_track(const struct ph_packager *p)
{
    const struct ph_window *window = p->audio.output.window;
    bool is_watched = window != NULL && !ph_window_is_ended(window);

    return p->program->audio != NULL ? p->program->audio : is_watched ? p->audio.audio : NULL;
}

void ph_packager_set_sound(struct ph_packager *p, bool is_break)
{
    struct ph_track *track = choose_track(p);

    av_packet_free(&p->sound.silence);
    p->sound.silence = p->program->video != NULL ? ph_silence_create(track) : NULL;
    p->sound.patience = PATIENCE;
    forget_place(p);
    if (p->program->audio == NULL && p->sound.silence == NULL) {
        track = NULL;
    }
    struct ph_track *kept = track != NULL ? ph_track_ref(track) : NULL;
    ph_fmp4_set_tracks(&p->audio, NULL, kept, is_break);
    ph_track_unref(&kept);
    join_leader(p);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between PES packets (ts/demux.c) and audio.c. A sync word may stand anywhere in the payload of a
 * frame, so one is only believed where a frame was to begin, or when another one follows where
 * its frame ends.
 */
#include "audio_split.h"

#include <string.h>

enum { SUBSTREAMS_MAX = 8, KEPT_MAX = PH_AUDIO_FRAME_MAX + PH_TS_PES_BYTES_MAX };

void ph_audio_split_init(struct ph_audio_split *split, ph_audio_read_cb read)
{
    *split = (struct ph_audio_split){.read = read, .follows_hole = true};
    ph_writer_init(&split->kept, KEPT_MAX);
}

void ph_audio_split_fini(struct ph_audio_split *split)
{
    ph_writer_fini(&split->kept);
}

static void forget_kept(struct ph_audio_split *split)
{
    ph_writer_fini(&split->kept);
    ph_writer_init(&split->kept, KEPT_MAX);
    split->mark_count = 0;
    split->search_at = 0;
}

static void note_hole(struct ph_audio_split *split)
{
    split->is_synced = false;
    split->follows_hole = true;
}

static void drop_marks(struct ph_audio_split *split, unsigned from, unsigned count)
{
    split->mark_count -= count;
    memmove(split->marks + from, split->marks + from + count,
            (split->mark_count - from) * sizeof(split->marks[0]));
}

static void add_mark(struct ph_audio_split *split, size_t at, int64_t pts)
{
    if (split->mark_count == PH_AUDIO_MARKS_MAX) {
        /* The frame in front needs the first; of what begins far behind it the time is given up. */
        split->marks[1].pts = PH_TS_NO_TIME;
        drop_marks(split, 2, 1);
    }
    split->marks[split->mark_count].at = at;
    split->marks[split->mark_count].pts = pts;
    split->mark_count++;
}

/* What lies before `pos` goes, but for the mark of the PES packet that `pos` is in. */
static void move_marks(struct ph_audio_split *split)
{
    unsigned past = 0;

    while (past + 1 < split->mark_count && split->marks[past + 1].at <= split->pos) {
        past++;
    }
    drop_marks(split, 0, past);
    for (unsigned i = 0; i < split->mark_count; i++) {
        size_t at = split->marks[i].at;
        split->marks[i].at = at > split->pos ? at - split->pos : 0;
    }
}

/* The timestamp of a PES packet is that of the first frame that begins in it. */
static int64_t take_pts(struct ph_audio_split *split)
{
    int64_t pts = PH_TS_NO_TIME;
    unsigned used = 0;

    for (; used < split->mark_count && split->marks[used].at <= split->pos; used++) {
        pts = split->marks[used].pts;
    }
    drop_marks(split, 0, used);
    return pts;
}

void ph_audio_split_feed(struct ph_audio_split *split, const struct ph_es_payload *payload)
{
    if (payload->follows_loss) {
        split->damaged += split->kept.len > 0;
        forget_kept(split);
        note_hole(split);
    }
    split->pos = 0;
    split->is_last = false;
    split->pes_start = split->kept.len;
    add_mark(split, split->pes_start, payload->pts);
    split->is_damaged = payload->is_damaged;
    split->data = payload->data;
    split->len = payload->len;
    if (split->kept.len > 0) {
        ph_write_bytes(&split->kept, payload->data, payload->len);
        split->data = split->kept.data;
        split->len = split->kept.len;
    }
    if (split->kept.failed) {
        forget_kept(split);
        note_hole(split);
        split->damaged++;
        split->len = 0;
    }
}

void ph_audio_split_end(struct ph_audio_split *split)
{
    split->data = split->kept.data;
    split->len = split->kept.len;
    split->pos = 0;
    split->is_damaged = false;
    split->is_last = true;
}

static int read_at(const struct ph_audio_split *split, size_t pos, struct ph_audio_frame *out)
{
    return split->read(split->data + pos, split->len - pos, out);
}

/*
 * E-AC-3: dependent substreams belong to the frame (as libavcodec's parser has it too). Only what
 * follows tells that there are no more; at the end of a PES packet it is as many as before.
 */
static int add_substreams(struct ph_audio_split *split, struct ph_audio_frame *frame)
{
    struct ph_audio_frame next;
    unsigned count = 0;

    while (frame->codec_id == AV_CODEC_ID_EAC3) {
        size_t end = split->pos + frame->len;
        if (end >= split->len) {
            bool is_whole = end == split->len && (split->is_last || count >= split->substreams);
            return is_whole ? PH_OK : PH_EAGAIN;
        }
        int err = read_at(split, end, &next);
        if (err == PH_EAGAIN) {
            return PH_EAGAIN;
        }
        if (err != PH_OK || !next.continues) {
            split->substreams = count;
            break;
        }
        if (++count > SUBSTREAMS_MAX) {
            return PH_EPROTO;
        }
        frame->len += next.len;
    }
    return PH_OK;
}

/* Whether a frame of the same kind is where this one ends, or the end of its PES packet. */
static int confirm(const struct ph_audio_split *split, const struct ph_audio_frame *frame)
{
    struct ph_audio_frame next;
    size_t end = split->pos + frame->len;

    if (end == split->len && (split->pos >= split->pes_start || split->is_last)) {
        return PH_OK;
    }
    int err = read_at(split, end, &next);
    return err == PH_OK && next.config != frame->config ? PH_EPROTO : err;
}

/* The frame at `pos`: PH_EPROTO if there is none, PH_EAGAIN if it is not whole. */
static int read_frame(struct ph_audio_split *split, struct ph_audio_frame *frame)
{
    int err = read_at(split, split->pos, frame);

    if (err == PH_OK && frame->continues && !split->is_synced) {
        return PH_EPROTO; /* the frame that it belongs to was lost */
    }
    if (err == PH_OK && !frame->continues) {
        err = add_substreams(split, frame);
    }
    if (err == PH_OK && frame->len > split->len - split->pos) {
        err = PH_EAGAIN;
    }
    if (err != PH_OK) {
        return err;
    }
    bool is_expected =
        split->is_synced || (split->pos == 0 && (split->kept.len == 0 || split->is_aligned));
    bool is_like_before = !split->has_config || frame->config == split->config;
    return is_expected && is_like_before && !split->is_damaged ? PH_OK : confirm(split, frame);
}

/* What is left waits for the next PES packet, unless bytes of it are missing. */
static void keep_rest(struct ph_audio_split *split)
{
    size_t left = split->len - split->pos;
    struct ph_writer old = split->kept;

    if (split->is_damaged || left > PH_AUDIO_FRAME_MAX) {
        split->damaged++;
        note_hole(split);
        forget_kept(split);
    } else {
        if (old.len == 0 || split->pos > 0) {
            split->is_aligned = old.len == 0 && split->pos == 0;
            move_marks(split);
            ph_writer_init(&split->kept, KEPT_MAX);
            if (left > 0) {
                ph_write_bytes(&split->kept, split->data + split->pos, left);
            }
            ph_writer_fini(&old);
        }
        if (split->is_synced || split->len >= split->search_at) {
            split->search_at = split->is_synced ? 0 : left + left / 8;
        }
    }
    split->len = 0;
    split->pos = 0;
    split->is_damaged = false;
}

/* The frame that this belongs to went out already: from now on there will be a wait for it. */
static void skip_substream(struct ph_audio_split *split, const struct ph_audio_frame *frame)
{
    split->substreams += split->substreams < SUBSTREAMS_MAX;
    split->damaged++;
    split->pos += frame->len;
}

/* Where a frame was to begin there is none, though nothing is said to be missing. */
static void lose_sync(struct ph_audio_split *split)
{
    split->damaged++;
    note_hole(split);
    (void)take_pts(split); /* it was that frame's */
}

static void give(struct ph_audio_split *split, const struct ph_audio_frame *frame,
                 struct ph_audio_piece *out)
{
    *out = (struct ph_audio_piece){
        .frame = *frame,
        .data = split->data + split->pos,
        .pts = take_pts(split),
        .follows_hole = split->follows_hole,
    };
    split->is_synced = true;
    split->follows_hole = false;
    split->has_config = true;
    split->config = frame->config;
    split->pos += frame->len;
}

/*
 * While not synced, a frame that would still have to be confirmed does not keep others from being
 * looked at: it may be none, and promise bytes that never come.
 */
bool ph_audio_split_next(struct ph_audio_split *split, struct ph_audio_piece *out)
{
    struct ph_audio_frame frame;
    size_t waits_at = SIZE_MAX;
    bool is_worth_it = split->len >= split->search_at || split->is_last || split->is_damaged;

    while (is_worth_it && split->pos < split->len) {
        int err = read_frame(split, &frame);
        if (err == PH_OK && !frame.continues) {
            give(split, &frame, out);
            return true;
        }
        if (err == PH_OK) {
            skip_substream(split, &frame);
            continue;
        }
        if (split->is_damaged || (err == PH_EAGAIN && split->is_synced)) {
            break; /* how long the hole is, and so when what follows it is due, nobody knows */
        }
        if (err == PH_EAGAIN && waits_at == SIZE_MAX) {
            waits_at = split->pos;
        } else if (split->is_synced) {
            lose_sync(split);
        }
        split->pos++;
    }
    split->pos = waits_at < split->pos ? waits_at : split->pos;
    keep_rest(split);
    return false;
}

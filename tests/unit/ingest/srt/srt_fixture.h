/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PHIEN_TESTS_UNIT_INGEST_SRT_SRT_FIXTURE_H
#define PHIEN_TESTS_UNIT_INGEST_SRT_SRT_FIXTURE_H

#include "ts_mux.h"

#include <ingest/srt/session.h>

#include <inttypes.h>

enum { MESSAGE_BYTES = 7 * 188 };

/* An access unit as it came out, or a track. */
struct event {
    enum ph_track_kind kind;
    bool is_track;
    bool is_key;
    enum AVCodecID codec_id; /* of the track it belongs to */
    int64_t dts;
    int64_t pts;
    int size;
    uint64_t hash;
    size_t fed; /* bytes that had been fed by then */
};

/* A session with a hand-set clock, and what came out of it. */
struct fixture {
    struct ph_srt_session *session;
    ph_usec now;
    size_t fed;
    int err; /* of the last feed or tick */
    enum AVCodecID codec[PH_TRACK_KINDS];
    struct event *events;
    size_t count;
};

static inline uint64_t hash_bytes(const uint8_t *data, size_t len)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ data[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static inline void add_event(struct fixture *f, const struct event *event)
{
    if ((f->count & (f->count - 1)) == 0) {
        f->events = ph_realloc_array(f->events, f->count > 0 ? 2 * f->count : 1, sizeof(*event));
    }
    f->events[f->count] = *event;
    f->events[f->count++].fed = f->fed;
}

static inline void on_track(void *arg, struct ph_track *track)
{
    struct fixture *f = arg;

    f->codec[track->kind] = track->par->codec_id;
    add_event(f, &(struct event){
                     .kind = track->kind, .is_track = true, .codec_id = track->par->codec_id});
}

static inline void on_packet(void *arg, const AVPacket *packet)
{
    struct fixture *f = arg;
    enum ph_track_kind kind = (enum ph_track_kind)packet->stream_index;

    assert_true(kind == PH_TRACK_VIDEO || kind == PH_TRACK_AUDIO);
    assert_int_equal(packet->time_base.num, 1);
    assert_int_equal(packet->time_base.den, 90000);
    assert_non_null(packet->buf);
    assert_true(packet->size > 0);
    assert_int_not_equal(f->codec[kind], AV_CODEC_ID_NONE);
    add_event(f, &(struct event){.kind = kind,
                                 .is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0,
                                 .codec_id = f->codec[kind],
                                 .dts = packet->dts,
                                 .pts = packet->pts,
                                 .size = packet->size,
                                 .hash = hash_bytes(packet->data, (size_t)packet->size)});
}

static const struct ph_srt_session_ops fixture_ops = {.on_track = on_track, .on_packet = on_packet};

static inline void fixture_open(struct fixture *f, enum ph_conf_on_loss on_loss)
{
    *f = (struct fixture){.now = 1000 * PH_USEC_PER_S};
    assert_int_equal(ph_srt_session_create(&f->session, &ph_srt_limits_default, on_loss,
                                           &fixture_ops, f, f->now),
                     PH_OK);
}

static inline void fixture_close(struct fixture *f)
{
    ph_srt_session_destroy(&f->session);
    assert_null(f->session);
    free(f->events);
}

static inline int feed_lossy(struct fixture *f, const uint8_t *data, size_t len, size_t lost)
{
    /* A copy of its own size, so that reading beyond it is seen. */
    uint8_t *copy = malloc(len > 0 ? len : 1);

    assert_non_null(copy);
    if (len > 0) {
        memcpy(copy, data, len);
    }
    f->fed += len;
    f->err = ph_srt_session_feed(f->session, f->now, copy, len, lost);
    free(copy);
    return f->err;
}

/* In messages of `step` bytes, a millisecond apart. */
static inline void feed_in(struct fixture *f, const struct ts_bytes *bytes, size_t from,
                           size_t step)
{
    for (size_t at = from; at < bytes->len; at += step) {
        size_t len = bytes->len - at < step ? bytes->len - at : step;
        f->now += PH_USEC_PER_MS;
        assert_int_equal(feed_lossy(f, bytes->data + at, len, 0), PH_OK);
    }
}

static inline void feed(struct fixture *f, const struct ts_bytes *bytes)
{
    feed_in(f, bytes, 0, MESSAGE_BYTES);
}

static inline void flush(struct fixture *f)
{
    ph_srt_session_flush(f->session, f->now);
}

/* All of it at once, from a session that nothing happens to. */
static inline void play(struct fixture *f, const struct ts_bytes *bytes)
{
    fixture_open(f, PH_CONF_ON_LOSS_DROP);
    feed(f, bytes);
    flush(f);
}

static inline size_t count_of(const struct fixture *f, enum ph_track_kind kind)
{
    size_t count = 0;

    for (size_t i = 0; i < f->count; i++) {
        count += !f->events[i].is_track && f->events[i].kind == kind;
    }
    return count;
}

/* The index-th access unit of a kind. */
static inline const struct event *nth(const struct fixture *f, enum ph_track_kind kind,
                                      size_t index)
{
    for (size_t i = 0; i < f->count; i++) {
        if (!f->events[i].is_track && f->events[i].kind == kind && index-- == 0) {
            return &f->events[i];
        }
    }
    fail_msg("there are only %zu access units of kind %d", count_of(f, kind), (int)kind);
    return NULL;
}

static inline bool is_same_unit(const struct event *a, const struct event *b)
{
    return a->dts == b->dts && a->pts == b->pts && a->size == b->size && a->hash == b->hash &&
           a->is_key == b->is_key && a->codec_id == b->codec_id;
}

/* The same access units of this kind, at times that are `offset` later. */
static inline void assert_same_units(const struct fixture *wanted, const struct fixture *found,
                                     enum ph_track_kind kind, int64_t offset)
{
    assert_int_equal(count_of(found, kind), count_of(wanted, kind));
    for (size_t i = 0; i < count_of(wanted, kind); i++) {
        struct event a = *nth(wanted, kind, i);
        const struct event *b = nth(found, kind, i);
        a.dts += offset;
        a.pts += offset;
        if (!is_same_unit(&a, b)) {
            fail_msg("kind %d, unit %zu: dts %" PRId64 " pts %" PRId64 " size %d is dts %" PRId64
                     " pts %" PRId64 " size %d",
                     (int)kind, i, a.dts, a.pts, a.size, b->dts, b->pts, b->size);
        }
    }
}

static inline void assert_same(const struct fixture *wanted, const struct fixture *found,
                               int64_t offset)
{
    assert_same_units(wanted, found, PH_TRACK_VIDEO, offset);
    assert_same_units(wanted, found, PH_TRACK_AUDIO, offset);
}

/* "h264 aac hevc": the tracks in the order in which they were told. */
static inline void assert_tracks(const struct fixture *f, const char *wanted)
{
    char found[256] = "";

    for (size_t i = 0; i < f->count; i++) {
        if (f->events[i].is_track) {
            size_t len = strlen(found);
            snprintf(found + len, sizeof(found) - len, "%s%s", len > 0 ? " " : "",
                     avcodec_get_name(f->events[i].codec_id));
        }
    }
    assert_string_equal(found, wanted);
}

static inline int tick_at(struct fixture *f, ph_usec now)
{
    f->now = now;
    f->err = ph_srt_session_tick(f->session, now);
    return f->err;
}

/* Nothing happens up to the deadline, which is `after` from now; then the session is over. */
static inline void assert_ends(struct fixture *f, ph_usec after, enum ph_close_reason reason,
                               const char *detail)
{
    ph_usec at = ph_srt_session_deadline(f->session);

    assert_int_equal(at - f->now, after);
    assert_int_equal(tick_at(f, at - 1), PH_OK);
    assert_int_equal(ph_srt_session_reason(f->session), PH_CLOSE_NONE);
    int err = tick_at(f, at);
    assert_int_not_equal(err, PH_OK);
    assert_string_equal(ph_srt_session_detail(f->session), detail);
    assert_int_equal(ph_srt_session_reason(f->session), reason);
    /* From then on nothing is taken and nothing comes out. */
    size_t count = f->count;
    assert_int_equal(ph_srt_session_deadline(f->session), PH_USEC_NEVER);
    assert_int_equal(tick_at(f, at + 1), err);
    assert_int_equal(feed_lossy(f, (const uint8_t *)"G", 1, 3), err);
    flush(f);
    assert_int_equal(f->count, count);
}

#endif

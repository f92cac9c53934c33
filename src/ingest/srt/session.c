/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last step of an SRT connection before the channel: messages of MPEG-TS go to the
 * demultiplexer (ts.h), its PES packets with times free of wraps to their elementary streams
 * (es.h), and what those make of them goes out. Here are also the clocks that run against it.
 */
#include "session.h"

#include "program.h"

#include <phien/core/mem.h>
#include <phien/media/unwrap.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TS_PACKET_BYTES 188
#define TS_CLOCK_BITS 33 /* ISO/IEC 13818-1, 2.4.3.7 */

/* What nearly all encoders put into a message. */
#define MESSAGE_PACKETS 7

/*
 * So much tells whether the bytes are a transport stream: a second of a phone's video, and far
 * more than a receiver that comes in the middle of a packet has to pass over.
 */
#define JUDGE_BYTES ((uint64_t)64 * 1024)

const struct ph_srt_limits ph_srt_limits_default = {
    .first_media_timeout = 10 * PH_USEC_PER_S,
    .media_timeout = 30 * PH_USEC_PER_S,
    .key_frame_timeout = 15 * PH_USEC_PER_S,
    .supported_timeout = 5 * PH_USEC_PER_S,
};

struct ph_srt_session {
    const struct ph_srt_session_ops *ops;
    void *arg;
    struct ph_srt_limits limits;
    ph_usec now; /* of the call that is running */
    ph_usec began;
    ph_usec last; /* the last PES packet of a stream that is taken; PH_USEC_NEVER: none came */
    uint64_t last_scrambled; /* how many packets had been scrambled by then */

    struct ph_ts *ts;
    struct ph_unwrap clock; /* the program's, so one for all streams */
    struct ph_srt_program program;
    struct ph_track *tracks[PH_TRACK_KINDS]; /* as they were told last */

    uint64_t bytes;
    size_t message_packets; /* TS packets that the largest message touched */

    int err; /* when it is over */
    enum ph_close_reason reason;
    char detail[160];
};

static int fail(struct ph_srt_session *session, int err, enum ph_close_reason reason,
                const char *format, ...) PH_PRINTF(4, 5);
static int fail(struct ph_srt_session *session, int err, enum ph_close_reason reason,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(session->detail, sizeof(session->detail), format, args);
    va_end(args);
    session->err = err;
    session->reason = reason;
    return err;
}

static void on_es_track(void *arg, struct ph_track *track)
{
    struct ph_srt_session *session = arg;
    struct ph_track **told = &session->tracks[track->kind];

    session->program.streams[track->kind].has_track = true;
    if (!ph_track_equal(track, *told)) {
        ph_track_unref(told);
        *told = ph_track_ref(track);
        session->ops->on_track(session->arg, track);
    }
}

/* Video is of no use to anybody before its first key frame. */
static void on_es_packet(void *arg, const AVPacket *packet)
{
    struct ph_srt_session *session = arg;
    struct ph_srt_stream *stream = &session->program.streams[packet->stream_index];

    stream->has_key_frame |= (packet->flags & AV_PKT_FLAG_KEY) != 0;
    if (stream->has_key_frame) {
        session->ops->on_packet(session->arg, packet);
    }
}

static const struct ph_es_ops es_ops = {.on_track = on_es_track, .on_packet = on_es_packet};

static void on_ts_streams(void *arg, const struct ph_ts_stream *streams, size_t count)
{
    struct ph_srt_session *session = arg;

    ph_srt_program_take(&session->program, streams, count, session->now);
}

/* From `dts` to `pts` by the shorter way round, whichever of the two is ahead. */
static int64_t add_offset(int64_t unwrapped_dts, int64_t dts, int64_t pts)
{
    uint64_t offset = ((uint64_t)pts - (uint64_t)dts) << (64 - TS_CLOCK_BITS);

    return (int64_t)((uint64_t)unwrapped_dts + (uint64_t)((int64_t)offset >> (64 - TS_CLOCK_BITS)));
}

/*
 * Only decoding times go through the shared clock: they are what streams are interleaved by. How
 * sensible they are is not judged here; the channel's timeline puts jumps back in line.
 */
static void set_times(struct ph_srt_session *session, const struct ph_ts_pes *pes,
                      struct ph_es_payload *out)
{
    int64_t dts = pes->dts != PH_TS_NO_TIME ? pes->dts : pes->pts;

    out->pts = PH_TS_NO_TIME;
    out->dts = PH_TS_NO_TIME;
    if (pes->pts != PH_TS_NO_TIME) {
        out->dts = ph_unwrap_next(&session->clock, (uint64_t)dts);
        out->pts = add_offset(out->dts, dts, pes->pts);
    }
}

static uint64_t count_scrambled(const struct ph_srt_session *session)
{
    struct ph_ts_counts counts;

    ph_ts_get_counts(session->ts, &counts);
    return counts.scrambled;
}

static void on_ts_pes(void *arg, const struct ph_ts_pes *pes)
{
    struct ph_srt_session *session = arg;
    struct ph_srt_stream *stream = ph_srt_program_find(&session->program, pes->stream);
    struct ph_es_payload payload = {.data = pes->data,
                                    .len = pes->len,
                                    .is_damaged = pes->is_damaged,
                                    .follows_loss = pes->follows_loss};

    if (stream == NULL) {
        return;
    }
    set_times(session, pes, &payload);
    session->last = session->now;
    session->last_scrambled = count_scrambled(session);
    if (stream->first_pes == PH_USEC_NEVER) {
        stream->first_pes = session->now;
    }
    ph_es_feed(stream->es, &payload);
}

static const struct ph_ts_ops ts_ops = {.on_streams = on_ts_streams, .on_pes = on_ts_pes};

int ph_srt_session_create(struct ph_srt_session **out, const struct ph_srt_limits *limits,
                          enum ph_conf_on_loss on_loss, const struct ph_srt_session_ops *ops,
                          void *arg, ph_usec now)
{
    struct ph_srt_session *session = ph_new(struct ph_srt_session);

    session->ops = ops;
    session->arg = arg;
    session->limits = *limits;
    session->now = now;
    session->began = now;
    session->last = PH_USEC_NEVER;
    session->message_packets = MESSAGE_PACKETS;
    ph_unwrap_init(&session->clock, TS_CLOCK_BITS);
    ph_srt_program_init(&session->program, on_loss, &es_ops, session);
    int err = ph_ts_create(&session->ts, &ts_ops, session);
    if (err != PH_OK) {
        free(session);
        return err;
    }
    *out = session;
    return PH_OK;
}

void ph_srt_session_destroy(struct ph_srt_session **ref)
{
    struct ph_srt_session *session = *ref;

    *ref = NULL;
    if (session == NULL) {
        return;
    }
    ph_ts_destroy(&session->ts);
    ph_srt_program_fini(&session->program);
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        ph_track_unref(&session->tracks[kind]);
    }
    free(session);
}

/* A lost message is taken to be as large as any that came. */
static void take_loss(struct ph_srt_session *session, size_t messages)
{
    size_t packets;

    if (messages > 0) {
        if (__builtin_mul_overflow(messages, session->message_packets, &packets)) {
            packets = SIZE_MAX;
        }
        ph_ts_lost(session->ts, packets);
    }
}

static void measure_message(struct ph_srt_session *session, size_t len)
{
    size_t packets = (len + TS_PACKET_BYTES - 1) / TS_PACKET_BYTES;

    if (len % TS_PACKET_BYTES != 0) {
        packets++; /* it may begin and end within packets */
    }
    if (packets > session->message_packets) {
        session->message_packets = packets;
    }
    session->bytes += len;
}

/* Whether TS packets are at least half of what came. */
static bool is_ts(const struct ph_srt_session *session)
{
    struct ph_ts_counts counts;

    ph_ts_get_counts(session->ts, &counts);
    return counts.packets * TS_PACKET_BYTES >= session->bytes / 2;
}

static int fail_ts(struct ph_srt_session *session)
{
    return fail(session, PH_EPROTO, PH_CLOSE_PROTOCOL, "the bytes are no MPEG-TS");
}

int ph_srt_session_feed(struct ph_srt_session *session, ph_usec now, const uint8_t *data,
                        size_t len, size_t lost_messages)
{
    if (session->err != PH_OK) {
        return session->err;
    }
    session->now = now;
    take_loss(session, lost_messages);
    measure_message(session, len);
    ph_ts_feed(session->ts, data, len);
    if (session->last == PH_USEC_NEVER && session->bytes >= JUDGE_BYTES && !is_ts(session)) {
        return fail_ts(session);
    }
    return PH_OK;
}

void ph_srt_session_flush(struct ph_srt_session *session, ph_usec now)
{
    if (session->err != PH_OK) {
        return;
    }
    session->now = now;
    ph_ts_flush(session->ts);
    ph_srt_program_flush(&session->program);
}

/* What will have gone on for too long, and when. */
struct deadline {
    ph_usec at;
    int (*fail)(struct ph_srt_session *session);
};

static int fail_silent(struct ph_srt_session *session)
{
    bool has_media = session->last != PH_USEC_NEVER;
    ph_usec timeout =
        has_media ? session->limits.media_timeout : session->limits.first_media_timeout;
    const char *what = count_scrambled(session) > session->last_scrambled
                           ? "nothing but scrambled packets"
                       : session->bytes == 0       ? "nothing"
                       : !session->program.has_map ? "MPEG-TS without a program map"
                                                   : "no media";

    if (!has_media && session->bytes > 0 && !is_ts(session)) {
        return fail_ts(session);
    }
    return fail(session, PH_ETIMEOUT, PH_CLOSE_TIMEOUT_MEDIA, "%s came for %d s", what,
                (int)(timeout / PH_USEC_PER_S));
}

static int fail_refused(struct ph_srt_session *session)
{
    return fail(session, PH_EUNSUPPORTED, PH_CLOSE_UNSUPPORTED_CODEC, "%s cannot be packaged",
                session->program.refused);
}

static int fail_scrambled(struct ph_srt_session *session)
{
    return fail(session, PH_EUNSUPPORTED, PH_CLOSE_UNSUPPORTED_CODEC, "the %s is scrambled",
                ph_es_kind(ph_srt_program_leader(&session->program)->es) == PH_TRACK_VIDEO
                    ? "video"
                    : "audio");
}

static int fail_audio(struct ph_srt_session *session)
{
    const struct ph_ts_stream *map = &session->program.streams[PH_TRACK_AUDIO].map;

    return fail(session, PH_EUNSUPPORTED, PH_CLOSE_UNSUPPORTED_CODEC,
                "no usable audio came (stream type 0x%02x, %s)", map->stream_type,
                avcodec_get_name(map->codec_id));
}

static int fail_key_frame(struct ph_srt_session *session)
{
    return fail(session, PH_ETIMEOUT, PH_CLOSE_NO_KEY_FRAME, "no key frame for %d s",
                (int)(session->limits.key_frame_timeout / PH_USEC_PER_S));
}

static void add_deadline(struct deadline *first, ph_usec start, ph_usec timeout,
                         int (*fail_so)(struct ph_srt_session *session))
{
    if (start != PH_USEC_NEVER && start + timeout < first->at) {
        *first = (struct deadline){start + timeout, fail_so};
    }
}

static struct deadline find_deadline(const struct ph_srt_session *session)
{
    const struct ph_srt_limits *limits = &session->limits;
    const struct ph_srt_stream *leader = ph_srt_program_leader(&session->program);
    const struct ph_srt_stream *video = &session->program.streams[PH_TRACK_VIDEO];
    bool has_media = session->last != PH_USEC_NEVER;
    struct deadline first = {PH_USEC_NEVER, NULL};

    add_deadline(&first, has_media ? session->last : session->began,
                 has_media ? limits->media_timeout : limits->first_media_timeout, fail_silent);
    add_deadline(&first, session->program.lacking_since, limits->supported_timeout, fail_refused);
    if (leader == NULL) {
        return first;
    }
    if (leader->first_pes == PH_USEC_NEVER && count_scrambled(session) > 0) {
        add_deadline(&first, leader->since, limits->supported_timeout, fail_scrambled);
    }
    if (leader == video && !video->has_key_frame) {
        add_deadline(&first, video->first_pes, limits->key_frame_timeout, fail_key_frame);
    }
    if (leader != video && !leader->has_track) {
        add_deadline(&first, leader->first_pes, limits->supported_timeout, fail_audio);
    }
    return first;
}

ph_usec ph_srt_session_deadline(const struct ph_srt_session *session)
{
    return session->err == PH_OK ? find_deadline(session).at : PH_USEC_NEVER;
}

int ph_srt_session_tick(struct ph_srt_session *session, ph_usec now)
{
    if (session->err != PH_OK) {
        return session->err;
    }
    struct deadline first = find_deadline(session);
    session->now = now;
    return now < first.at ? PH_OK : first.fail(session);
}

enum ph_close_reason ph_srt_session_reason(const struct ph_srt_session *session)
{
    return session->reason;
}

const char *ph_srt_session_detail(const struct ph_srt_session *session)
{
    return session->detail;
}

void ph_srt_session_get_counts(const struct ph_srt_session *session,
                               struct ph_srt_session_counts *out)
{
    *out = (struct ph_srt_session_counts){0};
    ph_ts_get_counts(session->ts, &out->ts);
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        ph_srt_program_get_counts(&session->program, (enum ph_track_kind)kind, &out->es[kind]);
    }
}

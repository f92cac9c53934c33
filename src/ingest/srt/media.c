/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last step of an SRT session: the demultiplexer's PES packets (ts/demux.h) go to their
 * elementary streams (es.h), with times free of wraps, and what those make of them goes out.
 */
#include "media.h"

#define TS_CLOCK_BITS 33 /* ISO/IEC 13818-1, 2.4.3.7 */

static void on_es_track(void *arg, struct ph_track *track)
{
    struct ph_srt_media *media = arg;
    struct ph_track **told = &media->tracks[track->kind];

    media->program.streams[track->kind].has_track = true;
    if (!ph_track_equal(track, *told)) {
        ph_track_unref(told);
        *told = ph_track_ref(track);
        media->ops->on_track(media->arg, track);
    }
}

static void on_es_packet(void *arg, const AVPacket *packet)
{
    struct ph_srt_media *media = arg;

    media->program.streams[packet->stream_index].has_key_frame |=
        (packet->flags & AV_PKT_FLAG_KEY) != 0;
    media->ops->on_packet(media->arg, packet);
}

static const struct ph_es_ops es_ops = {.on_track = on_es_track, .on_packet = on_es_packet};

static void on_ts_streams(void *arg, const struct ph_ts_stream *streams, size_t count)
{
    struct ph_srt_media *media = arg;

    ph_srt_program_take(&media->program, streams, count, media->now);
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
static void set_times(struct ph_srt_media *media, const struct ph_ts_pes *pes,
                      struct ph_es_payload *out)
{
    out->pts = PH_TS_NO_TIME;
    out->dts = PH_TS_NO_TIME;
    if (pes->pts != PH_TS_NO_TIME) {
        out->dts = ph_unwrap_next(&media->clock, (uint64_t)pes->dts);
        out->pts = add_offset(out->dts, pes->dts, pes->pts);
    }
}

static uint64_t count_scrambled(const struct ph_srt_media *media)
{
    struct ph_ts_counts counts;

    ph_ts_demux_get_counts(media->ts, &counts);
    return counts.scrambled;
}

static void on_ts_pes(void *arg, const struct ph_ts_pes *pes)
{
    struct ph_srt_media *media = arg;
    struct ph_srt_stream *stream = ph_srt_program_find(&media->program, pes->stream);
    struct ph_es_payload payload = {.data = pes->data,
                                    .len = pes->len,
                                    .is_damaged = pes->is_damaged,
                                    .follows_loss = pes->follows_loss};

    if (stream == NULL) {
        return;
    }
    set_times(media, pes, &payload);
    media->last = media->now;
    media->last_scrambled = count_scrambled(media);
    if (stream->first_pes == PH_USEC_NEVER) {
        stream->first_pes = media->now;
    }
    ph_es_feed(stream->es, &payload);
}

int ph_srt_media_init(struct ph_srt_media *media, enum ph_conf_on_loss on_loss,
                      const struct ph_srt_session_ops *ops, void *arg)
{
    static const struct ph_ts_ops ts_ops = {.on_streams = on_ts_streams, .on_pes = on_ts_pes};

    *media = (struct ph_srt_media){.ops = ops, .arg = arg, .last = PH_USEC_NEVER};
    ph_unwrap_init(&media->clock, TS_CLOCK_BITS);
    ph_srt_program_init(&media->program, on_loss, &es_ops, media);
    return ph_ts_demux_create(&media->ts, &ts_ops, media);
}

void ph_srt_media_fini(struct ph_srt_media *media)
{
    ph_ts_demux_destroy(&media->ts);
    ph_srt_program_fini(&media->program);
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        ph_track_unref(&media->tracks[kind]);
    }
}

void ph_srt_media_feed(struct ph_srt_media *media, ph_usec now, const uint8_t *data, size_t len,
                       size_t lost_packets)
{
    media->now = now;
    if (lost_packets > 0) {
        ph_ts_demux_lost(media->ts, lost_packets);
    }
    ph_ts_demux_feed(media->ts, data, len);
}

void ph_srt_media_flush(struct ph_srt_media *media, ph_usec now)
{
    media->now = now;
    ph_ts_demux_flush(media->ts);
    ph_srt_program_flush(&media->program);
}

void ph_srt_media_get_counts(const struct ph_srt_media *media, struct ph_srt_session_counts *out)
{
    *out = (struct ph_srt_session_counts){0};
    ph_ts_demux_get_counts(media->ts, &out->ts);
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        ph_srt_program_get_counts(&media->program, (enum ph_track_kind)kind, &out->es[kind]);
    }
}

static void add_deadline(struct ph_srt_deadline *first, ph_usec start, ph_usec timeout,
                         enum ph_srt_failure failure)
{
    if (start != PH_USEC_NEVER && start + timeout < first->at) {
        *first = (struct ph_srt_deadline){start + timeout, failure};
    }
}

struct ph_srt_deadline ph_srt_media_deadline(const struct ph_srt_media *media,
                                             const struct ph_srt_limits *limits, ph_usec began)
{
    const struct ph_srt_stream *leader = ph_srt_program_leader(&media->program);
    const struct ph_srt_stream *video = &media->program.streams[PH_TRACK_VIDEO];
    bool has_media = media->last != PH_USEC_NEVER;
    struct ph_srt_deadline first = {PH_USEC_NEVER, PH_SRT_FAILURE_NONE};

    add_deadline(&first, has_media ? media->last : began,
                 has_media ? limits->media_timeout : limits->first_media_timeout,
                 PH_SRT_FAILURE_SILENT);
    add_deadline(&first, media->program.lacking_since, limits->supported_timeout,
                 PH_SRT_FAILURE_REFUSED);
    if (leader == NULL) {
        return first;
    }
    if (leader->first_pes == PH_USEC_NEVER && count_scrambled(media) > 0) {
        add_deadline(&first, leader->since, limits->supported_timeout, PH_SRT_FAILURE_SCRAMBLED);
    }
    if (leader == video && !video->has_key_frame) {
        add_deadline(&first, video->first_pes, limits->key_frame_timeout, PH_SRT_FAILURE_KEY_FRAME);
    }
    if (leader != video && !leader->has_track) {
        add_deadline(&first, leader->first_pes, limits->supported_timeout, PH_SRT_FAILURE_UNUSABLE);
    }
    return first;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * H.264 and HEVC: access units become packets of length-prefixed NAL units, their parameter sets
 * tracks. What was lost on the way is decided on here: see es.h and the config's srt.on_loss.
 */
#include "access_units.h"
#include "kind.h"

#include <phien/core/mem.h>

#include <libavutil/intreadwrite.h>
#include <stdlib.h>
#include <string.h>

enum { NAL_LENGTH_BYTES = 4 };

/* 90 kHz. Without any distance measured yet, 30 frames a second. */
enum { FRAME_DISTANCE_DEFAULT = 3000, FRAME_DISTANCE_MAX = 90000 };

struct es_video {
    struct ph_es base;
    struct ph_access_units units;
    AVPacket *packet;

    /* Nothing is of use before the next random access point. */
    bool needs_random_access;
    /* The one that decoding began with: pictures that it leads, and that refer further back. */
    bool drops_leading;

    /* Decoding times, for access units that have none. */
    int64_t last_dts;
    int64_t last_told_dts; /* of the last that had its own; PH_TS_NO_TIME after a loss */
    int64_t units_since;   /* this one, itself included */
    int64_t frame_distance;
    int64_t composition_offset;

    uint64_t handed_out; /* access units that were found, for better or worse */
};

static void learn_times(struct es_video *video, const struct ph_unit_times *times)
{
    if (video->last_told_dts != PH_TS_NO_TIME && times->dts > video->last_told_dts) {
        int64_t distance = (times->dts - video->last_told_dts) / video->units_since;
        if (distance > 0 && distance <= FRAME_DISTANCE_MAX) {
            video->frame_distance = distance;
        }
    }
    video->composition_offset = times->pts - times->dts;
    video->last_told_dts = times->dts;
    video->units_since = 1;
}

/* False: nothing is known that a time could be made of. */
static bool get_times(struct es_video *video, const struct ph_access_unit *unit,
                      struct ph_unit_times *out)
{
    if (unit->times.dts != PH_TS_NO_TIME) {
        *out = unit->times;
        learn_times(video, out);
    } else if (video->last_dts != PH_TS_NO_TIME) {
        out->dts = video->last_dts + video->frame_distance;
        out->pts = out->dts + video->composition_offset;
        video->units_since++;
    } else {
        return false;
    }
    video->last_dts = out->dts;
    return true;
}

static bool tell_config(struct es_video *video, const struct ph_buf *config)
{
    struct ph_track *track;
    int err = ph_track_create_of(&track, video->base.codec_id, config->data, config->len);

    if (err == PH_OK) {
        ph_es_tell_track(&video->base, track);
    }
    return err == PH_OK;
}

/* Whether the access unit can be decoded, as far as is known. */
static bool is_usable(struct es_video *video, const struct ph_access_unit *unit, bool is_key)
{
    if (is_key) {
        video->drops_leading = video->needs_random_access;
        /* Its parameter sets were lost; with those of another one it would show garbage. */
        video->needs_random_access = unit->config == NULL;
        return !video->needs_random_access;
    }
    return !video->needs_random_access && !(unit->head.is_leading && video->drops_leading);
}

static bool fill_packet(AVPacket *packet, const struct ph_access_unit *unit)
{
    size_t size = 0;

    for (size_t i = 0; i < unit->nal_count; i++) {
        size += NAL_LENGTH_BYTES + unit->nals[i].len;
    }
    if (size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE || av_new_packet(packet, (int)size) < 0) {
        return false;
    }
    uint8_t *to = packet->data;
    for (size_t i = 0; i < unit->nal_count; i++) {
        AV_WB32(to, unit->nals[i].len);
        memcpy(to + NAL_LENGTH_BYTES, unit->data + unit->nals[i].offset, unit->nals[i].len);
        to += NAL_LENGTH_BYTES + unit->nals[i].len;
    }
    return true;
}

/* False: it cannot be used. */
static bool tell_unit(struct es_video *video, const struct ph_access_unit *unit,
                      const struct ph_unit_times *times)
{
    AVPacket *packet = video->packet;
    bool has_track =
        unit->config != NULL ? tell_config(video, unit->config) : video->base.track != NULL;

    if (!has_track || !fill_packet(packet, unit)) {
        video->needs_random_access = true;
        return false;
    }
    bool is_key = ph_track_is_random_access(video->base.track, packet);
    bool is_told = is_usable(video, unit, is_key);
    if (is_told) {
        packet->pts = times->pts;
        packet->dts = times->dts;
        packet->flags |= is_key ? AV_PKT_FLAG_KEY : 0;
        ph_es_tell_packet(&video->base, packet);
    }
    av_packet_unref(packet);
    return is_told;
}

static bool drops_damaged(const struct es_video *video)
{
    return video->base.on_loss != PH_CONF_ON_LOSS_PASS;
}

static void count_damaged(struct es_video *video)
{
    video->base.counts.damaged++;
    video->needs_random_access |= drops_damaged(video);
}

static void on_unit(void *arg, const struct ph_access_unit *unit)
{
    struct es_video *video = arg;
    struct ph_unit_times times;

    video->handed_out++;
    if (unit->is_rest) {
        count_damaged(video);
        return;
    }
    if (!get_times(video, unit, &times) || !tell_unit(video, unit, &times)) {
        video->base.counts.unusable++;
    }
}

/* What is under way lost its end, or the next access unit its beginning. */
static void take_loss(struct es_video *video)
{
    video->last_told_dts = PH_TS_NO_TIME;
    if (!drops_damaged(video)) {
        ph_access_units_end(&video->units);
        return;
    }
    if (ph_access_units_drop(&video->units)) {
        video->base.counts.damaged++;
    }
    video->needs_random_access = true;
}

static void drop_payload(struct es_video *video, const struct ph_es_payload *payload)
{
    /* It begins with a TS packet that was not lost, and so tells whether what is kept is whole. */
    if (ph_access_units_begins(&video->units, payload->data, payload->len)) {
        ph_access_units_end(&video->units);
    } else {
        (void)ph_access_units_drop(&video->units);
    }
    video->last_told_dts = PH_TS_NO_TIME;
    count_damaged(video);
}

/* Passed on as it is, if there is a slice in it. */
static void pass_payload(struct es_video *video, const struct ph_es_payload *payload)
{
    uint64_t handed_out = video->handed_out;

    ph_access_units_feed(&video->units, payload);
    ph_access_units_end(&video->units);
    video->last_told_dts = PH_TS_NO_TIME;
    if (video->handed_out == handed_out) {
        count_damaged(video);
    }
}

static void feed(struct ph_es *es, const struct ph_es_payload *payload)
{
    struct es_video *video = ph_container_of(es, struct es_video, base);

    if (payload->follows_loss) {
        take_loss(video);
    }
    if (!payload->is_damaged) {
        ph_access_units_feed(&video->units, payload);
    } else if (drops_damaged(video)) {
        drop_payload(video, payload);
    } else {
        pass_payload(video, payload);
    }
}

static void flush(struct ph_es *es)
{
    ph_access_units_end(&ph_container_of(es, struct es_video, base)->units);
}

static void destroy(struct ph_es *es)
{
    struct es_video *video = ph_container_of(es, struct es_video, base);

    ph_access_units_fini(&video->units);
    av_packet_free(&video->packet);
    free(video);
}

struct ph_es *ph_es_video_create(enum AVCodecID codec_id)
{
    static const struct ph_es_class class = {feed, flush, destroy};
    struct es_video *video = ph_new(struct es_video);

    video->base.class = &class;
    video->packet = av_packet_alloc();
    video->needs_random_access = true;
    video->last_dts = PH_TS_NO_TIME;
    video->last_told_dts = PH_TS_NO_TIME;
    video->frame_distance = FRAME_DISTANCE_DEFAULT;
    ph_access_units_init(&video->units, codec_id, on_unit, video);
    if (video->packet == NULL) {
        destroy(&video->base);
        return NULL;
    }
    return &video->base;
}

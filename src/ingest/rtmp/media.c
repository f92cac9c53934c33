/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last step of an RTMP session: message bodies become tracks and packets. Access units are
 * not touched and not copied; a packet references the message it came in.
 */
#include "media.h"

#include "aggregate.h"

#include <phien/core/mem.h>

#include <string.h>

#define NS_PER_MS 1000000

int ph_rtmp_media_init(struct ph_rtmp_media *media, const struct ph_rtmp_ops *ops, void *arg)
{
    *media = (struct ph_rtmp_media){
        .ops = ops, .arg = arg, .last = PH_USEC_NEVER, .first_frame = PH_USEC_NEVER};
    for (size_t i = 0; i < PH_TRACK_KINDS; i++) {
        media->kinds[i].first = PH_USEC_NEVER;
    }
    ph_unwrap_init(&media->clock, 32);
    media->packet = av_packet_alloc();
    return media->packet != NULL ? PH_OK : PH_ENOMEM;
}

void ph_rtmp_media_fini(struct ph_rtmp_media *media)
{
    av_packet_free(&media->packet);
    for (size_t i = 0; i < PH_TRACK_KINDS; i++) {
        ph_track_unref(&media->kinds[i].track);
    }
}

void ph_rtmp_media_start(struct ph_rtmp_media *media, ph_usec now)
{
    media->last = now;
}

/* Takes the caller's reference over. */
static void set_track(struct ph_rtmp_media *media, struct ph_track *track)
{
    struct ph_rtmp_media_kind *kind = &media->kinds[track->kind];

    ph_track_unref(&kind->track);
    kind->track = track;
    media->ops->on_track(media->arg, track);
}

/* NULL: the configuration is malformed, or of a kind that cannot be packaged. */
static struct ph_track *create_track(const struct ph_flv_tag *tag)
{
    struct ph_track *track = NULL;
    bool has_data = tag->what == PH_FLV_SEQUENCE_HEADER;

    if (ph_track_create_of(&track, tag->codec_id, tag->data, has_data ? tag->len : 0) != PH_OK) {
        track = NULL;
    }
    return track;
}

/*
 * Encoders repeat their sequence header, some with every key frame; only one that differs (the
 * phone was turned, the camera switched) says something.
 */
static void take_sequence_header(struct ph_rtmp_media *media, enum ph_track_kind kind,
                                 const struct ph_flv_tag *tag)
{
    struct ph_track *track = create_track(tag);

    if (track == NULL || ph_track_equal(track, media->kinds[kind].track)) {
        ph_track_unref(&track);
        return;
    }
    set_track(media, track);
}

/*
 * MP3, AC-3 and E-AC-3 say what they are in each frame; an Opus header may be left out and then
 * means stereo. True if there is a track for the packet now.
 */
static bool make_track_of_frame(struct ph_rtmp_media *media, const struct ph_flv_tag *tag)
{
    struct ph_track *track = create_track(tag);
    struct ph_track *refined = NULL;

    if (track == NULL) {
        return false;
    }
    if (ph_track_refine(&refined, track, media->packet) != PH_OK) {
        refined = NULL;
    }
    ph_track_unref(&track);
    if (refined == NULL) {
        return false;
    }
    set_track(media, refined);
    return true;
}

/*
 * The packet's memory is the message's, if nothing but the padding follows the frame. Frames of
 * an aggregate or a multitrack message are followed by others, and so are copied.
 */
static int fill_packet(AVPacket *packet, const struct ph_flv_tag *tag,
                       const struct ph_rtmp_message *message)
{
    bool is_last = tag->data + tag->len == message->data + message->len;

    if (is_last && message->payload != NULL) {
        packet->buf = av_buffer_ref(message->payload);
    } else {
        packet->buf = av_buffer_alloc(tag->len + AV_INPUT_BUFFER_PADDING_SIZE);
        if (packet->buf != NULL) {
            memcpy(packet->buf->data, tag->data, tag->len);
            memset(packet->buf->data + tag->len, 0, AV_INPUT_BUFFER_PADDING_SIZE);
        }
    }
    if (packet->buf == NULL) {
        return PH_ENOMEM;
    }
    packet->data = is_last && message->payload != NULL
                       ? message->payload->data + (tag->data - message->payload->data)
                       : packet->buf->data;
    packet->size = (int)tag->len;
    return PH_OK;
}

static void set_times(struct ph_rtmp_media *media, const struct ph_flv_tag *tag, int64_t ms)
{
    AVPacket *packet = media->packet;

    packet->dts = ms;
    packet->pts = ms + tag->cts_ms;
    packet->time_base = (AVRational){1, 1000};
    if (tag->nanoseconds > 0) {
        /* The offset makes the message's time exact, hence both of them. */
        packet->dts = packet->dts * NS_PER_MS + tag->nanoseconds;
        packet->pts = packet->pts * NS_PER_MS + tag->nanoseconds;
        packet->time_base = (AVRational){1, 1000 * NS_PER_MS};
    }
}

static bool has_track(struct ph_rtmp_media *media, enum ph_track_kind kind,
                      const struct ph_flv_tag *tag)
{
    const struct ph_track *track = media->kinds[kind].track;

    if (track != NULL && track->par->codec_id == tag->codec_id) {
        return true;
    }
    return kind == PH_TRACK_AUDIO && make_track_of_frame(media, tag);
}

/* Video is of no use to anybody before its first key frame. */
static bool is_wanted(struct ph_rtmp_media *media, ph_usec now, const AVPacket *packet)
{
    if (packet->stream_index != PH_TRACK_VIDEO) {
        return true;
    }
    if (media->first_frame == PH_USEC_NEVER) {
        media->first_frame = now;
    }
    media->has_key_frame |= (packet->flags & AV_PKT_FLAG_KEY) != 0;
    return media->has_key_frame;
}

static void take_frame(struct ph_rtmp_media *media, ph_usec now, enum ph_track_kind kind,
                       const struct ph_flv_tag *tag, const struct ph_rtmp_message *message)
{
    AVPacket *packet = media->packet;

    if (fill_packet(packet, tag, message) != PH_OK) {
        return;
    }
    packet->stream_index = (int)kind;
    packet->flags = tag->is_key ? AV_PKT_FLAG_KEY : 0;
    set_times(media, tag, ph_unwrap_next(&media->clock, message->timestamp));
    if (has_track(media, kind, tag) && is_wanted(media, now, packet) && !media->is_stopped) {
        media->ops->on_packet(media->arg, packet);
    }
    av_packet_unref(packet);
}

static void take_tag(struct ph_rtmp_media *media, ph_usec now,
                     const struct ph_rtmp_message *message)
{
    bool is_video = message->type == PH_RTMP_VIDEO;
    enum ph_track_kind kind = is_video ? PH_TRACK_VIDEO : PH_TRACK_AUDIO;
    struct ph_rtmp_media_kind *seen = &media->kinds[kind];
    struct ph_flv_tag tag;

    int err = is_video ? ph_flv_read_video(&tag, message->data, message->len)
                       : ph_flv_read_audio(&tag, message->data, message->len);
    if (err != PH_OK || tag.what == PH_FLV_NONE || (tag.what == PH_FLV_FRAME && tag.len == 0)) {
        return;
    }
    memcpy(seen->codec_name, tag.codec_name, sizeof(seen->codec_name));
    media->last = now;
    if (seen->first == PH_USEC_NEVER) {
        seen->first = now;
    }
    if (tag.what == PH_FLV_SEQUENCE_HEADER) {
        take_sequence_header(media, kind, &tag);
    } else if (tag.what == PH_FLV_FRAME) {
        take_frame(media, now, kind, &tag, message);
    }
}

void ph_rtmp_media_take(struct ph_rtmp_media *media, ph_usec now,
                        const struct ph_rtmp_message *message)
{
    if (message->type != PH_RTMP_AGGREGATE) {
        take_tag(media, now, message);
        return;
    }
    struct ph_rtmp_aggregate aggregate;
    struct ph_rtmp_message inner;
    ph_rtmp_aggregate_init(&aggregate, message);
    while (!media->is_stopped && ph_rtmp_aggregate_next(&aggregate, &inner)) {
        if (inner.type == PH_RTMP_AUDIO || inner.type == PH_RTMP_VIDEO) {
            take_tag(media, now, &inner);
        }
    }
}

static ph_usec add_time(ph_usec start, ph_usec duration)
{
    return start != PH_USEC_NEVER ? start + duration : PH_USEC_NEVER;
}

/*
 * When a track must be there. Video that cannot be packaged counts even beside good audio: a
 * seller whose picture nobody sees has to be told.
 */
static ph_usec get_supported_deadline(const struct ph_rtmp_media *media, ph_usec timeout)
{
    const struct ph_rtmp_media_kind *video = &media->kinds[PH_TRACK_VIDEO];
    const struct ph_rtmp_media_kind *audio = &media->kinds[PH_TRACK_AUDIO];

    if (video->track != NULL) {
        return PH_USEC_NEVER;
    }
    if (video->first != PH_USEC_NEVER) {
        return add_time(video->first, timeout);
    }
    return audio->track == NULL ? add_time(audio->first, timeout) : PH_USEC_NEVER;
}

struct ph_rtmp_media_deadline ph_rtmp_media_deadline(const struct ph_rtmp_media *media,
                                                     const struct ph_rtmp_limits *limits)
{
    struct ph_rtmp_media_deadline first = {add_time(media->last, limits->media_timeout),
                                           PH_CLOSE_TIMEOUT_MEDIA};
    ph_usec supported = get_supported_deadline(media, limits->supported_timeout);
    ph_usec key = media->has_key_frame ? PH_USEC_NEVER
                                       : add_time(media->first_frame, limits->key_frame_timeout);

    if (supported < first.at) {
        first = (struct ph_rtmp_media_deadline){supported, PH_CLOSE_UNSUPPORTED_CODEC};
    }
    if (key < first.at) {
        first = (struct ph_rtmp_media_deadline){key, PH_CLOSE_NO_KEY_FRAME};
    }
    return first;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "describe.h"

#include <string.h>

static json_t *describe_track(const struct ph_track *track)
{
    if (track == NULL) {
        return json_null();
    }
    json_t *json =
        json_pack("{s:s, s:s}", "codec", ph_track_codec_name(track), "codecs", track->codecs);
    if (track->kind == PH_TRACK_VIDEO) {
        json_object_set_new(json, "width", json_integer(track->par->width));
        json_object_set_new(json, "height", json_integer(track->par->height));
    } else {
        json_object_set_new(json, "sample_rate", json_integer(track->par->sample_rate));
    }
    return json;
}

static json_t *describe_link(const struct ph_link_stats *link)
{
    json_t *json = json_object();

    for (unsigned i = 0; i < PH_LINK_STAT_COUNT; i++) {
        enum ph_link_stat stat = (enum ph_link_stat)i;
        json_object_set_new(json, ph_link_stat_key(stat),
                            json_integer((json_int_t)ph_link_stats_get(link, stat)));
    }
    return json;
}

/* RTMP measures none. */
static bool has_link(const struct ph_publish_info *info, const struct ph_link_stats *link)
{
    return info->session != NULL && strcmp(info->protocol, "srt") == 0 &&
           atomic_load_explicit(&link->is_up, memory_order_relaxed);
}

static json_t *describe_session(const struct ph_publish_info *info,
                                const struct ph_channel_status *status,
                                const struct ph_link_stats *link)
{
    char since[32];

    if (info->session == NULL) {
        return json_null();
    }
    ph_clock_format_utc(info->since_wall, since);
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "id", info->session,
                  "protocol", info->protocol, "peer", info->peer, "application", info->application,
                  "since", since, "video_packets", (json_int_t)status->packets[PH_TRACK_VIDEO],
                  "audio_packets", (json_int_t)status->packets[PH_TRACK_AUDIO], "bytes",
                  (json_int_t)status->bytes[PH_TRACK_VIDEO] + status->bytes[PH_TRACK_AUDIO],
                  "dropped", (json_int_t)status->dropped, "jumps", (json_int_t)status->jumps);
    if (has_link(info, link)) {
        json_object_set_new(json, "link", describe_link(link));
    }
    return json;
}

static json_t *count_viewers(const struct ph_shared *shared, const struct ph_registry_entry *entry)
{
    return json_integer(ph_audience_viewers(ph_feeds_audience(shared->feeds), entry->index));
}

json_t *ph_describe_channel(const struct ph_shared *shared, const struct ph_registry_entry *entry)
{
    struct ph_channel_status status;
    struct ph_publish_info info;

    ph_channel_get_status(entry->channel, &status);
    ph_publish_hub_get_info(shared->hub, entry, &info);
    const struct ph_program *program = status.is_on_air ? status.program : NULL;
    json_t *json = json_pack("{s:s, s:s, s:b, s:i}", "name", entry->conf->name, "title",
                             ph_channel_title(entry->channel), "on_air", (int)status.is_on_air,
                             "home", (int)entry->home);
    json_object_set_new(json, "video", describe_track(program != NULL ? program->video : NULL));
    json_object_set_new(json, "audio", describe_track(ph_program_sound(program)));
    json_object_set_new(json, "bitrate_bps", json_integer((json_int_t)status.bitrate_bps));
    json_object_set_new(json, "fps", json_real(status.fps));
    json_object_set_new(json, "gop_s", json_real(status.gop_s));
    json_object_set_new(json, "av_offset_ms", json_real(status.av_offset_ms));
    json_object_set_new(json, "media_bytes",
                        json_integer((json_int_t)ph_feeds_bytes(shared->feeds, entry)));
    json_object_set_new(json, "viewers", count_viewers(shared, entry));
    json_object_set_new(json, "session",
                        describe_session(&info, &status, &shared->links[entry->index]));
    return json;
}

void ph_describe_quality_sample(const struct ph_shared *shared,
                                const struct ph_registry_entry *entry,
                                struct ph_quality_sample *out)
{
    const struct ph_link_stats *link = &shared->links[entry->index];
    struct ph_channel_status status;
    struct ph_publish_info info;

    ph_channel_get_status(entry->channel, &status);
    ph_publish_hub_get_info(shared->hub, entry, &info);
    *out = (struct ph_quality_sample){
        .is_on_air = status.is_on_air,
        .has_video = status.is_on_air && status.program->video != NULL,
        .packets = status.packets[PH_TRACK_VIDEO] + status.packets[PH_TRACK_AUDIO],
        .dropped = status.dropped,
        .bitrate_bps = status.bitrate_bps,
        .fps = status.fps,
    };
    if (has_link(&info, link)) {
        out->dropped += ph_link_stats_get(link, PH_LINK_STAT_DROPPED);
        out->rtt_ms = ph_link_stats_get(link, PH_LINK_STAT_RTT_MS);
        out->latency_ms = ph_link_stats_get(link, PH_LINK_STAT_LATENCY_MS);
    }
}

static json_t *describe_quality(const struct ph_shared *shared,
                                const struct ph_registry_entry *entry)
{
    struct ph_quality_sample sample;

    ph_describe_quality_sample(shared, entry, &sample);
    return json_string(ph_quality_judge(&shared->qualities[entry->index], &sample));
}

static json_t *describe_since(const struct ph_channel_status *status)
{
    char since[32];

    if (!status->is_on_air) {
        return json_null();
    }
    ph_clock_format_utc(status->on_air_since_wall, since);
    return json_string(since);
}

json_t *ph_describe_status(const struct ph_shared *shared, const struct ph_registry_entry *entry)
{
    const struct ph_link_stats *link = &shared->links[entry->index];
    struct ph_channel_status status;
    struct ph_publish_info info;

    ph_channel_get_status(entry->channel, &status);
    ph_publish_hub_get_info(shared->hub, entry, &info);
    const struct ph_program *program = status.is_on_air ? status.program : NULL;
    json_t *json = json_pack("{s:b}", "on_air", (int)status.is_on_air);
    json_object_set_new(json, "since", describe_since(&status));
    json_object_set_new(json, "protocol",
                        info.session != NULL ? json_string(info.protocol) : json_null());
    json_object_set_new(json, "video", describe_track(program != NULL ? program->video : NULL));
    json_object_set_new(json, "audio", describe_track(ph_program_sound(program)));
    json_object_set_new(json, "bitrate_bps", json_integer((json_int_t)status.bitrate_bps));
    json_object_set_new(json, "dropped", json_integer((json_int_t)status.dropped));
    json_object_set_new(json, "link", has_link(&info, link) ? describe_link(link) : json_null());
    json_object_set_new(json, "viewers", count_viewers(shared, entry));
    json_object_set_new(json, "quality", describe_quality(shared, entry));
    return json;
}

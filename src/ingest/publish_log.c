/* SPDX-License-Identifier: Apache-2.0 */
#include "publish_log.h"

#include <phien/core/log.h>

void ph_publish_log_start(const struct ph_publisher *publisher)
{
    ph_log_info("publish.start", ph_kv("channel", publisher->entry->conf->name),
                ph_kv("session", publisher->session), ph_kv("protocol", publisher->protocol),
                ph_kv("peer", publisher->peer), ph_kv("application", publisher->application));
}

void ph_publish_log_application(const struct ph_publisher *publisher)
{
    ph_log_info("publish.application", ph_kv("channel", publisher->entry->conf->name),
                ph_kv("session", publisher->session), ph_kv("application", publisher->application));
}

static const char *codec_of(const struct ph_track *track)
{
    return track != NULL ? ph_track_codec_name(track) : NULL;
}

void ph_publish_log_stop(const struct ph_publisher *publisher, enum ph_close_reason reason,
                         const char *detail)
{
    struct ph_channel_status status;

    ph_channel_get_status(publisher->entry->channel, &status);
    /* It was on air, though perhaps not at its end: the slate is there before a dead line is cut.
     */
    bool was_on_air = status.packets[PH_TRACK_VIDEO] + status.packets[PH_TRACK_AUDIO] > 0;
    const struct ph_track *video = was_on_air ? status.program->video : NULL;
    const struct ph_track *audio = was_on_air ? ph_program_sound(status.program) : NULL;
    double duration_s = (double)(ph_clock_mono() - publisher->since_mono) / PH_USEC_PER_S;
    int64_t bytes = status.bytes[PH_TRACK_VIDEO] + status.bytes[PH_TRACK_AUDIO];
    ph_log_at(ph_close_reason_is_error(reason) ? PH_LOG_WARN : PH_LOG_INFO, "publish.stop",
              ph_kv("channel", publisher->entry->conf->name), ph_kv("session", publisher->session),
              ph_kv("reason", ph_close_reason_name(reason)),
              ph_kv("detail", detail != NULL ? detail : ph_close_reason_text(reason)),
              ph_kv("peer", publisher->peer), ph_kv("application", publisher->application),
              ph_kv_real("duration_s", duration_s), ph_kv("video", codec_of(video)),
              ph_kv_int("width", video != NULL ? video->par->width : 0),
              ph_kv_int("height", video != NULL ? video->par->height : 0),
              ph_kv_real("fps", status.fps), ph_kv("audio", codec_of(audio)),
              ph_kv_int("mean_kbps", duration_s > 0 ? (double)bytes * 8 / 1000 / duration_s : 0),
              ph_kv_int("video_packets", status.packets[PH_TRACK_VIDEO]),
              ph_kv_int("audio_packets", status.packets[PH_TRACK_AUDIO]),
              ph_kv_int("dropped", status.dropped), ph_kv_int("jumps", status.jumps),
              ph_kv_real("gop_s", status.gop_s));
}

void ph_publish_log_refused(const struct ph_publisher *publisher, enum ph_close_reason reason)
{
    ph_log_warn("publish.refused", ph_kv("channel", publisher->entry->conf->name),
                ph_kv("session", publisher->session), ph_kv("protocol", publisher->protocol),
                ph_kv("reason", ph_close_reason_name(reason)),
                ph_kv("detail", ph_close_reason_text(reason)), ph_kv("peer", publisher->peer),
                ph_kv("application", publisher->application));
}

void ph_publish_log_takeover(const struct ph_publisher *publisher, const char *from,
                             ph_usec silence)
{
    ph_log_info("publish.takeover", ph_kv("channel", publisher->entry->conf->name),
                ph_kv("session", publisher->session), ph_kv("from", from),
                ph_kv_int("silent_ms", silence / PH_USEC_PER_MS),
                ph_kv("protocol", publisher->protocol), ph_kv("peer", publisher->peer));
}

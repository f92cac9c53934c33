/* SPDX-License-Identifier: Apache-2.0 */
#include "channels_api.h"

#include <phien/core/mem.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* One question on its way round the homes, one at a time; then back to who asked. */
struct round_trip {
    struct ph_mail mail;
    const struct ph_shared *shared;
    unsigned asker;
    unsigned at;                       /* the home it visits now */
    json_t *channels;                  /* by the registry's index; whoever has the mail */
    struct ph_http_exchange *exchange; /* the asker's thread; NULL: the client is gone */
};

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
    if (strcmp(info->protocol, "srt") == 0 &&
        atomic_load_explicit(&link->is_up, memory_order_relaxed)) {
        json_object_set_new(json, "link", describe_link(link));
    }
    return json;
}

static json_t *describe(const struct ph_shared *shared, const struct ph_registry_entry *entry)
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
    json_object_set_new(json, "audio", describe_track(program != NULL ? program->audio : NULL));
    json_object_set_new(json, "bitrate_bps", json_integer((json_int_t)status.bitrate_bps));
    json_object_set_new(json, "fps", json_real(status.fps));
    json_object_set_new(json, "gop_s", json_real(status.gop_s));
    json_object_set_new(json, "av_offset_ms", json_real(status.av_offset_ms));
    json_object_set_new(json, "media_bytes",
                        json_integer((json_int_t)ph_feeds_bytes(shared->feeds, entry)));
    json_object_set_new(json, "session",
                        describe_session(&info, &status, &shared->links[entry->index]));
    return json;
}

static void free_trip(struct round_trip *trip)
{
    json_decref(trip->channels);
    free(trip);
}

static void discard(struct ph_mail *mail)
{
    free_trip(ph_container_of(mail, struct round_trip, mail));
}

static void on_abort(void *arg)
{
    struct round_trip *trip = arg;

    trip->exchange = NULL;
}

static void answer(struct round_trip *trip)
{
    json_t *root = json_pack("{s:O}", "channels", trip->channels);
    char *text = root != NULL ? json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

    ph_http_exchange_on_abort(trip->exchange, NULL, NULL);
    if (text != NULL) {
        ph_http_respond_text(trip->exchange, 200, "application/json", text);
    } else {
        ph_http_respond_problem(trip->exchange, 500, "out of memory", NULL);
    }
    free(text);
    json_decref(root);
}

static void come_back(struct ph_mail *mail)
{
    struct round_trip *trip = ph_container_of(mail, struct round_trip, mail);

    if (trip->exchange != NULL) {
        answer(trip);
    }
    free_trip(trip);
}

static void visit(struct ph_mail *mail)
{
    struct round_trip *trip = ph_container_of(mail, struct round_trip, mail);
    const struct ph_shared *shared = trip->shared;

    for (size_t i = 0; i < ph_registry_count(shared->registry); i++) {
        const struct ph_registry_entry *entry = ph_registry_at(shared->registry, i);
        if (entry->home == trip->at) {
            json_array_set_new(trip->channels, i, describe(shared, entry));
        }
    }
    trip->at++;
    bool is_round = trip->at == shared->workers;
    trip->mail.deliver = is_round ? come_back : visit;
    ph_mailbox_post(ph_loop_mailbox(shared->loops[is_round ? trip->asker : trip->at]), &trip->mail);
}

void ph_channels_api_list(struct ph_http_exchange *exchange, const struct ph_shared *shared,
                          unsigned index)
{
    struct round_trip *trip = ph_new(struct round_trip);

    trip->mail.deliver = visit;
    trip->mail.discard = discard;
    trip->shared = shared;
    trip->asker = index;
    trip->exchange = exchange;
    trip->channels = json_array();
    for (size_t i = 0; i < ph_registry_count(shared->registry); i++) {
        json_array_append_new(trip->channels, json_null());
    }
    ph_http_exchange_on_abort(exchange, on_abort, trip);
    ph_mailbox_post(ph_loop_mailbox(shared->loops[0]), &trip->mail);
}

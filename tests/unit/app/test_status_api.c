/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a channel does, asked on one worker and answered by its home on the other. The loops do not
 * run: mail is delivered when the test says so.
 */
#include "../media/media_file.h"
#include "../overlay/exchange_note.h"
#include "app/quality.h"
#include "app/status_api.h"

#include <phien/core/log.h>
#include <phien/ingest/publish.h>

#include <jansson.h>

enum { WORKERS = 2 };

struct fixture {
    struct ph_conf_channel channel_conf;
    struct ph_conf conf;
    struct ph_loop *loops[WORKERS];
    struct ph_stats stats[WORKERS];
    struct ph_stats *all_stats[WORKERS];
    struct ph_link_stats links[1];
    struct ph_quality qualities[1];
    struct ph_shared shared;
    struct ph_status_api *apis[WORKERS];
    struct ph_router *routers[WORKERS];
    const struct ph_registry_entry *entry;
    struct ph_publisher *publisher;
    struct media_file media;
    struct note note;
};

static void ignore_line(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    ph_log_divert(ignore_line, NULL);
    f->channel_conf = (struct ph_conf_channel){
        .name = "cho", .key = "key-of-cho", .title = "", .overlay_token = "cho-token"};
    f->conf = (struct ph_conf){
        .workers = WORKERS,
        .hls = {.part_ms = 250, .segment_ms = 2000, .window_s = 30, .max_channel_bytes = 1 << 24},
        .publish = {.grace_s = 90, .idle_timeout_s = 10},
        .admin = {.token = "admin-token"},
        .channels = &f->channel_conf,
        .channels_count = 1,
    };
    media_file_open(&f->media, "h264_bframes_aac.mp4");
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_loop_create(&f->loops[i], "test"), PH_OK);
        f->all_stats[i] = &f->stats[i];
    }
    struct ph_registry *registry = ph_registry_create(&f->conf, f->all_stats);
    const struct ph_feeds_params params = {.conf = &f->conf,
                                           .registry = registry,
                                           .loops = f->loops,
                                           .stats = f->all_stats,
                                           .workers = WORKERS,
                                           .epoch = "e1",
                                           .wall = ph_clock_wall()};
    f->entry = ph_registry_at(registry, 0);
    f->shared = (struct ph_shared){
        .conf = &f->conf,
        .registry = registry,
        .hub = ph_publish_hub_create(&f->conf, registry, f->loops, f->all_stats),
        .feeds = ph_feeds_create(&params),
        .loops = f->loops,
        .stats = f->all_stats,
        .links = f->links,
        .qualities = f->qualities,
        .workers = WORKERS,
    };
    for (unsigned i = 0; i < WORKERS; i++) {
        f->apis[i] = ph_status_api_create(&f->shared, i);
        f->routers[i] = ph_router_create();
        ph_status_api_add_routes(f->apis[i], f->routers[i]);
    }
    *state = f;
    return 0;
}

static void settle(struct fixture *f)
{
    for (int round = 0; round < 6; round++) {
        for (unsigned i = 0; i < WORKERS; i++) {
            ph_mailbox_deliver(ph_loop_mailbox(f->loops[i]));
        }
    }
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ph_http_exchange_abort(&f->note.exchange);
    if (f->publisher != NULL) {
        ph_publisher_close(&f->publisher, PH_CLOSE_UNPUBLISH, NULL);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_status_api_destroy(&f->apis[i]);
        ph_router_destroy(&f->routers[i]);
        ph_publish_hub_close_home(f->shared.hub, i);
    }
    settle(f);
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_loop_destroy(&f->loops[i]);
    }
    ph_feeds_destroy(&f->shared.feeds);
    ph_publish_hub_destroy(&f->shared.hub);
    ph_registry_destroy(&f->shared.registry);
    media_file_close(&f->media);
    note_fini(&f->note);
    ph_log_divert(NULL, NULL);
    free(f);
    return 0;
}

/* Asks on the worker that is not the home; the note has the answer. */
static struct note *ask(struct fixture *f, const char *path, const char *authorization)
{
    note_fini(&f->note);
    note_init(&f->note, PH_HTTP_GET, path);
    f->note.request.authorization = authorization;
    note_open(&f->note);
    ph_router_dispatch(f->routers[1 - f->entry->home], &f->note.exchange);
    return &f->note;
}

/* The answer, which must be 200; the caller's. */
static json_t *read_status(struct fixture *f)
{
    const struct note *note = ask(f, "/api/v1/channels/cho/status", "Bearer cho-token");

    settle(f);
    note_expect(note, 200, "\"on_air\"");
    json_t *json = json_loadb(note->body, note->len, 0, NULL);
    assert_non_null(json);
    return json;
}

static void on_closed(void *arg, enum ph_close_reason reason)
{
    (void)arg;
    (void)reason;
}

/* Goes on air with a key frame and some sound. */
static void publish(struct fixture *f, const char *protocol)
{
    const struct ph_publish_request request = {.session = "s1",
                                               .protocol = protocol,
                                               .path = "live/cho",
                                               .query = "key=key-of-cho",
                                               .peer = "192.0.2.1:5",
                                               .application = ""};

    assert_int_equal(ph_publisher_open(&f->publisher, f->shared.hub, ph_loop_mailbox(f->loops[0]),
                                       &request, on_closed, NULL),
                     PH_CLOSE_NONE);
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        struct ph_track *track = NULL;
        assert_int_equal(ph_track_create(&track, f->media.par[kind]), PH_OK);
        ph_publisher_track(f->publisher, track);
        ph_track_unref(&track);
    }
    for (size_t i = 0; i < f->media.count; i++) {
        ph_publisher_packet(f->publisher, f->media.packets[i], ph_clock_mono());
    }
    settle(f);
}

static void a_channel_off_air(void **state)
{
    struct fixture *f = *state;
    json_t *json = read_status(f);
    json_t *wanted = json_pack("{s:b, s:n, s:n, s:n, s:n, s:i, s:i, s:n, s:i, s:s}", "on_air", 0,
                               "since", "protocol", "video", "audio", "bitrate_bps", 0, "dropped",
                               0, "link", "viewers", 0, "quality", "off");

    assert_true(json_equal(json, wanted));
    json_decref(wanted);
    json_decref(json);
}

static void a_channel_on_air_by_rtmp(void **state)
{
    struct fixture *f = *state;

    publish(f, "rtmp");
    json_t *json = read_status(f);
    assert_true(json_is_true(json_object_get(json, "on_air")));
    assert_true(json_is_string(json_object_get(json, "since")));
    assert_string_equal(json_string_value(json_object_get(json, "protocol")), "rtmp");
    assert_true(json_is_null(json_object_get(json, "link")));
    assert_string_equal(json_string_value(json_object_get(json, "quality")), "good");
    const json_t *video = json_object_get(json, "video");
    assert_string_equal(json_string_value(json_object_get(video, "codec")), "h264");
    assert_true(json_integer_value(json_object_get(video, "width")) > 0);
    const json_t *audio = json_object_get(json, "audio");
    assert_true(json_integer_value(json_object_get(audio, "sample_rate")) > 0);
    json_decref(json);
}

/* What the link says counts, and only while an SRT session is there. */
static void a_channel_on_air_by_srt(void **state)
{
    struct fixture *f = *state;

    publish(f, "srt");
    atomic_store(&f->links[0].is_up, true);
    atomic_store(&f->links[0].value[PH_LINK_STAT_RTT_MS], 300);
    atomic_store(&f->links[0].value[PH_LINK_STAT_LATENCY_MS], 1000);
    json_t *json = read_status(f);
    const json_t *link = json_object_get(json, "link");
    assert_int_equal(json_integer_value(json_object_get(link, "rtt_ms")), 300);
    assert_string_equal(json_string_value(json_object_get(json, "quality")), "poor");
    json_decref(json);
    atomic_store(&f->links[0].is_up, false);
    json = read_status(f);
    assert_true(json_is_null(json_object_get(json, "link")));
    assert_string_equal(json_string_value(json_object_get(json, "quality")), "good");
    json_decref(json);
}

static void viewers_of_all_workers_are_told(void **state)
{
    struct fixture *f = *state;
    struct ph_audience *audience = ph_feeds_audience(f->shared.feeds);
    ph_usec now = ph_loop_now(f->loops[0]) + 5 * PH_USEC_PER_S;

    for (unsigned i = 0; i < WORKERS; i++) {
        ph_audience_serve(audience, i, f->entry->index, 15 * PH_USEC_PER_S);
        ph_audience_sweep(audience, i, now);
    }
    json_t *json = read_status(f);
    assert_int_equal(json_integer_value(json_object_get(json, "viewers")), 6);
    json_decref(json);
}

static void it_takes_the_channels_token(void **state)
{
    struct fixture *f = *state;
    static const char path[] = "/api/v1/channels/cho/status";

    const struct note *note = ask(f, path, "");
    note_expect(note, 401, "Bearer");
    assert_non_null(strstr(note->headers, "WWW-Authenticate: Bearer"));
    note_expect(ask(f, path, "Bearer another"), 403, "token");
    note_expect(ask(f, "/api/v1/channels/nobody/status", ""), 404, "no such channel");
    note = ask(f, path, "Bearer admin-token");
    assert_int_equal(note->status, 0);
    settle(f);
    note_expect(note, 200, "\"quality\":\"off\"");
}

static void who_asked_may_go_away(void **state)
{
    struct fixture *f = *state;
    struct note *note = ask(f, "/api/v1/channels/cho/status", "Bearer cho-token");

    ph_http_exchange_abort(&note->exchange);
    settle(f);
    assert_int_equal(note->status, 0);
    /* And the server may end while the question is on its way. */
    (void)ask(f, "/api/v1/channels/cho/status", "Bearer cho-token");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_channel_off_air),           TEST(a_channel_on_air_by_rtmp),
        TEST(a_channel_on_air_by_srt),     TEST(viewers_of_all_workers_are_told),
        TEST(it_takes_the_channels_token), TEST(who_asked_may_go_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The overlay as it runs: two workers in threads of their own with an HTTP server each, the store
 * in its thread with a file, a channel with its packager, and clients on sockets.
 */
#include "../unit/http/blocking_client.h"
#include "camera.h"
#include "errand.h"

#include <phien/core/log.h>
#include <phien/delivery/hls.h>
#include <phien/http/server.h>
#include <phien/overlay/overlay.h>

#include <ftw.h>
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

enum { WORKERS = 2, THREADS = 8, WRITES = 25 };

#define BASE "/api/v1/channels/sinho"

struct world {
    struct ph_conf_channel channel_conf;
    struct ph_conf conf;
    char directory[256];
    char database[300];
    struct ph_loop *loops[WORKERS];
    struct ph_stats stats[WORKERS];
    struct ph_stats *all_stats[WORKERS];
    struct ph_registry *registry;
    struct ph_feeds *feeds;
    struct ph_overlay *overlay;
    struct ph_hls *hls[WORKERS];
    struct ph_overlay_api *apis[WORKERS];
    struct ph_router *routers[WORKERS];
    struct ph_http_server *servers[WORKERS];
    unsigned ports[WORKERS];
    const struct ph_registry_entry *entry;
    unsigned home;
    unsigned away;

    /* The publisher; on the home's thread. */
    struct camera camera;
    struct ph_now now;
    int64_t published_us; /* of the camera's time */
};

static void ignore_line(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static void create_worker(struct world *world, unsigned i)
{
    const struct ph_http_server_options options = {.listen = "127.0.0.1:0",
                                                   .common_headers = ph_hls_common_headers};

    world->hls[i] = ph_hls_create(world->feeds, i);
    world->apis[i] = ph_overlay_api_create(world->overlay, i);
    world->routers[i] = ph_router_create();
    ph_hls_add_routes(world->hls[i], world->routers[i]);
    ph_overlay_api_add_routes(world->apis[i], world->routers[i]);
    assert_int_equal(ph_http_server_create(&world->servers[i], world->loops[i], &options,
                                           world->routers[i], &world->stats[i]),
                     PH_OK);
    world->ports[i] = ph_http_server_port(world->servers[i]);
}

static void start(struct world *world)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        world->all_stats[i] = &world->stats[i];
        assert_int_equal(ph_loop_create(&world->loops[i], "test"), PH_OK);
    }
    world->registry = ph_registry_create(&world->conf, world->all_stats);
    world->entry = ph_registry_at(world->registry, 0);
    world->home = world->entry->home;
    world->away = 1 - world->home;
    world->now = ph_clock_now();
    const struct ph_feeds_params feeds = {.conf = &world->conf,
                                          .registry = world->registry,
                                          .loops = world->loops,
                                          .stats = world->all_stats,
                                          .workers = WORKERS,
                                          .epoch = "e1",
                                          .wall = world->now.wall};
    world->feeds = ph_feeds_create(&feeds);
    const struct ph_overlay_params params = {.conf = &world->conf,
                                             .registry = world->registry,
                                             .loops = world->loops,
                                             .stats = world->all_stats,
                                             .workers = WORKERS};
    assert_int_equal(ph_overlay_create(&world->overlay, &params), PH_OK);
    for (unsigned i = 0; i < WORKERS; i++) {
        create_worker(world, i);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_loop_start(world->loops[i]), PH_OK);
    }
}

static void stop(struct world *world)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_loop_stop(world->loops[i]);
        ph_loop_join(world->loops[i]);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_http_server_destroy(&world->servers[i]);
        ph_hls_destroy(&world->hls[i]);
        ph_overlay_api_destroy(&world->apis[i]);
        ph_router_destroy(&world->routers[i]);
    }
    ph_overlay_stop(world->overlay);
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_loop_destroy(&world->loops[i]);
    }
    ph_overlay_destroy(&world->overlay);
    ph_feeds_destroy(&world->feeds);
    ph_registry_destroy(&world->registry);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    ph_log_divert(ignore_line, NULL);
    snprintf(world->directory, sizeof(world->directory), "%s/overlay-XXXXXX", PHIEN_BINARY_DIR);
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->database, sizeof(world->database), "%s/new/phien.db", world->directory);
    world->channel_conf = (struct ph_conf_channel){
        .name = "sinho", .key = "key", .title = "Sìn Hồ", .overlay_token = "token"};
    world->conf = (struct ph_conf){
        .workers = WORKERS,
        .hls = {.part_ms = 250,
                .segment_ms = 2000,
                .window_s = 30,
                .max_channel_bytes = 16 << 20,
                .mpegts = true},
        .publish = {.grace_s = 90},
        .overlay = {.database = world->database},
        .admin = {.token = ""},
        .channels = &world->channel_conf,
        .channels_count = 1,
    };
    camera_open(&world->camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    start(world);
    *state = world;
    return 0;
}

static int remove_file(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    struct world *world = *state;

    stop(world);
    camera_close(&world->camera);
    assert_int_equal(nftw(world->directory, remove_file, 8, FTW_DEPTH | FTW_PHYS), 0);
    ph_log_divert(NULL, NULL);
    free(world);
    return 0;
}

/* ---- clients ---- */

/* Sends a request on a connection of its own. `headers` has lines with CRLF. */
static int begin(const struct world *world, unsigned worker, const char *method, const char *path,
                 const char *headers, const char *body)
{
    char text[4096];
    int fd = client_connect(world->ports[worker]);
    int len = snprintf(text, sizeof(text),
                       "%s " BASE "%s HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer token\r\n"
                       "%sContent-Length: %zu\r\n\r\n%s",
                       method, path, headers, strlen(body), body);

    assert_in_range(len, 1, sizeof(text) - 1);
    client_send(fd, text);
    return fd;
}

/* The answer's status; its JSON, which is the caller's, in `json` (may be NULL). */
static int end(int fd, json_t **json)
{
    struct answer answer;

    client_read(fd, &answer);
    close(fd);
    if (json != NULL) {
        *json = json_loads(answer.body, 0, NULL);
        assert_non_null(*json);
    }
    client_drop(&answer);
    return answer.status;
}

static int ask(const struct world *world, unsigned worker, const char *method, const char *path,
               const char *body)
{
    return end(begin(world, worker, method, path, "", body), NULL);
}

static json_int_t number_of(const json_t *json, const char *name)
{
    const json_t *value = json_object_get(json, name);

    if (!json_is_integer(value)) {
        fail_msg("no number \"%s\"", name);
    }
    return json_integer_value(value);
}

/* What the shelf says of A1. */
static void expect_counts(const struct world *world, unsigned worker, json_int_t stock,
                          json_int_t sold)
{
    json_t *json = NULL;

    assert_int_equal(end(begin(world, worker, "GET", "/shelf/A1", "", ""), &json), 200);
    const json_t *product = json_object_get(json, "product");
    assert_int_equal(number_of(product, "stock"), stock);
    assert_int_equal(number_of(product, "sold"), sold);
    json_decref(json);
}

static void put_plums(const struct world *world, int stock)
{
    char body[128];

    snprintf(body, sizeof(body), "{\"title\":\"Mận\",\"price\":45000,\"stock\":%d}", stock);
    assert_int_equal(ask(world, world->away, "PUT", "/shelf/A1", body), 201);
}

/* ---- many at a time ---- */

struct crowd {
    const struct world *world;
    const char *headers;
    const char *body;
    unsigned index;
    unsigned done;
    unsigned replayed;
    unsigned refused;
    int refusal;
    int64_t seq; /* of the last that was done */
    pthread_t thread;
};

static void *write_often(void *arg)
{
    struct crowd *one = arg;

    for (int i = 0; i < WRITES; i++) {
        json_t *json = NULL;
        int status = end(begin(one->world, (one->index + (unsigned)i) % WORKERS, "PATCH",
                               "/shelf/A1", one->headers, one->body),
                         &json);
        if (status == 200) {
            one->done++;
            one->replayed += json_is_true(json_object_get(json, "replayed"));
            one->seq = number_of(json, "seq");
        } else {
            one->refused++;
            one->refusal = status;
        }
        json_decref(json);
    }
    return NULL;
}

/* THREADS clients each send the same WRITES times to both workers in turn. */
static struct crowd send_crowd(struct world *world, struct crowd all[THREADS], const char *headers,
                               const char *body)
{
    struct crowd sum = {.world = world};

    for (unsigned i = 0; i < THREADS; i++) {
        all[i] = (struct crowd){.world = world, .headers = headers, .body = body, .index = i};
        assert_int_equal(pthread_create(&all[i].thread, NULL, write_often, &all[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(all[i].thread, NULL), 0);
        sum.done += all[i].done;
        sum.replayed += all[i].replayed;
        sum.refused += all[i].refused;
        sum.refusal = all[i].refused > 0 ? all[i].refusal : sum.refusal;
    }
    return sum;
}

static void what_is_sold_at_the_same_time_is_sold_once(void **state)
{
    struct world *world = *state;
    struct crowd all[THREADS];

    put_plums(world, 150);
    struct crowd sum = send_crowd(world, all, "", "{\"stock_delta\":-1}");
    assert_int_equal(sum.done, 150);
    assert_int_equal(sum.refused, THREADS * WRITES - 150);
    assert_int_equal(sum.refusal, 409);
    for (unsigned i = 0; i < WORKERS; i++) {
        expect_counts(world, i, 0, 150);
    }
    stop(world);
    start(world);
    expect_counts(world, world->home, 0, 150);
}

static void of_those_with_one_revision_one_wins(void **state)
{
    struct world *world = *state;
    struct crowd all[THREADS];

    put_plums(world, 150);
    struct crowd sum = send_crowd(world, all, "If-Match: \"1\"\r\n", "{\"stock_delta\":-1}");
    assert_int_equal(sum.done, 1);
    assert_int_equal(sum.refusal, 412);
    expect_counts(world, world->away, 149, 1);
}

static void one_key_is_done_once_whoever_sends_it(void **state)
{
    struct world *world = *state;
    struct crowd all[THREADS];

    put_plums(world, 150);
    struct crowd sum = send_crowd(world, all, "Idempotency-Key: tap-1\r\n", "{\"stock_delta\":-1}");
    assert_int_equal(sum.done, THREADS * WRITES);
    assert_int_equal(sum.replayed, THREADS * WRITES - 1);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(all[i].seq, 2);
    }
    expect_counts(world, world->away, 149, 1);
}

/* ---- a disk that takes no more ---- */

static void set_disk_full(bool is_full)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = is_full ? 512 : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void what_cannot_be_saved_was_not_done(void **state)
{
    struct world *world = *state;
    int fds[THREADS];

    put_plums(world, 12);
    set_disk_full(true);
    for (unsigned i = 0; i < THREADS; i++) {
        fds[i] = begin(world, i % WORKERS, "PATCH", "/shelf/A1", "", "{\"stock_delta\":-1}");
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(end(fds[i], NULL), 503);
    }
    set_disk_full(false);
    expect_counts(world, world->away, 12, 0);
    assert_int_equal(ask(world, world->home, "PATCH", "/shelf/A1", "{\"stock_delta\":-1}"), 200);
    expect_counts(world, world->away, 11, 1);
    stop(world);
    start(world);
    expect_counts(world, world->away, 11, 1);
}

/* ---- events ---- */

/* Reads on until `text` has come; what came is in `got`. */
static void read_until(int fd, const char *text, char *got, size_t size)
{
    size_t len = strlen(got);

    while (strstr(got, text) == NULL) {
        assert_true(len + 1 < size);
        ssize_t count = TEMP_FAILURE_RETRY(recv(fd, got + len, size - len - 1, 0));
        if (count <= 0) {
            fail_msg("\"%s\" did not come, but \"%s\"", text, got);
        }
        len += (size_t)count;
        got[len] = '\0';
    }
}

static void changes_come_to_readers_on_both_workers(void **state)
{
    struct world *world = *state;
    char got[WORKERS][8192] = {{0}};
    int fds[WORKERS];

    put_plums(world, 12);
    for (unsigned i = 0; i < WORKERS; i++) {
        fds[i] = begin(world, i, "GET", "/events", "", "");
        read_until(fds[i], "event: overlay", got[i], sizeof(got[i]));
    }
    assert_int_equal(ask(world, world->home, "PATCH", "/shelf/A1", "{\"stock_delta\":-1}"), 200);
    assert_int_equal(ask(world, world->away, "PUT", "/card", "{\"sku\":\"A1\"}"), 200);
    for (unsigned i = 0; i < WORKERS; i++) {
        read_until(fds[i], "id: 2\nevent: stock\n", got[i], sizeof(got[i]));
        read_until(fds[i], "id: 3\nevent: card\n", got[i], sizeof(got[i]));
        close(fds[i]);
    }
    /* On the other worker, what was missed. */
    char missed[8192] = "";
    int fd = begin(world, world->away, "GET", "/events", "Last-Event-ID: 2\r\n", "");
    read_until(fd, "id: 3\nevent: card\n", missed, sizeof(missed));
    assert_null(strstr(missed, "event: overlay"));
    assert_null(strstr(missed, "id: 2\n"));
    close(fd);
}

/* ---- a card's place ---- */

static void publish(void *arg)
{
    struct world *world = arg;
    struct ph_channel *channel = world->entry->channel;
    AVCodecParameters *const par[] = {world->camera.video_par, world->camera.audio_par};

    ph_channel_begin(channel, "s", world->now);
    for (size_t i = 0; i < PH_ARRAY_SIZE(par); i++) {
        struct ph_track *track = NULL;
        assert_int_equal(ph_track_create(&track, par[i]), PH_OK);
        ph_channel_track(channel, track, world->now);
        ph_track_unref(&track);
    }
}

/* A second of pictures and sound, at once. */
static void play(void *arg)
{
    struct world *world = arg;

    for (int64_t end_us = world->published_us + PH_USEC_PER_S; world->published_us < end_us;) {
        const AVPacket *packet = camera_next(&world->camera);
        world->now.mono += world->camera.now_us - world->published_us;
        world->now.wall += world->camera.now_us - world->published_us;
        world->published_us = world->camera.now_us;
        assert_int_equal(ph_channel_packet(world->entry->channel, packet, world->now), PH_OK);
    }
}

/* Plays on until the request of `fd` is answered, which takes a part's time of the camera. */
static json_t *play_until_answered(struct world *world, int fd)
{
    json_t *json = NULL;
    char byte;

    while (recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0) {
        run_on(world->loops[world->home], play, world);
    }
    assert_int_equal(end(fd, &json), 200);
    return json;
}

/* The date ranges in the playlist say when each card began. */
static void expect_range(const struct world *world, const char *pdt)
{
    struct answer answer;
    char wanted[64];
    int fd = client_connect(world->ports[world->away]);

    client_get(fd, "/live/sinho/av.m3u8");
    client_read(fd, &answer);
    close(fd);
    assert_int_equal(answer.status, 200);
    snprintf(wanted, sizeof(wanted), "START-DATE=\"%s\"", pdt);
    if (strstr(answer.body, wanted) == NULL) {
        fail_msg("%s is missing in\n%s", wanted, answer.body);
    }
    client_drop(&answer);
}

static void a_cards_answer_says_where_it_lies(void **state)
{
    struct world *world = *state;

    put_plums(world, 12);
    run_on(world->loops[world->home], publish, world);
    run_on(world->loops[world->home], play, world);
    run_on(world->loops[world->home], play, world);
    json_t *shown = play_until_answered(
        world, begin(world, world->away, "PUT", "/card", "", "{\"sku\":\"A1\"}"));
    assert_true(number_of(shown, "msn") > 0);
    assert_in_range(number_of(shown, "part"), 0, 16);
    const char *pdt = json_string_value(json_object_get(shown, "pdt"));
    assert_non_null(pdt);
    assert_int_equal(strlen(pdt), strlen("2026-08-04T10:00:00.000Z"));
    for (int i = 0; i < 3; i++) {
        run_on(world->loops[world->home], play, world);
    }
    expect_range(world, pdt);
    json_t *hidden =
        play_until_answered(world, begin(world, world->home, "DELETE", "/card", "", ""));
    assert_true(number_of(hidden, "msn") >= number_of(shown, "msn"));
    assert_true(strcmp(json_string_value(json_object_get(hidden, "pdt")), pdt) > 0);
    json_decref(hidden);
    json_decref(shown);
}

/* The channel is on air, and no picture comes. */
static void who_waits_for_a_place_in_vain_is_told_none(void **state)
{
    struct world *world = *state;
    json_t *json = NULL;

    put_plums(world, 12);
    run_on(world->loops[world->home], publish, world);
    run_on(world->loops[world->home], play, world);
    ph_usec before = ph_clock_mono();
    assert_int_equal(end(begin(world, world->away, "PUT", "/card", "", "{\"sku\":\"A1\"}"), &json),
                     200);
    assert_in_range(ph_clock_mono() - before, 1900 * PH_USEC_PER_MS, 20 * PH_USEC_PER_S);
    assert_true(json_is_null(json_object_get(json, "pdt")));
    assert_true(json_is_null(json_object_get(json, "msn")));
    assert_true(json_is_null(json_object_get(json, "part")));
    assert_true(json_is_object(json_object_get(json, "card")));
    json_decref(json);
}

/* Two in a row without a picture between: the first never came to have a place. */
static void a_card_that_another_replaced_has_no_place(void **state)
{
    struct world *world = *state;

    put_plums(world, 12);
    run_on(world->loops[world->home], publish, world);
    run_on(world->loops[world->home], play, world);
    int first = begin(world, world->home, "PUT", "/card", "", "{\"sku\":\"A1\",\"note\":\"1\"}");
    char got[8192] = "";
    int events = begin(world, world->home, "GET", "/events", "", "");
    read_until(events, "\"note\":\"1\"", got, sizeof(got));
    int second = begin(world, world->home, "PUT", "/card", "", "{\"sku\":\"A1\",\"note\":\"2\"}");
    read_until(events, "\"note\":\"2\"", got, sizeof(got));
    close(events);
    json_t *placed = play_until_answered(world, second);
    json_t *replaced = NULL;
    assert_int_equal(end(first, &replaced), 200);
    assert_true(number_of(placed, "msn") > 0);
    assert_true(json_is_null(json_object_get(replaced, "msn")));
    json_decref(placed);
    json_decref(replaced);
}

/* ---- cards that hide by themselves ---- */

static void a_card_hides_when_its_time_is_over(void **state)
{
    struct world *world = *state;
    char got[8192] = "";

    put_plums(world, 12);
    int events = begin(world, world->away, "GET", "/events", "", "");
    assert_int_equal(ask(world, world->away, "PUT", "/card", "{\"sku\":\"A1\",\"duration_s\":1}"),
                     200);
    ph_usec shown_at = ph_clock_mono();
    read_until(events, "\"hides_at\":", got, sizeof(got));
    read_until(events, "\"card\":null}", got, sizeof(got));
    assert_in_range(ph_clock_mono() - shown_at, 900 * PH_USEC_PER_MS, 20 * PH_USEC_PER_S);
    close(events);
}

static void an_offer_that_is_over_leaves_the_card(void **state)
{
    struct world *world = *state;
    char until[32];
    char body[160];
    char got[8192] = "";

    put_plums(world, 12);
    int events = begin(world, world->away, "GET", "/events", "", "");
    ph_clock_format_utc(ph_clock_wall() + 1200 * PH_USEC_PER_MS, until);
    snprintf(body, sizeof(body), "{\"sku\":\"A1\",\"flash_price\":1000,\"ends_at\":\"%s\"}", until);
    assert_int_equal(ask(world, world->away, "PUT", "/card", body), 200);
    read_until(events, "\"flash_price\":1000", got, sizeof(got));
    char after[8192] = "";
    read_until(events, "\"card\":{\"sku\":\"A1\"", after, sizeof(after));
    read_until(events, "}}\n\n", after, sizeof(after));
    const char *card = strstr(after, "\"card\":{");
    assert_null(strstr(card, "flash_price"));
    assert_null(strstr(card, "ends_at"));
    close(events);
}

/* While nobody has the database open: the card was to hide when it was shown. */
static void age_card(const struct world *world)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(world->database, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "UPDATE card SET hides_at_us = shown_at_us", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(db), 1);
    sqlite3_close(db);
}

static void a_card_whose_time_is_over_meanwhile_hides_at_the_start(void **state)
{
    struct world *world = *state;
    char got[8192] = "";

    put_plums(world, 12);
    assert_int_equal(
        ask(world, world->away, "PUT", "/card", "{\"sku\":\"A1\",\"duration_s\":3600}"), 200);
    stop(world);
    age_card(world);
    start(world);
    int events = begin(world, world->away, "GET", "/events", "", "");
    read_until(events, "\"card\":null", got, sizeof(got));
    close(events);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_is_sold_at_the_same_time_is_sold_once),
        TEST(of_those_with_one_revision_one_wins),
        TEST(one_key_is_done_once_whoever_sends_it),
        TEST(what_cannot_be_saved_was_not_done),
        TEST(changes_come_to_readers_on_both_workers),
        TEST(a_cards_answer_says_where_it_lies),
        TEST(who_waits_for_a_place_in_vain_is_told_none),
        TEST(a_card_that_another_replaced_has_no_place),
        TEST(a_card_hides_when_its_time_is_over),
        TEST(an_offer_that_is_over_leaves_the_card),
        TEST(a_card_whose_time_is_over_meanwhile_hides_at_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routes of two workers with a store whose answers the test gives. The loops do not run: mail
 * is delivered when the test says so.
 */
#include "exchange_note.h"

#include "fake_store.h"
#include "overlay/api.h"

#include <phien/core/log.h>

enum { WORKERS = 2, NOTES_MAX = 96 };

#define BASE "/api/v1/channels/cho"

struct fixture {
    struct ph_conf_channel channel_conf;
    struct ph_conf conf;
    struct ph_loop *loops[WORKERS];
    struct ph_stats stats[WORKERS];
    struct ph_stats *all_stats[WORKERS];
    struct ph_registry *registry;
    struct ph_overlay *overlay;
    struct ph_overlay_api *apis[WORKERS];
    struct ph_router *routers[WORKERS];
    unsigned home;
    unsigned away;
    struct note *notes[NOTES_MAX];
    size_t note_count;
    bool is_drained;
};

static void ignore_line(void *arg, const char *line)
{
    (void)arg;
    (void)line;
}

static void open_overlay(struct fixture *f)
{
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_loop_create(&f->loops[i], "test"), PH_OK);
        f->all_stats[i] = &f->stats[i];
    }
    f->registry = ph_registry_create(&f->conf, f->all_stats);
    f->home = ph_registry_at(f->registry, 0)->home;
    f->away = 1 - f->home;
    const struct ph_overlay_params params = {.conf = &f->conf,
                                             .registry = f->registry,
                                             .loops = f->loops,
                                             .stats = f->all_stats,
                                             .workers = WORKERS};
    assert_int_equal(ph_overlay_create(&f->overlay, &params), PH_OK);
    for (unsigned i = 0; i < WORKERS; i++) {
        f->apis[i] = ph_overlay_api_create(f->overlay, i);
        f->routers[i] = ph_router_create();
        ph_overlay_api_add_routes(f->apis[i], f->routers[i]);
    }
}

static int set_up_with(void **state, unsigned writes_per_s)
{
    struct fixture *f = calloc(1, sizeof(*f));

    ph_log_divert(ignore_line, NULL);
    f->channel_conf = (struct ph_conf_channel){
        .name = "cho", .key = "key", .title = "", .overlay_token = "cho-token"};
    f->conf = (struct ph_conf){.workers = WORKERS,
                               .overlay = {.database = "", .writes_per_s = writes_per_s},
                               .admin = {.token = "admin-token"},
                               .channels = &f->channel_conf,
                               .channels_count = 1};
    open_overlay(f);
    *state = f;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, 0);
}

static int set_up_slow(void **state)
{
    return set_up_with(state, 2);
}

static void settle(struct fixture *f)
{
    for (int round = 0; round < 6; round++) {
        for (unsigned i = 0; i < WORKERS; i++) {
            ph_mailbox_deliver(ph_loop_mailbox(f->loops[i]));
        }
    }
}

/* As the server ends: connections first. */
static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < f->note_count; i++) {
        ph_http_exchange_abort(&f->notes[i]->exchange);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_overlay_api_destroy(&f->apis[i]);
        ph_router_destroy(&f->routers[i]);
    }
    ph_overlay_stop(f->overlay);
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_loop_destroy(&f->loops[i]);
    }
    fake_discard_all();
    ph_overlay_destroy(&f->overlay);
    ph_registry_destroy(&f->registry);
    for (size_t i = 0; i < f->note_count; i++) {
        note_fini(f->notes[i]);
        free(f->notes[i]);
    }
    fake_reset();
    ph_log_divert(NULL, NULL);
    free(f);
    return 0;
}

/* ---- asking ---- */

static struct note *begin(struct fixture *f, enum ph_http_method method, const char *path)
{
    struct note *note = ph_new(struct note);

    assert_true(f->note_count < NOTES_MAX);
    f->notes[f->note_count++] = note;
    note_init(note, method, path);
    return note;
}

static struct note *send_to(struct fixture *f, unsigned worker, struct note *note)
{
    note_open(note);
    ph_router_dispatch(f->routers[worker], &note->exchange);
    settle(f);
    return note;
}

/* With the token and a body, to the worker that is not the home. */
static struct note *ask(struct fixture *f, enum ph_http_method method, const char *path,
                        const char *body)
{
    struct note *note = begin(f, method, path);

    note->request.authorization = "Bearer cho-token";
    note->request.body = (const uint8_t *)body;
    note->request.body_len = strlen(body);
    return send_to(f, f->away, note);
}

static struct note *get(struct fixture *f, unsigned worker, const char *path)
{
    return send_to(f, worker, begin(f, PH_HTTP_GET, path));
}

static struct note *change(struct fixture *f, enum ph_http_method method, const char *path,
                           const char *body)
{
    struct note *note = ask(f, method, path, body);

    fake_end_all();
    settle(f);
    return note;
}

static void put_plums(struct fixture *f)
{
    note_expect(change(f, PH_HTTP_PUT, BASE "/shelf/A1",
                       "{\"title\":\"Mận\",\"price\":45000,\"stock\":12,"
                       "\"url\":\"https://a.vn/{sku}\"}"),
                201, "{\"seq\":1,\"rev\":1,\"product\":{\"sku\":\"A1\"");
}

/* ---- tests ---- */

static void both_workers_read_what_was_written(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    for (unsigned i = 0; i < WORKERS; i++) {
        const struct note *note = get(f, i, BASE "/overlay");
        note_expect(note, 200, "\"sku\":\"A1\"");
        assert_string_equal(note->etag, "\"1\"");
        assert_string_equal(note->cache, "public, max-age=1");
        note_expect(get(f, i, BASE "/shelf"), 200, "https://a.vn/A1");
        note_expect(get(f, i, BASE "/card"), 200, "\"card\":null");
        note_expect(get(f, i, BASE "/shelf/A1"), 200, "\"product\":{\"sku\":\"A1\"");
        note_expect(get(f, i, BASE "/shelf/B2"), 404, "there is no such product");
    }
}

static void answers_are_given_when_it_is_durable(void **state)
{
    struct fixture *f = *state;
    const struct note *note =
        ask(f, PH_HTTP_PUT, BASE "/shelf/A1", "{\"title\":\"Mận\",\"price\":45000}");

    assert_int_equal(note->status, 0);
    note_expect(get(f, f->home, BASE "/shelf"), 200, "\"shelf\":[]");
    fake_end_one(PH_EIO);
    settle(f);
    note_expect(note, 503, "try again");
    assert_string_equal(note->headers, "Retry-After: 1\r\n");
    note_expect(get(f, f->home, BASE "/shelf"), 200, "\"shelf\":[]");
}

static void each_change_has_its_answer(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    note_expect(change(f, PH_HTTP_PATCH, BASE "/shelf/A1", "{\"stock_delta\":-2}"), 200,
                "\"stock\":10,\"sold\":2");
    const struct note *shown = change(f, PH_HTTP_PUT, BASE "/card", "{\"sku\":\"A1\"}");
    note_expect(shown, 200, "{\"seq\":3,\"pdt\":null,\"msn\":null,\"part\":null,\"card\":{");
    assert_string_equal(shown->cache, "private, no-store");
    note_expect(change(f, PH_HTTP_DELETE, BASE "/card", ""), 200,
                "{\"seq\":4,\"pdt\":null,\"msn\":null,\"part\":null}");
    note_expect(change(f, PH_HTTP_DELETE, BASE "/shelf/A1", ""), 200, "{\"seq\":5,\"rev\":5}");
    note_expect(change(f, PH_HTTP_DELETE, BASE "/shelf/A1", ""), 404, "no such product");
}

static void a_shelf_is_imported_as_json_or_csv(void **state)
{
    static const char csv[] = "sku,title,price\nB1,Đào,30000\nB2,Lê,20000\n";
    struct fixture *f = *state;
    static const struct {
        const char *type;
        const char *query;
        int status;
        const char *part;
    } rows[] = {
        {"text/csv; charset=utf-8", "dry_run=true", 200, "\"products\":2,\"dry_run\":true"},
        {"TEXT/CSV", "", 200, "{\"seq\":1,\"rev\":1,\"products\":2,\"dry_run\":false}"},
        {"text/csv", "dry_run=yes", 400, "dry_run"},
        {"text/csv", "dry_run", 400, "dry_run"},
        {"text/csvx", "", 415, "text/csv"},
        {"", "", 415, "text/csv"},
        {"application/json", "", 400, "\"status\":400"},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct note *note = begin(f, PH_HTTP_POST, BASE "/shelf:import");
        note->request.authorization = "Bearer admin-token";
        note->request.content_type = rows[i].type;
        note->request.query = rows[i].query;
        note->request.body = (const uint8_t *)csv;
        note->request.body_len = strlen(csv);
        (void)send_to(f, f->away, note);
        fake_end_all();
        settle(f);
        note_expect(note, rows[i].status, rows[i].part);
    }
    struct note *json = begin(f, PH_HTTP_POST, BASE "/shelf:import");
    json->request.authorization = "Bearer admin-token";
    json->request.content_type = "application/json";
    json->request.body = (const uint8_t *)"[]";
    json->request.body_len = 2;
    (void)send_to(f, f->home, json);
    fake_end_all();
    settle(f);
    note_expect(json, 200, "\"products\":0");
}

static void who_has_no_token_writes_nothing(void **state)
{
    struct fixture *f = *state;
    static const struct {
        enum ph_http_method method;
        const char *path;
    } rows[] = {
        {PH_HTTP_PUT, BASE "/shelf/A1"},      {PH_HTTP_PATCH, BASE "/shelf/A1"},
        {PH_HTTP_DELETE, BASE "/shelf/A1"},   {PH_HTTP_PUT, BASE "/card"},
        {PH_HTTP_DELETE, BASE "/card"},       {PH_HTTP_POST, BASE "/images"},
        {PH_HTTP_POST, BASE "/shelf:import"},
    };

    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        const struct note *none = send_to(f, f->away, begin(f, rows[i].method, rows[i].path));
        note_expect(none, 401, "Bearer");
        assert_non_null(strstr(none->headers, "WWW-Authenticate: Bearer"));
        struct note *wrong = begin(f, rows[i].method, rows[i].path);
        wrong->request.authorization = "Bearer another";
        note_expect(send_to(f, f->away, wrong), 403, "token");
    }
    assert_int_equal(fake.count, 0);
}

static void what_is_not_there_is_404(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {
        "/overlay", "/shelf",  "/shelf/A1",
        "/card",    "/events", "/images/6b521946337ce77001e8bc10a31a0618.jpg"};

    for (size_t i = 0; i < PH_ARRAY_SIZE(paths); i++) {
        char path[128];
        snprintf(path, sizeof(path), "/api/v1/channels/nobody%s", paths[i]);
        note_expect(get(f, f->away, path), 404, "there is no such channel");
    }
    note_expect(ask(f, PH_HTTP_PUT, "/api/v1/channels/nobody/card", "{}"), 404, "no such channel");
}

static void hidden_products_are_the_sellers_own(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    note_expect(change(f, PH_HTTP_PATCH, BASE "/shelf/A1", "{\"hidden\":true}"), 200,
                "\"hidden\":true");
    note_expect(get(f, f->away, BASE "/shelf"), 200, "\"shelf\":[]");
    note_expect(get(f, f->away, BASE "/shelf/A1"), 404, "no such product");
    const struct note *mine = ask(f, PH_HTTP_GET, BASE "/shelf", "");
    note_expect(mine, 200, "\"hidden\":true");
    note_expect(mine, 200, "https://a.vn/{sku}");
    assert_string_equal(mine->cache, "private, no-store");
    assert_string_equal(mine->etag, "\"2\"");
    note_expect(ask(f, PH_HTTP_GET, BASE "/shelf/A1", ""), 200, "\"hidden\":true");
    note_expect(ask(f, PH_HTTP_PUT, BASE "/card", "{\"sku\":\"A1\"}"), 409, "hidden");
    /* Who comes with another's token reads what everybody reads. */
    struct note *other = begin(f, PH_HTTP_GET, BASE "/shelf");
    other->request.authorization = "Bearer another";
    note_expect(send_to(f, f->away, other), 200, "\"shelf\":[]");
}

static void if_match_is_the_shelfs_revision(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *header;
        int status;
    } rows[] = {
        {"\"1\"", 200},
        {"\"1\"", 412},
        {"2", 200},
        {"*", 200},
        {"\"4", 412},
        {"W/\"4\"", 412},
        {"4\"", 412},
        {"\"four\"", 412},
        {"\"4\"", 200},
        {"\"-1\"", 412},
        {"\"5\", \"6\"", 412},
        {"", 200},
        {"\"99999999999999999999\"", 412},
    };

    put_plums(f);
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct note *note = begin(f, PH_HTTP_PATCH, BASE "/shelf/A1");
        note->request.authorization = "Bearer cho-token";
        note->request.if_match = rows[i].header;
        note->request.body = (const uint8_t *)"{\"stock_delta\":-1}";
        note->request.body_len = 18;
        (void)send_to(f, f->away, note);
        fake_end_all();
        settle(f);
        if (note->status != rows[i].status) {
            fail_msg("If-Match: %s: %d, not %d", rows[i].header, note->status, rows[i].status);
        }
    }
}

static void the_same_key_is_answered_again(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *key;
        int status;
        const char *part;
    } rows[] = {
        {"tap 1", 200, "\"stock\":11"},
        {"tap 1", 200, "{\"seq\":2,\"replayed\":true}"},
        {"0123456789012345678901234567890123456789012345678901234567890123", 200, "\"stock\":10"},
        {"01234567890123456789012345678901234567890123456789012345678901234", 400, "Idempotency"},
        {"t\xc3\xa9", 400, "Idempotency"},
        {"a\tb", 400, "Idempotency"},
    };

    put_plums(f);
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        struct note *note = begin(f, PH_HTTP_PATCH, BASE "/shelf/A1");
        note->request.authorization = "Bearer cho-token";
        note->request.idempotency_key = rows[i].key;
        note->request.body = (const uint8_t *)"{\"stock_delta\":-1}";
        note->request.body_len = 18;
        (void)send_to(f, f->away, note);
        fake_end_all();
        settle(f);
        note_expect(note, rows[i].status, rows[i].part);
    }
}

static void bodies_are_refused_with_all_their_faults(void **state)
{
    struct fixture *f = *state;

    const struct note *note =
        ask(f, PH_HTTP_PUT, BASE "/shelf/A1", "{\"price\":-1,\"colour\":\"red\"}");
    note_expect(note, 422, "{\"pointer\":\"/price\"");
    note_expect(note, 422, "{\"pointer\":\"/title\"");
    note_expect(note, 422, "{\"pointer\":\"/colour\"");
    note_expect(ask(f, PH_HTTP_PUT, BASE "/shelf/A1", "{"), 400, "\"errors\"");
    note_expect(ask(f, PH_HTTP_PUT, BASE "/shelf/A1", ""), 400, NULL);
    note_expect(ask(f, PH_HTTP_PUT, BASE "/card", "[]"), 400, NULL);
    note_expect(ask(f, PH_HTTP_PUT, BASE "/shelf/a b", "{}"), 422, "/sku");
    note_expect(ask(f, PH_HTTP_DELETE, BASE "/shelf/a%20b", ""), 422, "/sku");
    assert_int_equal(fake.count, 0);
}

static void who_goes_away_has_changed_it_all_the_same(void **state)
{
    struct fixture *f = *state;
    struct note *note =
        ask(f, PH_HTTP_PUT, BASE "/shelf/A1", "{\"title\":\"Mận\",\"price\":45000}");

    ph_http_exchange_abort(&note->exchange);
    fake_end_all();
    settle(f);
    assert_int_equal(note->status, 0);
    note_expect(get(f, f->away, BASE "/shelf"), 200, "\"sku\":\"A1\"");
}

/* ---- events ---- */

static struct note *listen_from(struct fixture *f, const char *last)
{
    struct note *note = begin(f, PH_HTTP_GET, BASE "/events");

    note->request.last_event_id = last;
    (void)send_to(f, f->away, note);
    note_expect(note, 200, "retry:");
    assert_string_equal(note->type, "text/event-stream");
    return note;
}

/* How many events of a name were sent. */
static unsigned count_events(const struct note *note, const char *name)
{
    char line[32];
    unsigned count = 0;

    snprintf(line, sizeof(line), "event: %s\n", name);
    for (const char *at = note->body; (at = strstr(at, line)) != NULL; at++) {
        count++;
    }
    return count;
}

static void newcomers_hear_all_and_then_each_change(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    const struct note *note = listen_from(f, "");
    note_expect(note, 200, "id: 1\nevent: overlay\ndata: {");
    (void)change(f, PH_HTTP_PATCH, BASE "/shelf/A1", "{\"stock_delta\":-1}");
    note_expect(note, 200, "id: 2\nevent: stock\ndata: {");
    (void)change(f, PH_HTTP_PUT, BASE "/card", "{\"sku\":\"A1\"}");
    note_expect(note, 200, "id: 3\nevent: card\ndata: {");
    assert_int_equal(count_events(note, "overlay"), 1);
    assert_int_equal(count_events(note, "shelf"), 0);
}

static void who_comes_back_hears_what_was_missed(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    for (int i = 0; i < 3; i++) {
        (void)change(f, PH_HTTP_PATCH, BASE "/shelf/A1", "{\"stock_delta\":-1}");
    }
    const struct note *note = listen_from(f, "3");
    assert_int_equal(count_events(note, "overlay"), 0);
    assert_int_equal(count_events(note, "stock"), 1);
    note_expect(note, 200, "id: 4\n");
    assert_int_equal(count_events(listen_from(f, "2"), "stock"), 2);
    const struct note *newest = listen_from(f, "4");
    assert_int_equal(count_events(newest, "stock") + count_events(newest, "overlay"), 0);
    /* What no change of ours was named gets all. */
    static const char *const strange[] = {"5", "-1", "x", "4x", "99999999999999999999"};
    for (size_t i = 0; i < PH_ARRAY_SIZE(strange); i++) {
        assert_int_equal(count_events(listen_from(f, strange[i]), "overlay"), 1);
    }
}

/* The change was told by two events, of which a reader may have got the first. */
static void half_a_change_is_heard_again(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    (void)change(f, PH_HTTP_PUT, BASE "/card", "{\"sku\":\"A1\"}");
    (void)change(f, PH_HTTP_PATCH, BASE "/shelf/A1", "{\"stock_delta\":-1}");
    const struct note *note = listen_from(f, "3");
    assert_int_equal(count_events(note, "overlay") + count_events(note, "stock"), 1);
}

static void what_is_too_long_ago_is_told_as_a_whole(void **state)
{
    struct fixture *f = *state;

    put_plums(f);
    for (int i = 0; i < 66; i++) {
        struct note *note = change(f, PH_HTTP_PATCH, BASE "/shelf/A1",
                                   i % 2 == 0 ? "{\"sold\":1}" : "{\"sold\":2}");
        note_expect(note, 200, NULL);
    }
    assert_int_equal(count_events(listen_from(f, "2"), "overlay"), 1);
    const struct note *note = listen_from(f, "66");
    assert_int_equal(count_events(note, "overlay"), 0);
    assert_int_equal(count_events(note, "stock"), 1);
    /* All of the last 64 would be longer than the state. */
    assert_int_equal(count_events(listen_from(f, "4"), "overlay"), 1);
}

/* ---- images ---- */

enum { IMAGES_AT_ONCE = 4 }; /* where two a second are allowed */

/* The smallest PNG head that says how large it is. */
static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0,
                              13,   'I', 'H', 'D', 'R',  0,    0,    0,    4, 0, 0,
                              0,    3,   8,   2,   0,    0,    0,    1,    2, 3, 4};

static struct note *upload(struct fixture *f, const uint8_t *data, size_t len)
{
    struct note *note = begin(f, PH_HTTP_POST, BASE "/images");

    note->request.authorization = "Bearer cho-token";
    note->request.content_type = "application/x-www-form-urlencoded";
    note->request.body = data;
    note->request.body_len = len;
    return send_to(f, f->away, note);
}

/* The address that the upload was answered with. */
static const char *image_path(const struct note *note)
{
    static char path[128];
    const char *at = strstr(note->body, BASE "/images/");

    assert_non_null(at);
    snprintf(path, sizeof(path), "%.*s", (int)strcspn(at, "\""), at);
    return path;
}

static void an_image_is_kept_once_and_read_by_all(void **state)
{
    struct fixture *f = *state;
    struct note *note = upload(f, png, sizeof(png));

    assert_int_equal(note->status, 0);
    fake_end_all();
    settle(f);
    note_expect(note, 201, "\"width\":4,\"height\":3,\"bytes\":33");
    struct note *again = upload(f, png, sizeof(png));
    fake_end_all();
    settle(f);
    note_expect(again, 200, image_path(note));
    /* Two ask at a time, the store once; whoever comes later asks the cache. */
    const struct note *first = get(f, f->away, image_path(note));
    const struct note *second = get(f, f->away, image_path(note));
    assert_int_equal(fake.gets, 1);
    assert_int_equal(first->status + second->status, 0);
    fake_end_all();
    settle(f);
    const struct note *third = get(f, f->away, image_path(note));
    assert_int_equal(fake.gets, 1);
    const struct note *const all[] = {first, second, third};
    for (size_t i = 0; i < PH_ARRAY_SIZE(all); i++) {
        assert_int_equal(all[i]->status, 200);
        assert_string_equal(all[i]->type, "image/png");
        assert_string_equal(all[i]->cache, "public, max-age=31536000, immutable");
        assert_string_equal(all[i]->headers, "X-Content-Type-Options: nosniff\r\n");
        assert_int_equal(all[i]->len, sizeof(png));
        assert_memory_equal(all[i]->body, png, sizeof(png));
    }
}

static void what_is_no_image_is_refused(void **state)
{
    struct fixture *f = *state;

    note_expect(upload(f, (const uint8_t *)"<svg/>", 6), 415, "JPEG");
    note_expect(upload(f, png, 0), 415, "JPEG");
    struct note *note = upload(f, png, sizeof(png));
    fake_end_one(PH_ELIMIT);
    settle(f);
    note_expect(note, 409, "too many images");
    note = upload(f, png, sizeof(png));
    fake_end_one(PH_EIO);
    settle(f);
    note_expect(note, 503, "try again");
}

static void images_come_no_faster_than_other_changes(void **state)
{
    struct fixture *f = *state;
    struct note *notes[IMAGES_AT_ONCE + 1];

    for (size_t i = 0; i < PH_ARRAY_SIZE(notes); i++) {
        notes[i] = upload(f, png, sizeof(png));
    }
    fake_end_all();
    settle(f);
    for (size_t i = 0; i < IMAGES_AT_ONCE; i++) {
        assert_true(notes[i]->status == 200 || notes[i]->status == 201);
    }
    note_expect(notes[IMAGES_AT_ONCE], 429, "wait a second");
}

/* Each is two megabytes at most, and the disk may stand still. */
static void images_on_their_way_to_the_disk_are_few(void **state)
{
    enum { FIT = PH_API_KEEPING_BYTES / (PH_IMAGE_BYTES_MAX + PH_API_KEEPING_OVERHEAD) };
    struct fixture *f = *state;
    uint8_t *large = ph_alloc(PH_IMAGE_BYTES_MAX);
    struct note *first = NULL;

    memcpy(large, png, sizeof(png));
    for (int i = 0; i < FIT; i++) {
        struct note *note = upload(f, large, PH_IMAGE_BYTES_MAX);
        assert_int_equal(note->status, 0);
        first = i == 0 ? note : first;
    }
    assert_int_equal(fake.count, FIT);
    note_expect(upload(f, large, PH_IMAGE_BYTES_MAX), 503, "the disk is slow");
    const struct note *small = upload(f, png, sizeof(png));
    assert_int_equal(fake.count, FIT + 1);
    fake_end_all();
    settle(f);
    note_expect(first, 201, NULL);
    assert_int_equal(small->status, 200); /* the store of these tests keeps one */
    const struct note *later = upload(f, large, PH_IMAGE_BYTES_MAX);
    assert_int_equal(later->status, 0);
    fake_end_all();
    settle(f);
    note_expect(later, 200, NULL);
    free(large);
}

static void images_that_are_not_there(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"x", "6b521946337ce77001e8bc10a31a0618.gif",
                                        "6b521946337ce77001e8bc10a31a0618.jpg.jpg"};

    for (size_t i = 0; i < PH_ARRAY_SIZE(names); i++) {
        char path[128];
        snprintf(path, sizeof(path), BASE "/images/%s", names[i]);
        note_expect(get(f, f->away, path), 404, "no such image");
    }
    const char *path = BASE "/images/6b521946337ce77001e8bc10a31a0618.jpg";
    const struct note *missing = get(f, f->away, path);
    fake_end_all();
    settle(f);
    note_expect(missing, 404, "no such image");
    const struct note *failed = get(f, f->away, path);
    fake_end_one(PH_EIO);
    settle(f);
    note_expect(failed, 503, "try again");
}

static void readers_of_images_may_go_away(void **state)
{
    struct fixture *f = *state;
    const char *path = BASE "/images/6b521946337ce77001e8bc10a31a0618.jpg";
    struct note *gone = get(f, f->away, path);
    const struct note *stays = get(f, f->away, path);

    ph_http_exchange_abort(&gone->exchange);
    struct note *sender = upload(f, png, sizeof(png));
    ph_http_exchange_abort(&sender->exchange);
    fake_end_all();
    settle(f);
    assert_int_equal(gone->status, 0);
    assert_int_equal(sender->status, 0);
    note_expect(stays, 404, "no such image");
    /* And what the store still has at the end is nobody's loss. */
    (void)get(f, f->away, path);
    (void)upload(f, png, sizeof(png));
}

/* ---- the end ---- */

static void on_drained(void *arg)
{
    struct fixture *f = arg;

    f->is_drained = true;
}

static void a_drain_waits_for_the_last_change(void **state)
{
    struct fixture *f = *state;
    const struct note *reader = listen_from(f, "");
    const struct note *last =
        ask(f, PH_HTTP_PUT, BASE "/shelf/A1", "{\"title\":\"Mận\",\"price\":45000}");

    assert_true(reader->is_stream);
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_overlay_api_drain(f->apis[i]);
    }
    assert_false(reader->is_stream);
    ph_overlay_drain(f->overlay, on_drained, f);
    settle(f);
    assert_false(f->is_drained);
    note_expect(ask(f, PH_HTTP_PUT, BASE "/card", "{\"sku\":\"A1\"}"), 503, "ends");
    note_expect(get(f, f->away, BASE "/events"), 503, "ends");
    fake_end_all();
    settle(f);
    assert_true(f->is_drained);
    note_expect(last, 201, "A1");
    note_expect(get(f, f->away, BASE "/shelf"), 200, "A1"); /* who only reads may go on */
}

static void a_drain_with_nothing_to_do_is_soon_done(void **state)
{
    struct fixture *f = *state;

    ph_overlay_drain(f->overlay, on_drained, f);
    settle(f);
    assert_true(f->is_drained);
}

static void a_database_that_cannot_be_opened_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct ph_overlay *overlay = NULL;
    const struct ph_overlay_params params = {.conf = &f->conf,
                                             .registry = f->registry,
                                             .loops = f->loops,
                                             .stats = f->all_stats,
                                             .workers = WORKERS};

    fake.open_err = PH_EACCESS;
    assert_int_equal(ph_overlay_create(&overlay, &params), PH_EACCESS);
    assert_null(overlay);
    fake.open_err = PH_OK;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(both_workers_read_what_was_written),
        TEST(answers_are_given_when_it_is_durable),
        TEST(each_change_has_its_answer),
        TEST(a_shelf_is_imported_as_json_or_csv),
        TEST(who_has_no_token_writes_nothing),
        TEST(what_is_not_there_is_404),
        TEST(hidden_products_are_the_sellers_own),
        TEST(if_match_is_the_shelfs_revision),
        TEST(the_same_key_is_answered_again),
        TEST(bodies_are_refused_with_all_their_faults),
        TEST(who_goes_away_has_changed_it_all_the_same),
        TEST(newcomers_hear_all_and_then_each_change),
        TEST(who_comes_back_hears_what_was_missed),
        TEST(half_a_change_is_heard_again),
        TEST(what_is_too_long_ago_is_told_as_a_whole),
        TEST(an_image_is_kept_once_and_read_by_all),
        TEST(what_is_no_image_is_refused),
        cmocka_unit_test_setup_teardown(images_come_no_faster_than_other_changes, set_up_slow,
                                        tear_down),
        TEST(images_on_their_way_to_the_disk_are_few),
        TEST(images_that_are_not_there),
        TEST(readers_of_images_may_go_away),
        TEST(a_drain_waits_for_the_last_change),
        TEST(a_drain_with_nothing_to_do_is_soon_done),
        TEST(a_database_that_cannot_be_opened_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

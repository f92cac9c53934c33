/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HLS routes with a publisher behind them and exchanges that only take notes: what is answered
 * at once, what waits for which part, and what is refused.
 */
#include "delivery_fixture.h"

#include <phien/http/router.h>
#include <zlib.h>

enum { ANSWERS = 32 };

/* A request and what was answered. */
struct asked {
    struct ph_http_exchange exchange;
    struct ph_http_request request;
    int status; /* 0: it is held */
    char type[64];
    char cache[64];
    bool is_gzip;
    bool allows_ranges;
    char *body; /* with a NUL behind */
    size_t len;
};

struct fixture {
    struct world *world;
    struct ph_hls *hls[WORKERS];
    struct ph_router *routers[WORKERS];
    struct asked asked[ANSWERS];
    size_t count;
};

static void keep_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text != NULL ? text : "");
}

static void on_respond(struct ph_http_exchange *exchange, const struct ph_http_response *response)
{
    struct asked *asked = ph_container_of(exchange, struct asked, exchange);

    assert_int_equal(asked->status, 0);
    asked->status = response->status;
    keep_text(asked->type, sizeof(asked->type), response->content_type);
    keep_text(asked->cache, sizeof(asked->cache), response->cache_control);
    asked->is_gzip = response->is_gzip;
    asked->allows_ranges = response->allow_ranges;
    for (size_t i = 0; i < response->body_count; i++) {
        asked->body = ph_realloc_array(asked->body, asked->len + response->body[i].len + 1, 1);
        memcpy(asked->body + asked->len, response->body[i].data, response->body[i].len);
        asked->len += response->body[i].len;
        asked->body[asked->len] = '\0';
        ph_slice_clear(&response->body[i]);
    }
}

static const struct ph_http_exchange_ops exchange_ops = {.respond = on_respond};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    f->world = world_create();
    for (unsigned i = 0; i < WORKERS; i++) {
        f->hls[i] = ph_hls_create(f->world->feeds, i);
        f->routers[i] = ph_router_create();
        ph_hls_add_routes(f->hls[i], f->routers[i]);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < WORKERS; i++) {
        ph_hls_drain(f->hls[i]);
        assert_int_equal(f->world->stats[i].value[PH_STAT_HOLDS], 0);
        ph_hls_destroy(&f->hls[i]);
        ph_router_destroy(&f->routers[i]);
    }
    for (size_t i = 0; i < f->count; i++) {
        assert_true(f->asked[i].status != 0);
        free(f->asked[i].body);
    }
    world_destroy(f->world);
    free(f);
    return 0;
}

static struct asked *ask_as(struct fixture *f, unsigned worker, const char *path, const char *query,
                            const char *accept_encoding)
{
    assert_true(f->count < ANSWERS);
    struct asked *asked = &f->asked[f->count++];
    ph_http_exchange_init(&asked->exchange, &exchange_ops);
    asked->request = (struct ph_http_request){
        .method = PH_HTTP_GET,
        .path = path,
        .query = query,
        .accept_encoding = accept_encoding,
    };
    ph_http_exchange_open(&asked->exchange, &asked->request);
    ph_router_dispatch(f->routers[worker], &asked->exchange);
    return asked;
}

/* On the worker that is not the home. */
static struct asked *ask(struct fixture *f, const char *path, const char *query)
{
    return ask_as(f, f->world->away, path, query, "");
}

/* A path or a query with numbers in it; lives until the next but four. */
static const char *with(const char *format, ...) PH_PRINTF(1, 2);
static const char *with(const char *format, ...)
{
    static char texts[4][96];
    static unsigned next;
    char *text = texts[next++ % 4];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(texts[0]), format, args);
    va_end(args);
    return text;
}

static void check_status(const struct asked *asked, int status)
{
    if (asked->status != status) {
        fail_msg("%s?%s: %d instead of %d: %s", asked->request.path, asked->request.query,
                 asked->status, status, asked->body != NULL ? asked->body : "");
    }
}

/* On air for a while and amid a segment, with a viewer who has asked. */
static void go_on_air(struct fixture *f)
{
    publish(f->world);
    play(f->world, 7500);
    struct asked *first = ask(f, "/live/sinho/av.m3u8", "");
    check_status(first, 0);
    settle(f->world);
    check_status(first, 200);
}

/* Where the live edge is, as a player reads it from the playlist. */
struct edge {
    int64_t msn;   /* under way */
    int64_t parts; /* of it, listed */
    int64_t hint;  /* number of the part hinted at */
    int64_t last_init;
};

static int64_t number_behind(const char *text, const char *what)
{
    const char *at = strstr(text, what);

    assert_non_null(at);
    return strtoll(at + strlen(what), NULL, 10);
}

static struct edge read_edge(struct fixture *f)
{
    const struct asked *asked = ask(f, "/live/sinho/av.m3u8", "");
    struct edge edge = {.msn = number_behind(asked->body, "#EXT-X-MEDIA-SEQUENCE:")};

    check_status(asked, 200);
    edge.hint = number_behind(asked->body, "TYPE=PART,URI=\"av-e1-p");
    edge.last_init = number_behind(asked->body, "#EXT-X-MAP:URI=\"av-e1-i");
    for (const char *at = asked->body; (at = strstr(at, "\n#EXT")) != NULL; at++) {
        if (strncmp(at, "\n#EXTINF:", 9) == 0) {
            edge.msn++;
            edge.parts = 0;
        }
        edge.parts += strncmp(at, "\n#EXT-X-PART:", 13) == 0 ? 1 : 0;
    }
    return edge;
}

static void check_info(struct fixture *f, const char *text)
{
    assert_non_null(strstr(ask(f, "/live/sinho/info.json", "")->body, text));
}

static void off_air_there_is_nothing(void **state)
{
    struct fixture *f = *state;
    struct asked *playlist = ask(f, "/live/sinho/index.m3u8", "");
    struct asked *part = ask(f, "/live/sinho/av-e1-p3.m4s", "");
    struct asked *info = ask(f, "/live/sinho/info.json", "");

    /* The home must be asked first. */
    check_status(playlist, 0);
    check_status(part, 0);
    check_status(info, 0);
    settle(f->world);
    check_status(playlist, 404);
    assert_string_equal(playlist->cache, "public, max-age=2");
    assert_string_equal(playlist->type, "application/problem+json");
    check_status(part, 404);
    check_status(info, 200);
    assert_non_null(strstr(info->body, "\"live\":false,\"away\":false"));
    check_status(ask(f, "/live/sinho/index.m3u8", ""), 404); /* now it is known */
    check_status(ask(f, "/live/nobody/index.m3u8", ""), 404);
}

static void a_first_viewer_waits_for_the_first_segment(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    publish(world);
    struct asked *index = ask(f, "/live/sinho/index.m3u8", "");
    struct asked *playlist = ask(f, "/live/sinho/av.m3u8", "");
    settle(world);
    play(world, 1000);
    settle(world);
    check_status(index, 0);
    check_status(playlist, 0);
    assert_int_equal(world->stats[world->away].value[PH_STAT_HOLDS], 2);
    play(world, 2000);
    settle(world);
    check_status(index, 200);
    check_status(playlist, 200);
    assert_string_equal(playlist->type, "application/vnd.apple.mpegurl");
    assert_non_null(strstr(index->body, "CODECS=\"avc1."));
    assert_non_null(strstr(index->body, "av.m3u8"));
    assert_string_equal(playlist->cache, "public, max-age=1");
    check_info(f, "\"live\":true,\"away\":false");
}

static void a_blocking_reload_waits_for_its_part(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    go_on_air(f);
    struct edge edge = read_edge(f);
    /* What is there is answered at once. */
    struct asked *there =
        ask(f, "/live/sinho/av.m3u8",
            with("_HLS_msn=%" PRId64 "&_HLS_part=%" PRId64, edge.msn, edge.parts - 1));
    check_status(there, 200);
    assert_string_equal(there->cache, "public, max-age=12");
    check_status(ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn - 1)), 200);

    struct asked *part = ask(f, "/live/sinho/av.m3u8",
                             with("_HLS_msn=%" PRId64 "&_HLS_part=%" PRId64, edge.msn, edge.parts));
    struct asked *segment = ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn));
    settle(world);
    check_status(part, 0);
    play(world, 300);
    settle(world);
    check_status(part, 200);
    assert_non_null(strstr(part->body, with("av-e1-p%" PRId64 ".m4s", edge.hint)));
    assert_int_equal(segment->status, 0);
    play(world, 2000);
    settle(world);
    check_status(segment, 200);
    assert_non_null(strstr(segment->body, with("av-e1-%" PRId64 ".m4s", edge.msn)));
}

static void what_lies_too_far_ahead_is_refused(void **state)
{
    struct fixture *f = *state;

    go_on_air(f);
    struct edge edge = read_edge(f);
    struct asked *asked = ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn + 3));
    check_status(asked, 400);
    assert_string_equal(asked->cache, "public, max-age=8");
    check_status(
        ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64 "&_HLS_part=999", edge.msn + 1)),
        400);
    check_status(ask(f, "/live/sinho/av.m3u8", "_HLS_part=1"), 400);
    check_status(ask(f, "/live/sinho/av.m3u8", "_HLS_msn=-1"), 400);
    check_status(ask(f, "/live/sinho/av.m3u8", "_HLS_msn=99999999999999999"), 400);
}

static void a_hint_comes_true(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    go_on_air(f);
    struct edge edge = read_edge(f);
    struct asked *hint = ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint), "");
    struct asked *past = ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint - 1), "");
    check_status(hint, 0);
    check_status(past, 200);
    play(world, 300);
    settle(world);
    check_status(hint, 200);
    assert_string_equal(hint->type, "video/mp4");
    assert_string_equal(hint->cache, "public, max-age=31536000, immutable");
    assert_true(hint->allows_ranges);
    assert_memory_equal(hint->body + 4, "moof", 4);
    check_status(ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint + 100), ""), 404);
}

/* The publisher is lost: at once, and not when the wait is over. */
static void a_hint_is_given_up(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    go_on_air(f);
    play(world, 130);
    settle(world);
    struct edge edge = read_edge(f);
    struct asked *hint = ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint + 1), "");
    check_status(hint, 0);
    unpublish(world);
    settle(world);
    struct edge after = read_edge(f);
    /* What was under way became a part; the one after it will never be. */
    assert_int_equal(after.hint, edge.hint + 2);
    check_status(hint, 404);
    check_status(ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint), ""), 200);
    check_status(ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint + 1), ""), 404);
}

/* The parts of a segment are the segment, whatever worker answers. */
static void segments_are_their_parts(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    go_on_air(f);
    struct edge edge = read_edge(f);
    play(world, 2000);
    settle(world);
    const struct asked *far = ask(f, with("/live/sinho/av-e1-%" PRId64 ".m4s", edge.msn), "");
    struct asked *near =
        ask_as(f, world->home, with("/live/sinho/av-e1-%" PRId64 ".m4s", edge.msn), "", "");
    settle(world);
    check_status(far, 200);
    check_status(near, 200);
    assert_int_equal(far->len, near->len);
    assert_memory_equal(far->body, near->body, far->len);
    size_t at = 0;
    for (int64_t i = 0; at < far->len; i++) {
        const struct asked *part =
            ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint - edge.parts + i), "");
        check_status(part, 200);
        assert_true(at + part->len <= far->len);
        assert_memory_equal(far->body + at, part->body, part->len);
        at += part->len;
    }
    const struct asked *init =
        ask(f, with("/live/sinho/av-e1-i%" PRId64 ".mp4", edge.last_init), "");
    check_status(init, 200);
    assert_memory_equal(init->body + 4, "ftyp", 4);
    check_status(ask(f, with("/live/sinho/av-e0-%" PRId64 ".m4s", edge.msn), ""), 404);
    check_status(ask(f, with("/live/sinho/av-e1-%" PRId64 ".m4s", edge.msn - 100), ""), 404);
    check_status(ask(f, with("/live/sinho/av-e1-%" PRId64 ".m4s", edge.msn + 100), ""), 404);
    check_status(ask(f, "/live/sinho/nothing", ""), 404);
}

static void gunzip(const struct asked *asked, char *out, size_t size)
{
    z_stream z = {.next_in = (Bytef *)asked->body,
                  .avail_in = (uInt)asked->len,
                  .next_out = (Bytef *)out,
                  .avail_out = (uInt)size - 1};

    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    out[z.total_out] = '\0';
    inflateEnd(&z);
}

static void playlists_have_their_forms(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;
    static char text[65536];

    go_on_air(f);
    play(world, 20000);
    settle(world);
    const struct asked *full = ask(f, "/live/sinho/av.m3u8", "");
    const struct asked *packed =
        ask_as(f, world->away, "/live/sinho/av.m3u8", "", "br, gzip;q=0.5");
    assert_true(packed->is_gzip);
    assert_true(packed->len < full->len);
    gunzip(packed, text, sizeof(text));
    assert_string_equal(text, full->body);
    const struct asked *delta = ask(f, "/live/sinho/av.m3u8", "_HLS_skip=YES");
    assert_non_null(strstr(delta->body, "#EXT-X-SKIP:"));
    const struct asked *plain = ask(f, "/live/sinho/plain/av.m3u8", "");
    check_status(plain, 200);
    assert_null(strstr(plain->body, "#EXT-X-PART"));
    check_status(ask(f, "/live/sinho/plain/index.m3u8", ""), 200);
    struct asked *audio = ask(f, "/live/sinho/audio.m3u8", "");
    settle(world);
    check_status(audio, 200);
}

static void mpegts_begins_when_somebody_asks(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    go_on_air(f);
    struct asked *playlist = ask(f, "/live/sinho/ts/index.m3u8", "");
    settle(world);
    play(world, 1000);
    settle(world);
    check_status(playlist, 0);
    play(world, 4000);
    settle(world);
    check_status(playlist, 200);
    int64_t msn = number_behind(playlist->body, "\ne1-");
    struct asked *segment = ask(f, with("/live/sinho/ts/e1-%" PRId64 ".ts", msn), "");
    check_status(segment, 200);
    assert_string_equal(segment->type, "video/mp2t");
    assert_int_equal(segment->body[0], 0x47);
}

/* Blocked for segment by segment, and the video's segments are its own by number. */
static void captions_go_with_the_video(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    go_on_air(f);
    struct edge edge = read_edge(f);
    struct asked *playlist = ask(f, "/live/sinho/cards.m3u8", "");
    struct asked *plain = ask(f, "/live/sinho/plain/cards.m3u8", "");
    settle(world);
    check_status(playlist, 200);
    assert_string_equal(playlist->type, "application/vnd.apple.mpegurl");
    assert_non_null(strstr(playlist->body, with("\ncards-e1-%" PRId64 ".vtt\n", edge.msn - 1)));
    assert_non_null(strstr(playlist->body, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,"));
    check_status(plain, 200);
    assert_non_null(strstr(plain->body, with("\n../cards-e1-%" PRId64 ".vtt\n", edge.msn - 1)));
    struct asked *segment = ask(f, with("/live/sinho/cards-e1-%" PRId64 ".vtt", edge.msn - 1), "");
    check_status(segment, 200);
    assert_string_equal(segment->type, "text/vtt; charset=utf-8");
    assert_string_equal(segment->cache, "public, max-age=31536000, immutable");
    assert_memory_equal(segment->body, "WEBVTT\n", 7);

    struct asked *next = ask(f, "/live/sinho/cards.m3u8",
                             with("_HLS_msn=%" PRId64 "&_HLS_part=%" PRId64, edge.msn, edge.parts));
    play(world, 300);
    settle(world);
    check_status(next, 0);
    play(world, 2000);
    settle(world);
    check_status(next, 200);
    assert_non_null(strstr(next->body, with("\ncards-e1-%" PRId64 ".vtt\n", edge.msn)));
    check_status(ask(f, "/live/sinho/cards.m3u8", with("_HLS_msn=%" PRId64, edge.msn + 9)), 400);
}

static void mpegts_can_be_off(void **state)
{
    struct fixture *f = *state;

    f->world->conf.hls.mpegts = false;
    go_on_air(f);
    check_status(ask(f, "/live/sinho/ts/index.m3u8", ""), 404);
}

/* Whoever waits when the publisher goes is answered with what there is, or when it is over. */
static void the_publisher_goes(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    go_on_air(f);
    struct edge edge = read_edge(f);
    struct asked *segment = ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn));
    struct asked *next = ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn + 1));
    struct asked *hint = ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint + 1), "");
    play(world, 100);
    unpublish(world);
    settle(world);
    check_status(segment, 200); /* the pause has ended it */
    check_status(next, 0);
    check_info(f, "\"live\":false,\"away\":true");
    wait_for(world, 90 * S);
    settle(world);
    check_status(next, 200);
    assert_non_null(strstr(next->body, "#EXT-X-ENDLIST"));
    check_status(hint, 404);
    /* Nobody may wait for anything any more. */
    check_status(ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn + 1)), 200);
    check_status(ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn + 900)), 200);
    check_info(f, "\"live\":false,\"away\":false");
}

static void clients_that_leave_are_forgotten(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    go_on_air(f);
    struct edge edge = read_edge(f);
    struct asked *gone = ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint), "");
    struct asked *stays = ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint), "");
    assert_int_equal(world->stats[world->away].value[PH_STAT_HOLDS], 2);
    ph_http_exchange_abort(&gone->exchange);
    assert_int_equal(world->stats[world->away].value[PH_STAT_HOLDS], 1);
    play(world, 300);
    settle(world);
    check_status(stays, 200);
    check_status(gone, 0);
    gone->status = -1; /* it must not be answered: see tear_down */
}

static void a_drain_answers_everybody(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;

    /* One who waits for the home's first word, too. */
    struct asked *near = ask_as(f, world->home, "/live/sinho/index.m3u8", "", "");
    ph_hls_drain(f->hls[world->home]);
    check_status(near, 503);
    assert_string_equal(near->cache, "no-store");
    go_on_air(f);
    struct edge edge = read_edge(f);
    struct asked *reload = ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn));
    struct asked *hint = ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint), "");
    check_status(reload, 0);
    ph_hls_drain(f->hls[world->away]);
    check_status(reload, 503);
    assert_string_equal(reload->cache, "no-store");
    check_status(hint, 404);
    assert_string_equal(hint->cache, "no-store");
    /* From now on nobody waits; what there is, is served. */
    check_status(ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn)), 503);
    check_status(ask(f, "/live/sinho/av.m3u8", ""), 200);
    play(world, 3000);
    settle(world);
    check_status(ask(f, "/live/sinho/av.m3u8", with("_HLS_msn=%" PRId64, edge.msn)), 200);
}

/* Parts and segments, and nothing that only tells of them. */
static void media_that_is_taken_makes_an_audience(void **state)
{
    struct fixture *f = *state;
    struct world *world = f->world;
    struct ph_audience *audience = ph_feeds_audience(world->feeds);
    ph_usec now = ph_loop_now(world->loops[world->away]);

    go_on_air(f);
    struct edge edge = read_edge(f);
    check_status(ask(f, with("/live/sinho/av-e1-i%" PRId64 ".mp4", edge.last_init), ""), 200);
    ph_audience_sweep(audience, world->away, now + PH_USEC_PER_S);
    assert_int_equal(ph_audience_viewers(audience, world->entry->index), 0);
    for (int i = 0; i < 5; i++) {
        check_status(ask(f, with("/live/sinho/av-e1-%" PRId64 ".m4s", edge.msn - 1), ""), 200);
    }
    check_status(ask(f, with("/live/sinho/av-e1-p%" PRId64 ".m4s", edge.hint - 1), ""), 200);
    ph_audience_sweep(audience, world->away, now + 2 * PH_USEC_PER_S);
    /* Five segments of two seconds and a part, in two seconds. */
    assert_int_equal(ph_audience_viewers(audience, world->entry->index), 5);
    ph_audience_sweep(audience, world->home, now + 2 * PH_USEC_PER_S);
    assert_int_equal(ph_audience_viewers(audience, world->entry->index), 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(off_air_there_is_nothing),
        TEST(a_first_viewer_waits_for_the_first_segment),
        TEST(a_blocking_reload_waits_for_its_part),
        TEST(what_lies_too_far_ahead_is_refused),
        TEST(a_hint_comes_true),
        TEST(a_hint_is_given_up),
        TEST(segments_are_their_parts),
        TEST(playlists_have_their_forms),
        TEST(mpegts_begins_when_somebody_asks),
        TEST(captions_go_with_the_video),
        TEST(mpegts_can_be_off),
        TEST(the_publisher_goes),
        TEST(clients_that_leave_are_forgotten),
        TEST(a_drain_answers_everybody),
        TEST(media_that_is_taken_makes_an_audience),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

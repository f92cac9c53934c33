/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishers and the homes of their channels, on two loops in threads of their own: who is on air,
 * in what order packets come, how a session ends, what the log says of it.
 */
#include "../media/media_file.h"
#include "errand.h"

#include <phien/core/log.h>
#include <phien/ingest/publish.h>

#include <stdlib.h>
#include <string.h>

enum { WORKERS = 2, LOG_BYTES = 65536 };

static const char PEER[] = "192.0.2.7:50001";

/* What the channel's sink saw, on the home's thread. */
struct sink {
    uint64_t serials[16384];
    size_t count;
    unsigned programs;
    unsigned pauses;
};

struct world {
    struct ph_loop *loops[WORKERS];
    struct ph_stats stats[WORKERS];
    struct ph_registry *registry;
    struct ph_publish_hub *hub;
    const struct ph_registry_entry *entry;
    struct ph_loop *home;
    struct ph_loop *away;
    bool is_running;
    struct media_file media;
    struct ph_track *tracks[PH_TRACK_KINDS];
    struct sink sink;
    ph_usec deadline; /* the channel's */
    pthread_mutex_t log_mutex;
    char log[LOG_BYTES];
};

/* A publishing session, on the thread of its loop. */
struct session {
    struct world *world;
    struct ph_loop *loop;
    const char *id;
    const char *query;
    unsigned max_bitrate_kbps;
    ph_usec called_at;
    ph_usec late;
    enum ph_close_reason ends_with;
    const char *protocol;
    struct ph_publisher *publisher;
    enum ph_close_reason refusal;
    enum ph_close_reason closed_by;
    unsigned closed_count;
    bool is_stubborn; /* does not close when it is told to */

    /* What `send` does next. */
    size_t packets;
    size_t packet_bytes; /* of audio; 0: as the encoder made them */
    ph_usec now;
    ph_usec step;
    uint64_t serial; /* of the next packet */
    const char *detail;
};

static void on_program(void *arg, struct ph_program *program, ph_usec wall, bool discontinuity)
{
    struct world *world = arg;

    (void)program;
    (void)wall;
    (void)discontinuity;
    world->sink.programs++;
}

static void on_packet(void *arg, const AVPacket *packet, ph_usec now)
{
    struct sink *sink = &((struct world *)arg)->sink;
    uint64_t serial = 0;

    (void)now;
    assert_true(sink->count < PH_ARRAY_SIZE(sink->serials));
    memcpy(&serial, packet->data + packet->size - sizeof(serial), sizeof(serial));
    sink->serials[sink->count++] = serial;
}

static void on_pause(void *arg, ph_usec now)
{
    (void)now;
    ((struct world *)arg)->sink.pauses++;
}

static void on_end(void *arg, ph_usec now)
{
    (void)arg;
    (void)now;
}

static const struct ph_sink_ops sink_ops = {on_program, on_packet, on_pause, on_end, NULL};

static void on_line(void *arg, const char *line)
{
    struct world *world = arg;

    pthread_mutex_lock(&world->log_mutex);
    size_t len = strlen(world->log);
    snprintf(world->log + len, sizeof(world->log) - len, "%s\n", line);
    pthread_mutex_unlock(&world->log_mutex);
}

static int set_up_with(void **state, enum ph_conf_takeover takeover)
{
    static struct ph_conf_channel channel = {
        .name = "sinho", .key = "s3cret-key", .title = "", .overlay_token = "t0ken"};
    static struct ph_conf conf = {.workers = WORKERS, .channels = &channel, .channels_count = 1};
    struct world *world = calloc(1, sizeof(*world));
    struct ph_stats *stats[WORKERS] = {&world->stats[0], &world->stats[1]};

    conf.publish.grace_s = 90;
    conf.publish.linger_s = 15;
    conf.publish.takeover = takeover;
    pthread_mutex_init(&world->log_mutex, NULL);
    media_file_open(&world->media, "h264_bframes_aac.mp4");
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        assert_int_equal(ph_track_create(&world->tracks[kind], world->media.par[kind]), PH_OK);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_loop_create(&world->loops[i], "test"), PH_OK);
    }
    ph_log_divert(on_line, world);
    world->registry = ph_registry_create(&conf, stats);
    world->hub = ph_publish_hub_create(&conf, world->registry, world->loops, stats);
    world->entry = ph_registry_at(world->registry, 0);
    world->home = world->loops[world->entry->home];
    world->away = world->loops[1 - world->entry->home];
    ph_channel_add_sink(world->entry->channel, &sink_ops, world);
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(ph_loop_start(world->loops[i]), PH_OK);
    }
    world->is_running = true;
    *state = world;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, PH_CONF_TAKEOVER_NEWEST);
}

static int set_up_refusing(void **state)
{
    return set_up_with(state, PH_CONF_TAKEOVER_REFUSE);
}

static void stop(struct world *world)
{
    for (size_t i = 0; i < WORKERS && world->is_running; i++) {
        ph_loop_stop(world->loops[i]);
        ph_loop_join(world->loops[i]);
    }
    world->is_running = false;
}

static int tear_down(void **state)
{
    struct world *world = *state;

    stop(world);
    for (unsigned i = 0; i < WORKERS; i++) {
        ph_publish_hub_close_home(world->hub, i);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        ph_loop_destroy(&world->loops[i]);
    }
    ph_publish_hub_destroy(&world->hub);
    ph_registry_destroy(&world->registry);
    ph_log_divert(NULL, NULL);
    for (int kind = PH_TRACK_VIDEO; kind < PH_TRACK_KINDS; kind++) {
        ph_track_unref(&world->tracks[kind]);
    }
    media_file_close(&world->media);
    pthread_mutex_destroy(&world->log_mutex);
    free(world);
    return 0;
}

/* What sessions have posted so far is taken by the home, and what it answers by them. */
static void settle(struct world *world)
{
    run_on(world->away, NULL, NULL);
    run_on(world->home, NULL, NULL);
    run_on(world->away, NULL, NULL);
    run_on(world->home, NULL, NULL);
}

/* ---- a session's deeds, on its thread ---- */

static void on_closed(void *arg, enum ph_close_reason reason)
{
    struct session *session = arg;

    session->closed_by = reason;
    session->closed_count++;
    if (!session->is_stubborn) {
        ph_publisher_close(&session->publisher, reason, NULL);
    }
}

static void open_session(void *arg)
{
    struct session *session = arg;
    const struct ph_publish_request request = {
        .session = session->id,
        .protocol = session->protocol,
        .path = "live/sinho",
        .query = session->query != NULL ? session->query : "key=s3cret-key",
        .peer = PEER,
        .application = "FMLE/3.0",
        .max_bitrate_kbps = session->max_bitrate_kbps,
        .called_at = session->called_at,
        .late = session->late,
    };

    session->refusal =
        ph_publisher_open(&session->publisher, session->world->hub, ph_loop_mailbox(session->loop),
                          &request, on_closed, session);
    for (int kind = PH_TRACK_VIDEO; session->publisher != NULL && kind < PH_TRACK_KINDS; kind++) {
        ph_publisher_track(session->publisher, session->world->tracks[kind]);
    }
}

static void send_one(struct session *session, enum ph_track_kind kind, int64_t ms)
{
    bool is_key = kind == PH_TRACK_AUDIO || ms % 1000 == 0;
    const AVPacket *like = media_file_find(&session->world->media, kind, is_key);
    AVPacket *packet = av_packet_alloc();
    size_t size = (size_t)like->size;

    if (kind == PH_TRACK_AUDIO && session->packet_bytes > size) {
        size = session->packet_bytes;
    }
    assert_int_equal(av_new_packet(packet, (int)(size + sizeof(session->serial))), 0);
    memset(packet->data, 0, (size_t)packet->size);
    memcpy(packet->data, like->data, (size_t)like->size);
    memcpy(packet->data + size, &session->serial, sizeof(session->serial));
    session->serial++;
    packet->stream_index = (int)kind;
    packet->flags = is_key ? AV_PKT_FLAG_KEY : 0;
    packet->time_base = (AVRational){1, 1000};
    packet->dts = ms;
    packet->pts = ms;
    ph_publisher_packet(session->publisher, packet, session->now);
    session->now += session->step;
    av_packet_free(&packet);
}

/* Video at 25 frames a second, and as many packets of audio. */
static void send(void *arg)
{
    struct session *session = arg;

    for (size_t i = 0; i < session->packets && session->publisher != NULL; i++) {
        send_one(session, i % 2 == 0 ? PH_TRACK_VIDEO : PH_TRACK_AUDIO,
                 (int64_t)(session->serial / 2) * 40);
    }
}

static void close_session(void *arg)
{
    struct session *session = arg;

    ph_publisher_close(&session->publisher, session->ends_with, session->detail);
}

static void send_and_close(void *arg)
{
    send(arg);
    close_session(arg);
}

static struct session make_session(struct world *world, struct ph_loop *loop, const char *id)
{
    return (struct session){.world = world,
                            .loop = loop,
                            .id = id,
                            .protocol = "rtmp",
                            .packets = 100,
                            .ends_with = PH_CLOSE_UNPUBLISH};
}

static void do_it(struct session *session, void (*deed)(void *arg))
{
    run_on(session->loop, deed, session);
}

static int64_t closed(const struct world *world, enum ph_close_reason reason)
{
    return atomic_load(&world->stats[world->entry->home].closed[reason]);
}

static int64_t stat(const struct world *world, enum ph_stat stat)
{
    return atomic_load(&world->stats[world->entry->home].value[stat]);
}

/* All packets of one session, from its first on. */
static void check_serials(const struct world *world, size_t from, size_t count, uint64_t first)
{
    assert_int_equal(world->sink.count, from + count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(world->sink.serials[from + i], first + i);
    }
}

/* The line of an event; fails if there is not exactly one. */
static const char *line_of(const struct world *world, const char *event)
{
    static char line[1024];
    char text[64];

    snprintf(text, sizeof(text), "event=%s ", event);
    const char *at = strstr(world->log, text);
    if (at == NULL || strstr(at + 1, text) != NULL) {
        fail_msg("not one line of %s in:\n%s", event, world->log);
    }
    snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
    return line;
}

static void check_fields(const char *line, const char *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(line, fields[i]) == NULL) {
            fail_msg("no %s in: %s", fields[i], line);
        }
    }
}

static unsigned count_text(const struct world *world, const char *text)
{
    unsigned count = 0;

    for (const char *at = world->log; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

/* ---- the tests ---- */

static void packets_come_in_order_from_either_thread(void **state)
{
    struct world *world = *state;
    struct session near = make_session(world, world->home, "near");
    struct session far = make_session(world, world->away, "far");

    near.packets = 1000;
    do_it(&near, open_session);
    do_it(&near, send);
    do_it(&near, close_session);
    settle(world);
    check_serials(world, 0, 1000, 0);
    far.packets = 5000;
    far.serial = 100000;
    do_it(&far, open_session);
    do_it(&far, send);
    do_it(&far, close_session);
    settle(world);
    check_serials(world, 1000, 5000, 100000);
    assert_int_equal(world->sink.programs, 2);
    assert_int_equal(world->sink.pauses, 2);
    assert_int_equal(stat(world, PH_STAT_SESSIONS_RTMP), 0);
    assert_int_equal(closed(world, PH_CLOSE_UNPUBLISH), 2);
}

static void take_over(struct world *world, struct ph_loop *old_loop, struct ph_loop *new_loop)
{
    struct session old = make_session(world, old_loop, "old");
    struct session new = make_session(world, new_loop, "new");

    do_it(&old, open_session);
    do_it(&old, send);
    settle(world);
    assert_int_equal(stat(world, PH_STAT_SESSIONS_RTMP), 1);
    new.serial = 1000;
    do_it(&new, open_session);
    settle(world);
    assert_int_equal(old.closed_count, 1);
    assert_int_equal(old.closed_by, PH_CLOSE_TAKEOVER);
    assert_null(old.publisher);
    do_it(&old, send); /* there is nothing any more to send with */
    do_it(&new, send);
    settle(world);
    check_serials(world, 100, 100, 1000);
    assert_int_equal(new.closed_count, 0);
    assert_int_equal(stat(world, PH_STAT_SESSIONS_RTMP), 1);
    assert_int_equal(closed(world, PH_CLOSE_TAKEOVER), 1);
    do_it(&new, close_session);
    settle(world);
}

/* Calls now, and sends. Whoever was on air has heard of it. */
static void come(struct world *world, struct session *session, enum ph_close_reason *out)
{
    session->called_at = ph_clock_mono();
    session->closed_by = PH_CLOSE_NONE;
    do_it(session, open_session);
    do_it(session, send);
    settle(world);
    *out = session->closed_by;
}

static void a_takeover_is_told_in_one_line(void **state)
{
    static const char *const fields[] = {
        " channel=sinho", " session=new ", " from=old ",
        " silent_ms=",    " protocol=srt", " peer=192.0.2.7:50001"};
    struct world *world = *state;
    struct session old = make_session(world, world->away, "old");
    struct session new = make_session(world, world->home, "new");
    enum ph_close_reason end;

    come(world, &old, &end);
    assert_int_equal(count_text(world, "event=publish.takeover"), 0);
    new.protocol = "srt";
    come(world, &new, &end);
    assert_int_equal(end, PH_CLOSE_NONE);
    check_fields(line_of(world, "publish.takeover"), fields, PH_ARRAY_SIZE(fields));
    do_it(&new, close_session);
    settle(world);
}

/* Two phones with one key, both alive, on two workers, whatever they speak. */
static void a_fight_ends(struct world *world, const char *protocol, ph_usec late)
{
    struct session sides[] = {make_session(world, world->away, "a"),
                              make_session(world, world->home, "b")};
    enum ph_close_reason end;

    sides[1].protocol = protocol;
    sides[1].late = late;
    come(world, &sides[0], &end);
    for (unsigned i = 1; i <= 6; i++) {
        come(world, &sides[i % 2], &end);
        assert_int_equal(end, PH_CLOSE_NONE);
        assert_int_equal(sides[(i + 1) % 2].closed_by, PH_CLOSE_TAKEOVER);
    }
    assert_int_equal(count_text(world, "event=publish.takeover"), 6);
    size_t shown = world->sink.count;
    for (unsigned i = 0; i < 3; i++) {
        come(world, &sides[1], &end);
        assert_int_equal(end, PH_CLOSE_CONTESTED);
    }
    assert_int_equal(world->sink.count, shown);
    do_it(&sides[0], send); /* undisturbed */
    settle(world);
    assert_int_equal(world->sink.count, shown + 100);
    assert_int_equal(sides[0].closed_by, PH_CLOSE_NONE);
    assert_int_equal(count_text(world, "level=warn event=publish.refused"), 3);
    assert_int_equal(count_text(world, "reason=contested"), 3);
    assert_int_equal(closed(world, PH_CLOSE_CONTESTED), 3);
    assert_int_equal(count_text(world, "event=publish.takeover"), 6);
    /* Had the one on air been silent for a while, it would have lost the channel. */
    sides[1].called_at = ph_clock_mono() + 2 * PH_USEC_PER_S;
    sides[1].closed_by = PH_CLOSE_NONE;
    do_it(&sides[1], open_session);
    settle(world);
    assert_int_equal(sides[1].closed_by, PH_CLOSE_NONE);
    assert_int_equal(sides[0].closed_by, PH_CLOSE_TAKEOVER);
    do_it(&sides[1], close_session);
    settle(world);
}

static void two_live_phones_do_not_fight_for_ever(void **state)
{
    a_fight_ends(*state, "rtmp", 0);
    tear_down(state);
    set_up(state);
    a_fight_ends(*state, "srt", 100 * PH_USEC_PER_MS);
}

static void who_is_on_the_channel_may_keep_it(void **state)
{
    struct world *world = *state;
    struct session first = make_session(world, world->away, "first");
    struct session second = make_session(world, world->home, "second");
    enum ph_close_reason end;

    come(world, &first, &end);
    come(world, &second, &end);
    assert_int_equal(end, PH_CLOSE_ALREADY_PUBLISHING);
    assert_non_null(strstr(line_of(world, "publish.refused"), "reason=already_publishing"));
    assert_int_equal(closed(world, PH_CLOSE_ALREADY_PUBLISHING), 1);
    check_serials(world, 0, 100, 0);
    assert_int_equal(first.closed_by, PH_CLOSE_NONE);
    do_it(&first, close_session);
    come(world, &second, &end);
    assert_int_equal(end, PH_CLOSE_NONE);
    do_it(&second, close_session);
    settle(world);
}

static void leave(void *arg)
{
    struct session *session = arg;

    ph_publisher_set_gone(session->publisher);
}

/* Its last media are still coming in: that is no fight, and nobody's channel. */
static void who_has_gone_is_taken_over(void **state)
{
    struct world *world = *state;
    enum ph_close_reason end;

    for (unsigned i = 0; i < 20; i++) {
        struct session session = make_session(world, world->away, "s");
        session.is_stubborn = true;
        come(world, &session, &end);
        assert_int_equal(end, PH_CLOSE_NONE);
        do_it(&session, leave);
        struct session next = make_session(world, world->home, "next");
        come(world, &next, &end);
        assert_int_equal(end, PH_CLOSE_NONE);
        assert_int_equal(session.closed_by, PH_CLOSE_TAKEOVER);
        do_it(&session, close_session);
        do_it(&next, close_session);
        settle(world);
    }
    assert_int_equal(count_text(world, "event=publish.refused"), 0);
}

static void get_deadline(void *arg)
{
    struct world *world = arg;

    world->deadline = ph_channel_deadline(world->entry->channel);
}

/* How long the channel waits for its publisher: as after an end, or as after a loss. */
static void an_end_is_told_from_a_loss(void **state)
{
    static const struct {
        const char *protocol;
        enum ph_close_reason reason;
        bool is_over;
    } cases[] = {
        {"rtmp", PH_CLOSE_UNPUBLISH, true},  {"rtmp", PH_CLOSE_PEER_CLOSED, false},
        {"rtmp", PH_CLOSE_NETWORK, false},   {"rtmp", PH_CLOSE_TIMEOUT_MEDIA, false},
        {"srt", PH_CLOSE_PEER_CLOSED, true}, {"srt", PH_CLOSE_TIMEOUT_LINK, false},
    };
    struct world *world = *state;
    enum ph_close_reason end;

    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        struct session session = make_session(world, world->away, "s");
        session.protocol = cases[i].protocol;
        session.ends_with = cases[i].reason;
        come(world, &session, &end);
        do_it(&session, close_session);
        settle(world);
        run_on(world->home, get_deadline, world);
        ph_usec left = world->deadline - ph_clock_mono();
        if ((left < 20 * PH_USEC_PER_S) != cases[i].is_over) {
            fail_msg("%s, %s: %lld us are left", cases[i].protocol,
                     ph_close_reason_name(cases[i].reason), (long long)left);
        }
    }
}

static void the_newest_session_wins(void **state)
{
    for (unsigned i = 0; i < 4; i++) {
        struct world *world = *state;
        take_over(world, i & 1 ? world->home : world->away, i & 2 ? world->home : world->away);
        tear_down(state);
        set_up(state);
    }
}

/* One whose first packet was long under way. */
static void the_older_session_does_not_take_over(void **state)
{
    struct world *world = *state;
    struct session old = make_session(world, world->away, "old");
    struct session new = make_session(world, world->home, "new");

    old.called_at = 1000;
    new.called_at = 1001;
    do_it(&new, open_session);
    do_it(&old, open_session);
    do_it(&old, send);
    new.serial = 1000;
    do_it(&new, send);
    settle(world);
    check_serials(world, 0, 100, 1000);
    assert_int_equal(old.closed_by, PH_CLOSE_TAKEOVER);
    assert_int_equal(new.closed_count, 0);
    assert_int_equal(stat(world, PH_STAT_SESSIONS_RTMP), 1);
    assert_int_equal(closed(world, PH_CLOSE_TAKEOVER), 1);
    assert_non_null(strstr(world->log, "level=warn event=publish.refused"));
    do_it(&new, close_session);
    settle(world);
}

/* One that has lost its channel, and goes on sending before it hears of it. */
static void what_the_old_session_still_sends_is_dropped(void **state)
{
    struct world *world = *state;
    struct session old = make_session(world, world->away, "old");
    struct session new = make_session(world, world->home, "new");

    old.is_stubborn = true;
    do_it(&old, open_session);
    settle(world);
    new.serial = 1000;
    do_it(&new, open_session);
    do_it(&new, send);
    do_it(&old, send);
    settle(world);
    check_serials(world, 0, 100, 1000);
    assert_int_equal(old.closed_by, PH_CLOSE_TAKEOVER);
    do_it(&old, close_session); /* ends nothing that is the other's */
    settle(world);
    assert_int_equal(stat(world, PH_STAT_SESSIONS_RTMP), 1);
    assert_int_equal(closed(world, PH_CLOSE_UNPUBLISH), 0);
    do_it(&new, close_session);
    settle(world);
    assert_int_equal(stat(world, PH_STAT_SESSIONS_RTMP), 0);
}

/* What is allowed in the long run, and what is not; bursts pass. */
static void a_rate_above_the_limit_ends_the_session(void **state)
{
    struct world *world = *state;
    struct session steady = make_session(world, world->away, "steady");
    struct session greedy = make_session(world, world->away, "greedy");

    steady.max_bitrate_kbps = 100;
    steady.packet_bytes = 1000;
    steady.step = 200 * PH_USEC_PER_MS;
    steady.packets = 2000;
    do_it(&steady, open_session);
    do_it(&steady, send);
    settle(world);
    assert_int_equal(steady.closed_count, 0);
    do_it(&steady, close_session);

    greedy.max_bitrate_kbps = 100;
    greedy.packet_bytes = 1000;
    greedy.step = 20 * PH_USEC_PER_MS;
    greedy.packets = 100;
    do_it(&greedy, open_session);
    do_it(&greedy, send);
    settle(world);
    assert_int_equal(greedy.closed_count, 0);
    greedy.packets = 2000;
    do_it(&greedy, send);
    settle(world);
    assert_int_equal(greedy.closed_by, PH_CLOSE_LIMIT);
    assert_int_equal(greedy.closed_count, 1);
    assert_int_equal(closed(world, PH_CLOSE_LIMIT), 1);
}

/* The home stands still: what piles up in front of it is bounded. */
static void a_home_that_cannot_keep_up_ends_the_session(void **state)
{
    struct world *world = *state;
    struct session session = make_session(world, world->away, "s");
    struct gate gate;

    do_it(&session, open_session);
    settle(world);
    gate_close(&gate, world->home);
    session.packet_bytes = 65536;
    session.packets = 2 * 100;
    do_it(&session, send); /* 6.5 MB wait */
    run_on(world->away, NULL, NULL);
    unsigned closed_too_early = session.closed_count;
    do_it(&session, send);
    run_on(world->away, NULL, NULL);
    unsigned closed_in_time = session.closed_count;
    gate_open(&gate);
    assert_int_equal(closed_too_early, 0);
    assert_int_equal(closed_in_time, 1);
    assert_int_equal(session.closed_by, PH_CLOSE_OVERLOAD);
    assert_null(session.publisher);
    settle(world);
    /* What was taken on before that is on air, in order. */
    assert_in_range(world->sink.count, 200, 300);
    check_serials(world, 0, world->sink.count, 0);
    assert_int_equal(closed(world, PH_CLOSE_OVERLOAD), 1);
}

static void closing_comes_behind_the_last_packet(void **state)
{
    struct world *world = *state;
    struct session session = make_session(world, world->away, "s");
    struct gate gate;

    do_it(&session, open_session);
    gate_close(&gate, world->home);
    session.packets = 500;
    do_it(&session, send_and_close);
    gate_open(&gate);
    assert_null(session.publisher);
    settle(world);
    check_serials(world, 0, 500, 0);
    assert_int_equal(session.closed_count, 0);
    assert_int_equal(world->sink.pauses, 1);
}

/* Everything is still in the home's mailbox when the loops end: nothing leaks, nothing is lost
 * twice. */
static void shutdown_with_mail_under_way(void **state)
{
    struct world *world = *state;
    struct session session = make_session(world, world->away, "s");
    struct session other = make_session(world, world->away, "other");
    struct gate gate;

    do_it(&session, open_session);
    settle(world);
    gate_close(&gate, world->home);
    do_it(&session, send);
    do_it(&other, open_session);
    do_it(&other, send_and_close);
    do_it(&session, close_session);
    ph_loop_stop(world->home);
    gate_open(&gate);
    stop(world);
}

static void close_home(void *arg)
{
    struct world *world = arg;

    ph_publish_hub_close_home(world->hub, world->entry->home);
}

/* The last steps of a shutdown, as the server takes them, and a session that comes too late. */
static void a_home_that_is_closed_takes_nobody(void **state)
{
    struct world *world = *state;
    struct session session = make_session(world, world->away, "s");
    struct session late = make_session(world, world->away, "late");

    do_it(&session, open_session);
    do_it(&session, send);
    settle(world);
    run_on(world->home, close_home, world);
    settle(world);
    assert_int_equal(session.closed_by, PH_CLOSE_SHUTDOWN);
    do_it(&late, open_session);
    do_it(&late, send);
    settle(world);
    assert_int_equal(late.refusal, PH_CLOSE_NONE);
    assert_int_equal(late.closed_by, PH_CLOSE_SHUTDOWN);
    assert_int_equal(world->sink.count, 100);
    assert_int_equal(closed(world, PH_CLOSE_SHUTDOWN), 1);
}

static void get_info(void *arg)
{
    struct world *world = arg;
    struct ph_publish_info info;

    ph_publish_hub_get_info(world->hub, world->entry, &info);
    assert_string_equal(info.session, "s");
    assert_string_equal(info.protocol, "rtmp");
    assert_string_equal(info.peer, PEER);
    assert_string_equal(info.application, "Larix 1.2 \"pro\"");
    assert_true(info.since_wall > 0);
}

static void get_no_info(void *arg)
{
    struct world *world = arg;
    struct ph_publish_info info;

    ph_publish_hub_get_info(world->hub, world->entry, &info);
    assert_null(info.session);
}

static void set_application(void *arg)
{
    struct session *session = arg;

    ph_publisher_set_application(session->publisher, "Larix 1.2 \"pro\"");
}

static void the_log_says_who_was_on_air(void **state)
{
    static const char *const start[] = {" channel=sinho", " session=s ", " protocol=rtmp",
                                        " peer=192.0.2.7:50001", " application=FMLE/3.0"};
    static const char *const application[] = {" channel=sinho", " session=s ",
                                              " application=\"Larix 1.2 \\\"pro\\\"\""};
    static const char *const on_air[] = {" channel=sinho", " session=s ", " video=h264",
                                         " audio=aac",     " width=96",   " height=54"};
    static const char *const end[] = {
        " channel=sinho",
        " session=s ",
        " reason=unpublish",
        " detail=\"good bye\"",
        " video=h264",
        " audio=aac",
        " width=96",
        " height=54",
        " fps=25.",
        " mean_kbps=",
        " duration_s=",
        " video_packets=250",
        " audio_packets=250",
        " dropped=0",
        " gop_s=1.000",
        " application=\"Larix 1.2 \\\"pro\\\"\"",
        " peer=192.0.2.7:50001",
    };
    struct world *world = *state;
    struct session session = make_session(world, world->away, "s");

    session.packets = 500;
    session.detail = "good bye";
    do_it(&session, open_session);
    do_it(&session, set_application);
    do_it(&session, send);
    settle(world);
    run_on(world->home, get_info, world);
    do_it(&session, close_session);
    settle(world);
    run_on(world->home, get_no_info, world);
    check_fields(line_of(world, "publish.start"), start, PH_ARRAY_SIZE(start));
    check_fields(line_of(world, "publish.application"), application, PH_ARRAY_SIZE(application));
    check_fields(line_of(world, "channel.on_air"), on_air, PH_ARRAY_SIZE(on_air));
    check_fields(line_of(world, "publish.stop"), end, PH_ARRAY_SIZE(end));
    assert_null(strstr(world->log, "s3cret"));
    assert_null(strstr(world->log, "t0ken"));
}

static void a_wrong_key_is_refused_and_not_logged(void **state)
{
    struct world *world = *state;
    struct session session = make_session(world, world->away, "s");

    session.query = "key=gu3ss";
    do_it(&session, open_session);
    settle(world);
    assert_int_equal(session.refusal, PH_CLOSE_BAD_KEY);
    assert_null(session.publisher);
    assert_string_equal(world->log, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(packets_come_in_order_from_either_thread),
        TEST(the_newest_session_wins),
        TEST(a_takeover_is_told_in_one_line),
        TEST(two_live_phones_do_not_fight_for_ever),
        cmocka_unit_test_setup_teardown(who_is_on_the_channel_may_keep_it, set_up_refusing,
                                        tear_down),
        TEST(who_has_gone_is_taken_over),
        cmocka_unit_test_setup_teardown(who_has_gone_is_taken_over, set_up_refusing, tear_down),
        TEST(an_end_is_told_from_a_loss),
        TEST(the_older_session_does_not_take_over),
        TEST(what_the_old_session_still_sends_is_dropped),
        TEST(a_rate_above_the_limit_ends_the_session),
        TEST(a_home_that_cannot_keep_up_ends_the_session),
        TEST(closing_comes_behind_the_last_packet),
        TEST(shutdown_with_mail_under_way),
        TEST(a_home_that_is_closed_takes_nobody),
        TEST(the_log_says_who_was_on_air),
        TEST(a_wrong_key_is_refused_and_not_logged),
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

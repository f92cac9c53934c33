/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SRT server over loopback, with a worker's loop beside it as the channels' home, and callers
 * that block.
 */
#include "media_ts.h"
#include "srt_caller.h"
#include "witness.h"

#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/ingest/srt.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <malloc.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHANNELS = 2, PATIENCE_S = WITNESS_PATIENCE_S, LATENCY_MS = 60, ASLEEP_LOOKS = 200 };

#define PASSPHRASE "a-l0ng-passphrase"

struct world {
    struct ph_conf conf;
    char listen[32];
    unsigned port;
    struct ph_loop *loop;
    struct ph_stats stats[2]; /* the home's, the SRT thread's */
    struct ph_link_stats links[CHANNELS];
    struct ph_registry *registry;
    struct ph_publish_hub *hub;
    struct ph_srt_server *server;
    uint8_t *ts; /* a file as a transport stream */
    size_t ts_len;
    unsigned ts_packets; /* access units in it that go on air */

    struct witness witness;
    unsigned drained; /* counted by the witness */
};

static void on_drained(void *arg)
{
    struct world *world = arg;

    witness_count(&world->witness, &world->drained);
}

static void await_count(struct world *world, const unsigned *what, unsigned wanted)
{
    witness_await_count(&world->witness, what, wanted);
}

/* Until one line of the log has both texts in it. The log is then begun anew. */
static void await_line(struct world *world, const char *event, const char *text)
{
    char *log = witness_await_line(&world->witness, event, text);

    if (strstr(log, "s3cret") != NULL || strstr(log, "wr0ng") != NULL ||
        strstr(log, "l0ng") != NULL) {
        fail_msg("a secret is in:\n%s", log);
    }
    free(log);
}

/* ---- the world ---- */

static unsigned find_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void read_file(struct world *world)
{
    struct media_file file;

    assert_int_equal(
        media_file_read(&file, PHIEN_SOURCE_DIR "/tests/golden/media/h264_bframes_aac.mp4"), PH_OK);
    world->ts = media_ts_mux(&file, &world->ts_len);
    /* The sound from before the first picture is not put on air. */
    world->ts_packets = (unsigned)file.count - 1;
    media_file_fini(&file);
}

static struct ph_srt_server_params params_of(struct world *world)
{
    return (struct ph_srt_server_params){
        .conf = &world->conf,
        .registry = world->registry,
        .hub = world->hub,
        .stats = &world->stats[1],
        .links = world->links,
    };
}

static int set_up_with(void **state, unsigned idle_timeout_s)
{
    static struct ph_conf_channel channels[CHANNELS] = {
        {.name = "sinho", .key = "s3cret-key", .title = "", .srt_passphrase = ""},
        {.name = "bacha",
         .key = "an0ther-s3cret",
         .title = "",
         .srt_passphrase = PASSPHRASE,
         .srt_latency_ms = 2 * LATENCY_MS},
    };
    struct world *world = calloc(1, sizeof(*world));
    struct ph_stats *home = &world->stats[0];

    witness_init(&world->witness);
    ph_log_setup(PH_LOG_DEBUG, PH_LOG_FORMAT_TEXT);
    read_file(world);
    world->port = find_port();
    snprintf(world->listen, sizeof(world->listen), "127.0.0.1:%u", world->port);
    world->conf = (struct ph_conf){
        .workers = 1,
        .srt = {.listen = world->listen,
                .latency_ms = LATENCY_MS,
                .passphrase = "",
                .on_loss = PH_CONF_ON_LOSS_DROP,
                .reorder_packets = 20,
                .max_connections_per_ip = 1}, /* which does not count for loopback */
        .publish = {.grace_s = 90, .idle_timeout_s = idle_timeout_s},
        .channels = channels,
        .channels_count = CHANNELS,
    };
    assert_int_equal(ph_loop_create(&world->loop, "test"), PH_OK);
    world->registry = ph_registry_create(&world->conf, &home);
    world->hub = ph_publish_hub_create(&world->conf, world->registry, &world->loop, &home);
    for (size_t i = 0; i < CHANNELS; i++) {
        ph_channel_add_sink(ph_registry_at(world->registry, i)->channel, &witness_sink,
                            &world->witness);
    }
    const struct ph_srt_server_params params = params_of(world);
    assert_int_equal(ph_srt_server_create(&world->server, &params), PH_OK);
    assert_int_equal(ph_loop_start(world->loop), PH_OK);
    assert_int_equal(ph_srt_server_start(world->server), PH_OK);
    *state = world;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, 2 * PATIENCE_S);
}

static int set_up_impatient(void **state)
{
    return set_up_with(state, 1);
}

static int tear_down(void **state)
{
    struct world *world = *state;

    ph_loop_stop(world->loop);
    ph_loop_join(world->loop);
    ph_publish_hub_close_home(world->hub, 0);
    ph_srt_server_destroy(&world->server);
    ph_loop_destroy(&world->loop);
    assert_int_equal(world->stats[1].value[PH_STAT_SRT_CONNECTIONS], 0);
    assert_int_equal(world->stats[0].value[PH_STAT_SESSIONS_SRT], 0);
    assert_int_equal(world->stats[0].value[PH_STAT_SESSIONS_RTMP], 0);
    for (size_t i = 0; i < CHANNELS; i++) {
        assert_false(world->links[i].is_up);
    }
    ph_publish_hub_destroy(&world->hub);
    ph_registry_destroy(&world->registry);
    witness_fini(&world->witness);
    ph_log_setup(PH_LOG_INFO, PH_LOG_FORMAT_TEXT);
    free(world->ts);
    free(world);
    return 0;
}

/* ---- callers ---- */

static struct srt_caller call_with(const struct world *world, struct srt_caller_conf conf)
{
    struct srt_caller caller;

    conf.port = world->port;
    if (!srt_caller_open(&caller, &conf)) {
        fail_msg("%s: refused with %d", conf.streamid, caller.rejection);
    }
    return caller;
}

static struct srt_caller call(const struct world *world)
{
    return call_with(world, (struct srt_caller_conf){.streamid = "publish:sinho:s3cret-key"});
}

/* The whole file; on the channel's timeline when it returns. */
static void broadcast(struct world *world, struct srt_caller *caller)
{
    unsigned before = witness_read(&world->witness, &world->witness.packets);
    assert_true(srt_caller_send(caller, world->ts, world->ts_len));
    /* The last access units are known to be whole when more comes, or when the caller goes. */
    await_count(world, &world->witness.packets, before + world->ts_packets - 10);
}

static void expect_refusal(struct world *world, const struct srt_caller_conf *conf, int code)
{
    struct srt_caller_conf with_port = *conf;
    struct srt_caller caller;

    with_port.port = world->port;
    if (srt_caller_open(&caller, &with_port) || caller.rejection != code) {
        fail_msg("%s: %d instead of %d", conf->streamid, caller.rejection, code);
    }
    srt_caller_close(&caller);
}

/* ---- a thread that comes late ---- */

static int stopped[2]; /* a byte: the thread stands still */
static int go_on[2];   /* a byte: it may go on */

static void stand_still(int number)
{
    char byte = 0;

    (void)number;
    (void)!write(stopped[1], &byte, 1);
    (void)!read(go_on[0], &byte, 1);
}

static pid_t find_srt_thread(void)
{
    DIR *tasks = opendir("/proc/self/task");
    const struct dirent *entry;
    pid_t found = 0;

    assert_non_null(tasks);
    while ((entry = readdir(tasks)) != NULL) {
        char path[300];
        char name[16] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
        FILE *file = fopen(path, "re");
        if (file != NULL) {
            bool is_named = fgets(name, sizeof(name), file) != NULL;
            found = is_named && strcmp(name, "srt\n") == 0 ? (pid_t)strtol(entry->d_name, NULL, 10)
                                                           : found;
            fclose(file);
        }
    }
    closedir(tasks);
    return found;
}

static int open_pipes(void **state)
{
    (void)state;
    return pipe(stopped) | pipe(go_on);
}

static bool is_asleep(pid_t thread)
{
    char path[64];
    char state = '?';

    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        int count = fscanf(file, "%*d (srt) %c", &state);
        fclose(file);
        return count == 1 && state == 'S';
    }
    return false;
}

/*
 * Nobody may be connected: the thread sleeps then, and has taken no lock. One that has just been
 * started may still hold some, so it must be seen asleep for a while.
 */
static void stop_srt_thread(void)
{
    const struct sigaction action = {.sa_handler = stand_still};
    pid_t thread = 0;
    char byte;

    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    for (int asleep = 0; asleep < ASLEEP_LOOKS; sched_yield()) {
        thread = thread != 0 ? thread : find_srt_thread();
        asleep = thread != 0 && is_asleep(thread) ? asleep + 1 : 0;
    }
    assert_int_equal(tgkill(getpid(), thread, SIGUSR1), 0);
    assert_int_equal(read(stopped[0], &byte, 1), 1);
}

static void let_srt_thread_go_on(void)
{
    char byte = 0;

    assert_int_equal(write(go_on[1], &byte, 1), 1);
}

/* ---- the tests ---- */

static void all_of_a_stream_goes_on_air(void **state)
{
    struct world *world = *state;
    struct srt_caller caller = call(world);

    assert_true(srt_caller_send(&caller, world->ts, world->ts_len));
    assert_true(srt_caller_settle(&caller));
    /* What is not yet due when the caller goes is still on its way to the viewers. */
    srt_caller_close(&caller);
    await_count(world, &world->witness.packets, world->ts_packets);
    await_count(world, &world->witness.pauses, 1);
    await_line(world, "level=info event=publish.stop", "reason=peer_closed");
    assert_int_equal(world->witness.packets, world->ts_packets);
    assert_int_equal(world->stats[1].value[PH_STAT_INGEST_BYTES], world->ts_len);
    assert_int_equal(world->stats[0].closed[PH_CLOSE_PEER_CLOSED], 1);
}

static void a_link_has_figures_while_it_is_up(void **state)
{
    struct world *world = *state;
    struct srt_caller caller =
        call_with(world, (struct srt_caller_conf){.streamid = "bacha?key=an0ther-s3cret",
                                                  .passphrase = PASSPHRASE});
    const struct ph_link_stats *link = &world->links[1];

    broadcast(world, &caller);
    await_line(world, "event=publish.start", "protocol=srt");
    while (!link->is_up) { /* a second after the call */
        assert_false(srt_caller_await_end(&caller, 1));
    }
    assert_int_equal(ph_link_stats_get(link, PH_LINK_STAT_LATENCY_MS), 2 * LATENCY_MS);
    assert_true(ph_link_stats_get(link, PH_LINK_STAT_RECEIVED) >= (int64_t)world->ts_len / 1316);
    assert_int_equal(ph_link_stats_get(link, PH_LINK_STAT_DROPPED), 0);
    assert_false(world->links[0].is_up);
    assert_int_equal(world->stats[0].value[PH_STAT_SESSIONS_SRT], 1);
    srt_caller_close(&caller);
    await_line(world, "event=srt.health", "channel=bacha");
    await_count(world, &world->witness.pauses, 1);
    assert_false(link->is_up);
}

static void who_has_no_right_is_told_so(void **state)
{
    static const struct {
        const char *streamid;
        int code;
        const char *text;
    } cases[] = {
        {"publish:sinho:wr0ng", 1401, "reason=bad_key"},
        {"#!::r=live/sinho,m=publish,s=wr0ng", 1401, "channel=sinho"},
        {"sinho", 1401, "streamid=sinho"},
        {"publish:nobody:wr0ng", 1404, "reason=unknown_channel"},
        {"", 1404, "the app sends no stream id"},
        {"#!::r=sinho,m=request,s=s3cret-key", 1405, "reason=play_refused"},
        {"#!:{r:sinho}", 1400, "reason=bad_streamid"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        const struct srt_caller_conf conf = {.streamid = cases[i].streamid};
        expect_refusal(world, &conf, cases[i].code);
        await_line(world, "level=warn event=srt.refused", cases[i].text);
    }
    assert_int_equal(world->stats[1].closed[PH_CLOSE_BAD_KEY], 3);
    assert_int_equal(world->witness.packets, 0);
}

static void the_passphrase_must_be_right(void **state)
{
    static const char *const bacha = "publish:bacha:an0ther-s3cret";
    static const char *const sinho = "publish:sinho:s3cret-key";
    static const struct {
        const char *const *streamid;
        const char *passphrase;
        int rejection; /* libsrt's own */
        const char *text;
    } cases[] = {
        {&bacha, "a-wr0ng-passphrase", 10, "the SRT passphrase is wrong"},
        {&bacha, NULL, 11, "the app has no SRT passphrase"},
        {&sinho, "a-wr0ng-passphrase", 11, "the channel has none"},
    };
    struct world *world = *state;

    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        const struct srt_caller_conf conf = {.streamid = *cases[i].streamid,
                                             .passphrase = cases[i].passphrase};
        expect_refusal(world, &conf, cases[i].rejection);
        await_line(world, "event=srt.refused", cases[i].text);
        assert_int_equal(world->stats[1].closed[PH_CLOSE_BAD_PASSPHRASE], i + 1);
    }
    struct srt_caller caller =
        call_with(world, (struct srt_caller_conf){.streamid = bacha, .passphrase = PASSPHRASE});
    broadcast(world, &caller);
    srt_caller_close(&caller);
}

static void a_channel_has_few_connections_at_once(void **state)
{
    static const struct srt_caller_conf fifth = {.streamid = "publish:sinho:s3cret-key"};
    struct world *world = *state;
    struct srt_caller callers[4];

    for (size_t i = 0; i < PH_ARRAY_SIZE(callers); i++) {
        callers[i] = call(world);
    }
    expect_refusal(world, &fifth, 1402);
    await_line(world, "event=srt.refused", "reason=too_many_connections");
    srt_caller_close(&callers[0]);
    await_line(world, "event=srt.close", "reason=peer_closed");
    callers[0] = call(world);
    expect_refusal(world, &fifth, 1402);
    for (size_t i = 0; i < PH_ARRAY_SIZE(callers); i++) {
        srt_caller_close(&callers[i]);
    }
}

static void who_never_sends_is_sent_away(void **state)
{
    struct world *world = *state;
    struct srt_caller caller = call(world);

    assert_true(srt_caller_await_end(&caller, PATIENCE_S));
    await_line(world, "event=srt.close", "reason=timeout_media");
    srt_caller_close(&caller);
}

static void who_falls_silent_is_sent_away(void **state)
{
    struct world *world = *state;
    struct srt_caller caller = call(world);

    broadcast(world, &caller);
    assert_true(srt_caller_await_end(&caller, PATIENCE_S));
    await_line(world, "level=warn event=publish.stop", "reason=timeout_media");
    srt_caller_close(&caller);
}

static void what_is_no_transport_stream_is_known(void **state)
{
    struct world *world = *state;
    struct srt_caller caller = call(world);
    uint8_t *noise = ph_alloc(1000 * 1316);

    memset(noise, 0x55, 1000 * 1316);
    while (srt_caller_send(&caller, noise, 100 * 1316) && srt_caller_settle(&caller)) {
    }
    await_line(world, "event=publish.stop", "reason=protocol");
    srt_caller_close(&caller);
    free(noise);
}

static void too_long_a_latency_is_refused(void **state)
{
    struct world *world = *state;
    struct srt_caller caller =
        call_with(world, (struct srt_caller_conf){.streamid = "publish:sinho:s3cret-key",
                                                  .latency_ms = 20000});

    assert_true(srt_caller_await_end(&caller, PATIENCE_S));
    await_line(world, "event=srt.close", "latency of 20000 ms");
    srt_caller_close(&caller);
}

static void the_newest_takes_over(void **state)
{
    struct world *world = *state;
    struct srt_caller old = call(world);

    for (unsigned i = 0; i < 2; i++) {
        broadcast(world, &old);
        struct srt_caller new = call(world);
        /* The old one is on air until there is something to take over with. */
        assert_false(srt_caller_await_end(&old, 1));
        broadcast(world, &new);
        assert_true(srt_caller_await_end(&old, PATIENCE_S));
        await_line(world, "event=publish.stop", "reason=takeover");
        srt_caller_close(&old);
        old = new;
    }
    srt_caller_close(&old);
    await_line(world, "event=publish.stop", "reason=peer_closed");
    assert_int_equal(world->stats[0].closed[PH_CLOSE_TAKEOVER], 2);
}

/* Its first message comes out of libsrt when a newer session is on air already. */
static void the_slower_of_two_does_not_take_over(void **state)
{
    struct world *world = *state;
    struct srt_caller old =
        call_with(world, (struct srt_caller_conf){.streamid = "publish:sinho:s3cret-key",
                                                  .latency_ms = 20 * LATENCY_MS});
    struct srt_caller new = call(world);

    assert_true(srt_caller_send(&old, world->ts, world->ts_len));
    broadcast(world, &new);
    assert_true(srt_caller_await_end(&old, PATIENCE_S));
    await_line(world, "event=publish.refused", "reason=takeover");
    assert_false(srt_caller_await_end(&new, 1));
    srt_caller_close(&old);
    srt_caller_close(&new);
    await_line(world, "event=publish.stop", "reason=peer_closed");
}

/* Those whom the thread finds all at once, when it comes, are in the order of their calls. */
static void the_newest_takes_over_from_who_was_not_yet_seen(void **state)
{
    struct world *world = *state;
    struct srt_caller callers[3];

    stop_srt_thread();
    for (size_t i = 0; i < PH_ARRAY_SIZE(callers); i++) {
        callers[i] = call(world);
        assert_true(srt_caller_send(&callers[i], world->ts, world->ts_len));
        assert_true(srt_caller_settle(&callers[i]));
    }
    let_srt_thread_go_on();
    assert_true(srt_caller_await_end(&callers[0], PATIENCE_S));
    assert_true(srt_caller_await_end(&callers[1], PATIENCE_S));
    assert_false(srt_caller_await_end(&callers[2], 1));
    for (size_t i = 0; i < PH_ARRAY_SIZE(callers); i++) {
        srt_caller_close(&callers[i]);
    }
    await_line(world, "event=publish.stop", "reason=peer_closed");
}

static void who_left_before_being_seen_is_not_kept(void **state)
{
    struct world *world = *state;

    stop_srt_thread();
    struct srt_caller caller = call(world);
    srt_caller_close(&caller);
    let_srt_thread_go_on();
    await_line(world, "event=srt.close", "reason=peer_closed");
}

static void a_drain_ends_everything(void **state)
{
    static const struct srt_caller_conf late = {.streamid = "publish:sinho:s3cret-key",
                                                .connect_timeout_ms = 300};
    struct world *world = *state;
    struct srt_caller live = call(world);
    struct srt_caller silent = call(world);
    struct srt_caller caller;

    broadcast(world, &live);
    ph_srt_server_drain(world->server, on_drained, world);
    await_count(world, &world->drained, 1);
    await_line(world, "event=publish.stop", "reason=shutdown");
    assert_true(srt_caller_await_end(&live, PATIENCE_S));
    assert_true(srt_caller_await_end(&silent, PATIENCE_S));
    struct srt_caller_conf conf = late;
    conf.port = world->port;
    assert_false(srt_caller_open(&caller, &conf));
    srt_caller_close(&caller);
    srt_caller_close(&live);
    srt_caller_close(&silent);
}

/* Without a drain, as after a second signal. */
static void a_server_may_be_cut_off(void **state)
{
    struct world *world = *state;
    struct srt_caller live = call(world);

    (void)call(world);
    broadcast(world, &live);
}

static void a_port_that_is_taken_is_an_error(void **state)
{
    struct world *world = *state;
    struct ph_srt_server_params params = params_of(world);
    struct ph_conf conf = world->conf;
    struct ph_srt_server *server = NULL;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char text[32];

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(text, sizeof(text), "127.0.0.1:%u", ntohs(address.sin_port));
    conf.srt.listen = text;
    params.conf = &conf;
    assert_int_equal(ph_srt_server_create(&server, &params), PH_EADDRINUSE);
    assert_null(server);
    close(fd);
}

/* There under a sanitizer, whose allocator mallinfo2 does not know. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
               ? __sanitizer_get_current_allocated_bytes()
               : mallinfo2().uordblks;
}

static void come_and_go(struct world *world, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        struct srt_caller caller = call(world);
        broadcast(world, &caller);
        srt_caller_close(&caller);
        await_line(world, "event=publish.stop", "reason=peer_closed");
    }
}

/* libsrt frees a socket seconds after it was closed: until then somebody is there and silent. */
static size_t allocated_in_the_end(struct world *world)
{
    struct srt_caller caller = call(world);

    assert_false(srt_caller_await_end(&caller, 5));
    size_t bytes = allocated_bytes();
    srt_caller_close(&caller);
    await_line(world, "event=srt.close", "reason=peer_closed");
    return bytes;
}

static void those_that_come_and_go_leave_nothing(void **state)
{
    struct world *world = *state;

    come_and_go(world, 5);
    size_t before = allocated_in_the_end(world);
    come_and_go(world, 30);
    size_t after = allocated_in_the_end(world);
    if (after > before + (size_t)256 * 1024) {
        fail_msg("%zu bytes became %zu", before, after);
    }
    assert_int_equal(world->stats[0].closed[PH_CLOSE_PEER_CLOSED], 35);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define IMPATIENT(name) cmocka_unit_test_setup_teardown(name, set_up_impatient, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(all_of_a_stream_goes_on_air),
        TEST(a_link_has_figures_while_it_is_up),
        TEST(who_has_no_right_is_told_so),
        TEST(the_passphrase_must_be_right),
        TEST(a_channel_has_few_connections_at_once),
        IMPATIENT(who_never_sends_is_sent_away),
        IMPATIENT(who_falls_silent_is_sent_away),
        TEST(what_is_no_transport_stream_is_known),
        TEST(too_long_a_latency_is_refused),
        TEST(the_newest_takes_over),
        TEST(the_slower_of_two_does_not_take_over),
        TEST(the_newest_takes_over_from_who_was_not_yet_seen),
        TEST(who_left_before_being_seen_is_not_kept),
        TEST(a_drain_ends_everything),
        TEST(a_server_may_be_cut_off),
        TEST(a_port_that_is_taken_is_an_error),
        TEST(those_that_come_and_go_leave_nothing),
    };

    return cmocka_run_group_tests(tests, open_pipes, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds the server from the config, right to left in the drawing of src/README.md, and takes it
 * down in steps, each finished on every worker before the next begins.
 */
#include "quality.h"
#include "worker.h"

#include <phien/app/server.h>
#include <phien/core/log.h>
#include <phien/core/mem.h>
#include <phien/ingest/srt.h>
#include <phien/media/avlog.h>
#include <phien/net/timer.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* More are never of use, and the system may say that there is no limit. */
enum { DESCRIPTORS_MAX = 1 << 20 };

/*
 * Each step of a shutdown has its own end, whatever peers do; but a change of an overlay waits for
 * the disk. Whoever sent the signal counts on five seconds.
 */
#define DRAIN_TIME (4500 * PH_USEC_PER_MS)

/* A worker and the mail that carries the steps of a shutdown to it and back. */
struct seat {
    struct ph_server *server;
    struct ph_worker worker;
    bool is_initialised;
    struct ph_mail mail;
};

struct ph_server {
    struct ph_shared shared;
    struct ph_loop *main_loop;
    struct seat *seats;
    struct ph_slate *slate;    /* NULL: channels show none */
    struct ph_srt_server *srt; /* NULL: SRT is off */
    struct ph_mail srt_drained;
    char epoch[16];
    enum ph_drain_step step;
    size_t steps_open; /* workers, and the SRT thread, that have not finished the step */
    struct ph_timer *drain_timer;
};

/* Names this run in media names: short, and another one after every restart. */
static void format_epoch(char out[static 16], ph_usec wall)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    uint64_t left = (uint64_t)(wall / (PH_USEC_PER_S / 10));
    char reversed[16];
    size_t len = 0;

    do {
        reversed[len++] = digits[left % 36];
        left /= 36;
    } while (left > 0);
    for (size_t i = 0; i < len; i++) {
        out[i] = reversed[len - 1 - i];
    }
    out[len] = '\0';
}

/*
 * Takes all descriptors that the system gives. Returns how many viewers one worker may have, so
 * that a crowd of viewers leaves some to publishers.
 */
static unsigned share_descriptors(size_t workers)
{
    struct rlimit files = {0};
    size_t ours = 32 + 8 * workers;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        struct rlimit all = {.rlim_cur = files.rlim_max, .rlim_max = files.rlim_max};
        files = setrlimit(RLIMIT_NOFILE, &all) == 0 ? all : files;
    }
    size_t count = files.rlim_cur < DESCRIPTORS_MAX ? (size_t)files.rlim_cur : DESCRIPTORS_MAX;
    size_t viewers = count > ours ? (count - ours) / 8 * 7 / workers : 0;
    return viewers > 0 ? (unsigned)viewers : 1;
}

static int create_loops(struct ph_server *server)
{
    struct ph_shared *shared = &server->shared;
    int err = ph_loop_create(&server->main_loop, "main");

    for (size_t i = 0; i < shared->workers && err == PH_OK; i++) {
        char name[16];
        snprintf(name, sizeof(name), "worker-%u", (unsigned)i);
        shared->stats[i] = ph_new(struct ph_stats);
        err = ph_loop_create(&shared->loops[i], name);
    }
    shared->stats[shared->workers] = ph_new(struct ph_stats);
    if (err != PH_OK) {
        ph_log_error("server.start_failed", ph_kv("reason", ph_err_text(err)),
                     ph_kv("hint", "raise the limit of open files (ulimit -n)"));
    }
    return err;
}

/* What the channels show while their publishers are away; without it they stand still. */
static void create_slate(struct ph_server *server)
{
    const struct ph_shared *shared = &server->shared;
    int err = shared->conf->publish.slate ? ph_slate_create(&server->slate) : PH_OK;

    if (err != PH_OK) {
        ph_log_error("slate.off", ph_kv("reason", ph_err_text(err)),
                     ph_kv("text", "what is built in cannot be used"));
    }
    for (size_t i = 0; server->slate != NULL && i < ph_registry_count(shared->registry); i++) {
        ph_channel_use_slate(ph_registry_at(shared->registry, i)->channel, server->slate);
    }
}

/* What an earlier run left, by the registry's index; to be freed. NULL: nothing. */
static struct ph_feed_record *copy_records(const struct ph_shared *shared)
{
    size_t count = ph_registry_count(shared->registry);

    if (shared->continuity == NULL) {
        return NULL;
    }
    struct ph_feed_record *records = ph_new_array(struct ph_feed_record, count);
    for (size_t i = 0; i < count; i++) {
        records[i] = ph_continuity_entry(shared->continuity, i)->record;
    }
    return records;
}

static void create_feeds(struct ph_server *server)
{
    struct ph_shared *shared = &server->shared;
    ph_usec wall = ph_clock_wall();
    struct ph_feed_record *records = copy_records(shared);

    format_epoch(server->epoch, wall);
    const struct ph_feeds_params params = {
        .conf = shared->conf,
        .registry = shared->registry,
        .loops = shared->loops,
        .stats = shared->stats,
        .workers = shared->workers,
        .epoch = server->epoch,
        .wall = wall,
        .records = records,
    };
    shared->feeds = ph_feeds_create(&params);
    free(records);
}

/* Of those that were on air when the last run ended it is as if their publishers had been lost. */
static void resume_channels(const struct ph_shared *shared)
{
    struct ph_now now = ph_clock_now();

    for (size_t i = 0; shared->continuity != NULL && i < ph_registry_count(shared->registry); i++) {
        const struct ph_continuity_entry *entry = ph_continuity_entry(shared->continuity, i);
        ph_usec ago = now.wall > entry->noted_at ? now.wall - entry->noted_at : 0;
        if (entry->record.is_live) {
            ph_channel_resume(ph_registry_at(shared->registry, i)->channel, entry->record.slate,
                              ago, now);
        }
    }
}

static int create_channels(struct ph_server *server)
{
    struct ph_shared *shared = &server->shared;

    shared->registry = ph_registry_create(shared->conf, shared->stats);
    int err = ph_continuity_create(&shared->continuity, shared->conf, shared->registry);
    if (err != PH_OK) {
        return err;
    }
    create_slate(server);
    create_feeds(server);
    resume_channels(shared);
    shared->hub =
        ph_publish_hub_create(shared->conf, shared->registry, shared->loops, shared->stats);
    shared->peers = ph_peers_create(shared->conf->rtmp.max_connections_per_ip);
    size_t count = ph_registry_count(shared->registry);
    shared->links = ph_alloc(count * sizeof(*shared->links));
    shared->channel_names = ph_alloc(count * sizeof(*shared->channel_names));
    shared->qualities = ph_alloc(count * sizeof(*shared->qualities));
    for (size_t i = 0; i < count; i++) {
        shared->channel_names[i] = ph_registry_at(shared->registry, i)->conf->name;
    }
    return PH_OK;
}

static int create_overlay(struct ph_server *server)
{
    struct ph_shared *shared = &server->shared;
    const struct ph_overlay_params params = {
        .conf = shared->conf,
        .registry = shared->registry,
        .loops = shared->loops,
        .stats = shared->stats,
        .workers = shared->workers,
    };

    return ph_overlay_create(&shared->overlay, &params);
}

static int create_srt(struct ph_server *server)
{
    const struct ph_shared *shared = &server->shared;
    const struct ph_srt_server_params params = {
        .conf = shared->conf,
        .registry = shared->registry,
        .hub = shared->hub,
        .stats = shared->stats[shared->workers],
        .links = shared->links,
    };

    if (*shared->conf->srt.listen == '\0') {
        return PH_OK;
    }
    int err = ph_srt_server_create(&server->srt, &params);
    if (err != PH_OK) {
        ph_worker_log_listen_failed("srt", shared->conf->srt.listen, err);
    }
    return err;
}

int ph_server_create(struct ph_server **out, const struct ph_conf *conf)
{
    struct ph_server *server = ph_new(struct ph_server);

    ph_avlog_setup();
    server->shared.conf = conf;
    server->shared.workers = conf->workers;
    server->shared.http_connections = share_descriptors(conf->workers);
    server->shared.loops = ph_alloc(conf->workers * sizeof(struct ph_loop *));
    server->shared.stats = ph_alloc((conf->workers + 1) * sizeof(struct ph_stats *));
    server->seats = ph_alloc(conf->workers * sizeof(*server->seats));
    int err = ph_worker_probe(conf);
    if (err == PH_OK) {
        err = create_loops(server);
    }
    if (err == PH_OK) {
        err = create_channels(server);
    }
    if (err == PH_OK) {
        err = create_overlay(server);
    }
    for (unsigned i = 0; i < conf->workers && err == PH_OK; i++) {
        server->seats[i].server = server;
        server->seats[i].is_initialised = true;
        err = ph_worker_init(&server->seats[i].worker, &server->shared, i);
    }
    if (err == PH_OK) {
        err = create_srt(server);
    }
    if (err != PH_OK) {
        ph_server_destroy(&server);
    }
    *out = server;
    return err;
}

static void begin_step(struct ph_server *server);

/* The main thread: one of those that take the step has finished it. */
static void finish_step(struct ph_server *server)
{
    if (--server->steps_open == 0) {
        server->step++;
        begin_step(server);
    }
}

static void deliver_step_done(struct ph_mail *mail)
{
    finish_step(ph_container_of(mail, struct seat, mail)->server);
}

static void deliver_srt_drained(struct ph_mail *mail)
{
    finish_step(ph_container_of(mail, struct ph_server, srt_drained));
}

static void discard_nothing(struct ph_mail *mail)
{
    (void)mail;
}

/* The worker's thread. */
static void on_step_done(void *arg)
{
    struct seat *seat = arg;

    seat->mail.deliver = deliver_step_done;
    ph_mailbox_post(ph_loop_mailbox(seat->server->main_loop), &seat->mail);
}

/* The SRT thread. */
static void on_srt_drained(void *arg)
{
    struct ph_server *server = arg;

    server->srt_drained =
        (struct ph_mail){.deliver = deliver_srt_drained, .discard = discard_nothing};
    ph_mailbox_post(ph_loop_mailbox(server->main_loop), &server->srt_drained);
}

static void deliver_step(struct ph_mail *mail)
{
    struct seat *seat = ph_container_of(mail, struct seat, mail);

    ph_worker_drain(&seat->worker, seat->server->step, on_step_done, seat);
}

static void begin_step(struct ph_server *server)
{
    if (server->step == PH_DRAIN_DONE) {
        ph_loop_stop(server->main_loop);
        return;
    }
    server->steps_open = server->shared.workers;
    for (size_t i = 0; i < server->shared.workers; i++) {
        server->seats[i].mail =
            (struct ph_mail){.deliver = deliver_step, .discard = discard_nothing};
        ph_mailbox_post(ph_loop_mailbox(server->shared.loops[i]), &server->seats[i].mail);
    }
    if (server->step == PH_DRAIN_INGEST && server->srt != NULL) {
        server->steps_open++;
        ph_srt_server_drain(server->srt, on_srt_drained, server);
    }
}

static void cut(struct ph_server *server, const char *reason)
{
    static const char *const steps[] = {
        [PH_DRAIN_NONE] = "none",         [PH_DRAIN_INGEST] = "ingest",
        [PH_DRAIN_CHANNELS] = "channels", [PH_DRAIN_ANSWERS] = "answers",
        [PH_DRAIN_DONE] = "done",
    };

    ph_log_warn("server.cut", ph_kv("reason", reason), ph_kv("step", steps[server->step]));
    ph_loop_stop(server->main_loop);
}

static void on_drain_timer(void *arg)
{
    cut(arg, "draining took too long");
}

static void on_terminate(void *arg, int signal_number)
{
    struct ph_server *server = arg;

    if (server->step != PH_DRAIN_NONE) {
        cut(server, "a second signal");
        return;
    }
    ph_log_info("server.drain", ph_kv_int("signal", signal_number));
    server->drain_timer = ph_timer_create(server->main_loop, on_drain_timer, server);
    ph_timer_set(server->drain_timer, ph_loop_now(server->main_loop) + DRAIN_TIME);
    server->step = PH_DRAIN_INGEST;
    begin_step(server);
}

static void log_start(const struct ph_server *server)
{
    const struct ph_conf *conf = server->shared.conf;

    ph_log_info("server.start", ph_kv("version", PHIEN_VERSION),
                ph_kv_int("workers", server->shared.workers),
                ph_kv_int("channels", conf->channels_count), ph_kv("rtmp", conf->rtmp.listen),
                ph_kv("srt", conf->srt.listen), ph_kv("http", conf->http.listen),
                ph_kv("public_url", conf->http.public_url), ph_kv("epoch", server->epoch));
}

int ph_server_run(struct ph_server *server)
{
    int err = ph_loop_on_terminate(server->main_loop, on_terminate, server);

    for (size_t i = 0; i < server->shared.workers && err == PH_OK; i++) {
        err = ph_loop_start(server->shared.loops[i]);
    }
    if (err == PH_OK && server->srt != NULL) {
        err = ph_srt_server_start(server->srt);
    }
    if (err == PH_OK && server->shared.continuity != NULL) {
        err = ph_continuity_start(server->shared.continuity);
    }
    if (err == PH_OK) {
        log_start(server);
        ph_loop_run(server->main_loop);
    }
    for (size_t i = 0; i < server->shared.workers; i++) {
        ph_loop_stop(server->shared.loops[i]);
        ph_loop_join(server->shared.loops[i]);
    }
    ph_log_info("server.stop", ph_kv("reason", err == PH_OK ? "signal" : ph_err_text(err)));
    return err;
}

void ph_server_destroy(struct ph_server **ref)
{
    struct ph_server *server = *ref;

    *ref = NULL;
    if (server == NULL) {
        return;
    }
    struct ph_shared *shared = &server->shared;
    ph_timer_destroy(&server->drain_timer);
    for (size_t i = 0; i < shared->workers; i++) {
        if (server->seats[i].is_initialised) {
            ph_worker_fini(&server->seats[i].worker);
        }
    }
    for (unsigned i = 0; shared->hub != NULL && i < shared->workers; i++) {
        ph_publish_hub_close_home(shared->hub, i);
    }
    /* While the loops can still take its last mails, and after the homes have posted theirs. */
    ph_srt_server_destroy(&server->srt);
    if (shared->overlay != NULL) {
        ph_overlay_stop(shared->overlay);
    }
    for (size_t i = 0; i < shared->workers; i++) {
        ph_loop_destroy(&shared->loops[i]);
    }
    ph_loop_destroy(&server->main_loop);
    ph_continuity_destroy(&shared->continuity);
    ph_overlay_destroy(&shared->overlay);
    ph_feeds_destroy(&shared->feeds);
    ph_publish_hub_destroy(&shared->hub);
    ph_registry_destroy(&shared->registry);
    ph_slate_destroy(&server->slate);
    ph_peers_destroy(&shared->peers);
    for (size_t i = 0; i <= shared->workers; i++) {
        free(shared->stats[i]);
    }
    free(shared->channel_names);
    free(shared->qualities);
    free(shared->links);
    free(shared->loops);
    free(shared->stats);
    free(server->seats);
    free(server);
}

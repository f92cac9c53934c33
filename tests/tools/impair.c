/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bad network between a UDP client and a server: passes datagrams on, and loses, delays and
 * reorders some, as impair_plan.c decides. Each client has a socket of its own towards the
 * server, as behind an address translator.
 */
#include "impair_plan.h"

#include <phien/net/address.h>

#include <phien/core/mem.h>

#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uv.h>

/* Datagrams: as much as 4 s of 20 Mbit/s. */
enum {
    QUEUE_MAX = 8192,
    CLIENTS_MAX = 64,
    DATAGRAM_BYTES = 2048,
    LINE_BYTES = 128,
    SOCKET_BYTES = 4 * 1024 * 1024,
};

static const char usage[] =
    "Usage: impair --listen ADDRESS:PORT --to ADDRESS:PORT [options]\n"
    "\n"
    "  --seed N              where chance begins: the same seed, the same decisions\n"
    "  --loss PERCENT        datagrams that are dropped\n"
    "  --delay MS            how long each takes\n"
    "  --jitter MS           how much longer at most, without reordering\n"
    "  --reorder PERCENT     datagrams that are overtaken\n"
    "  --blackout START:LENGTH[,...]\n"
    "                        nothing gets through, in ms since the first datagram\n"
    "  --direction both|up|down\n"
    "                        what is impaired; up is from the client to the server\n"
    "\n"
    "Prints its port. Takes \"blackout MS\" and \"loss PERCENT\" as lines of its input, and ends\n"
    "with that or with a signal; then it prints what it did.\n";

struct client;

/* A datagram under way. */
struct datagram {
    TAILQ_ENTRY(datagram) entry;
    struct client *client;
    enum impair_way way;
    ph_usec due;
    size_t len;
    char data[];
};

struct client {
    struct impair *impair;
    struct sockaddr_storage address;
    uv_udp_t upstream;
};

struct impair {
    struct impair_plan plan;
    struct sockaddr_storage to;
    uv_loop_t loop;
    uv_udp_t listener;
    uv_timer_t timer;
    uv_signal_t signals[2];
    uv_pipe_t commands;
    char line[LINE_BYTES];
    size_t line_len;
    struct client *clients[CLIENTS_MAX];
    size_t client_count;
    TAILQ_HEAD(datagram_head, datagram) queue; /* the earliest first */
    size_t queued;
    uint64_t overflowed;
    char buffer[DATAGRAM_BYTES];
};

/* A datagram that the socket does not take is lost, as in any network. */
static void deliver(struct impair *impair, struct datagram *datagram)
{
    struct client *client = datagram->client;
    uv_buf_t buf = uv_buf_init(datagram->data, (unsigned)datagram->len);
    int sent = datagram->way == IMPAIR_UP
                   ? uv_udp_try_send(&client->upstream, &buf, 1, NULL)
                   : uv_udp_try_send(&impair->listener, &buf, 1,
                                     (const struct sockaddr *)&client->address);

    impair->overflowed += sent == UV_EAGAIN;
}

static void on_timer(uv_timer_t *timer);

static void wait_for_first(struct impair *impair)
{
    const struct datagram *first = TAILQ_FIRST(&impair->queue);

    if (first == NULL) {
        uv_timer_stop(&impair->timer);
        return;
    }
    ph_usec wait = first->due - ph_clock_mono();
    uv_update_time(&impair->loop);
    uv_timer_start(&impair->timer, on_timer,
                   wait > 0 ? (uint64_t)((wait + PH_USEC_PER_MS - 1) / PH_USEC_PER_MS) : 0, 0);
}

static void drop_first(struct impair *impair)
{
    struct datagram *first = TAILQ_FIRST(&impair->queue);

    TAILQ_REMOVE(&impair->queue, first, entry);
    impair->queued--;
    free(first);
}

static void on_timer(uv_timer_t *timer)
{
    struct impair *impair = timer->data;
    ph_usec now = ph_clock_mono();

    while (!TAILQ_EMPTY(&impair->queue) && TAILQ_FIRST(&impair->queue)->due <= now) {
        deliver(impair, TAILQ_FIRST(&impair->queue));
        drop_first(impair);
    }
    wait_for_first(impair);
}

/* Behind all that are due no later, which are nearly all. */
static void enqueue(struct impair *impair, struct datagram *datagram)
{
    struct datagram *before = TAILQ_LAST(&impair->queue, datagram_head);

    while (before != NULL && before->due > datagram->due) {
        before = TAILQ_PREV(before, datagram_head, entry);
    }
    if (before == NULL) {
        TAILQ_INSERT_HEAD(&impair->queue, datagram, entry);
        wait_for_first(impair);
    } else {
        TAILQ_INSERT_AFTER(&impair->queue, before, datagram, entry);
    }
    impair->queued++;
}

static void pass_on(struct client *client, enum impair_way way, const uv_buf_t *buf, size_t len)
{
    struct impair *impair = client->impair;
    ph_usec due;

    if (!impair_plan_decide(&impair->plan, way, ph_clock_mono(), &due)) {
        return;
    }
    if (impair->queued == QUEUE_MAX) {
        impair->overflowed++;
        return;
    }
    struct datagram *datagram = ph_alloc(sizeof(*datagram) + len);
    *datagram = (struct datagram){.client = client, .way = way, .due = due, .len = len};
    memcpy(datagram->data, buf->base, len);
    enqueue(impair, datagram);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct impair *impair = handle->loop->data;

    (void)suggested;
    *buf = uv_buf_init(impair->buffer, sizeof(impair->buffer));
}

static void on_answer(uv_udp_t *upstream, ssize_t len, const uv_buf_t *buf,
                      const struct sockaddr *from, unsigned flags)
{
    (void)flags;
    if (len > 0 && from != NULL) {
        pass_on(upstream->data, IMPAIR_DOWN, buf, (size_t)len);
    }
}

/* An address is filled with zeros to its end. */
static struct client *find_client(struct impair *impair, const struct sockaddr_storage *address)
{
    for (size_t i = 0; i < impair->client_count; i++) {
        if (memcmp(&impair->clients[i]->address, address, sizeof(*address)) == 0) {
            return impair->clients[i];
        }
    }
    return NULL;
}

static struct client *add_client(struct impair *impair, const struct sockaddr_storage *address)
{
    if (impair->client_count == CLIENTS_MAX) {
        return NULL;
    }
    struct client *client = ph_new(struct client);
    int buffer_bytes = SOCKET_BYTES;
    *client = (struct client){.impair = impair, .address = *address};
    uv_udp_init(&impair->loop, &client->upstream);
    client->upstream.data = client;
    impair->clients[impair->client_count++] = client;
    if (uv_udp_connect(&client->upstream, (const struct sockaddr *)&impair->to) == 0) {
        uv_recv_buffer_size((uv_handle_t *)&client->upstream, &buffer_bytes);
        uv_udp_recv_start(&client->upstream, on_alloc, on_answer);
    }
    return client;
}

static void on_request(uv_udp_t *listener, ssize_t len, const uv_buf_t *buf,
                       const struct sockaddr *from, unsigned flags)
{
    struct impair *impair = listener->data;
    struct sockaddr_storage address = {0};

    (void)flags;
    if (len <= 0 || from == NULL) {
        return;
    }
    memcpy(&address, from,
           from->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
    struct client *client = find_client(impair, &address);
    if (client == NULL) {
        client = add_client(impair, &address);
    }
    if (client == NULL) {
        impair->overflowed++;
        return;
    }
    pass_on(client, IMPAIR_UP, buf, (size_t)len);
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

static void take_line(struct impair *impair)
{
    impair->line[impair->line_len] = '\0';
    impair->line_len = 0;
    if (impair_plan_command(&impair->plan, ph_clock_mono(), impair->line) != PH_OK) {
        fprintf(stderr, "impair: no command: %s\n", impair->line);
    }
}

/* Whoever started it and is gone needs it no more. */
static void on_commands(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct impair *impair = stream->data;

    if (len < 0) {
        uv_stop(stream->loop);
    }
    for (ssize_t i = 0; i < len; i++) {
        if (buf->base[i] == '\n') {
            take_line(impair);
        } else if (impair->line_len < LINE_BYTES - 1) {
            impair->line[impair->line_len++] = buf->base[i];
        }
    }
}

static int listen_on(struct impair *impair, const struct sockaddr_storage *address)
{
    struct sockaddr_storage own;
    int own_size = sizeof(own);
    char ip[47];
    unsigned port;
    int buffer_bytes = SOCKET_BYTES;

    uv_udp_init(&impair->loop, &impair->listener);
    impair->listener.data = impair;
    int err = uv_udp_bind(&impair->listener, (const struct sockaddr *)address, 0);
    if (err == 0) {
        uv_recv_buffer_size((uv_handle_t *)&impair->listener, &buffer_bytes);
        err = uv_udp_recv_start(&impair->listener, on_alloc, on_request);
    }
    if (err == 0) {
        err = uv_udp_getsockname(&impair->listener, (struct sockaddr *)&own, &own_size);
    }
    if (err == 0) {
        ph_address_format(&own, ip, &port);
        printf("%u\n", port);
        fflush(stdout);
    }
    return err;
}

static void watch(struct impair *impair)
{
    static const int numbers[] = {SIGTERM, SIGINT};

    for (size_t i = 0; i < PH_ARRAY_SIZE(numbers); i++) {
        uv_signal_init(&impair->loop, &impair->signals[i]);
        uv_signal_start(&impair->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&impair->loop, &impair->timer);
    impair->timer.data = impair;
    uv_pipe_init(&impair->loop, &impair->commands, 0);
    impair->commands.data = impair;
    if (uv_guess_handle(STDIN_FILENO) == UV_NAMED_PIPE &&
        uv_pipe_open(&impair->commands, STDIN_FILENO) == 0) {
        uv_read_start((uv_stream_t *)&impair->commands, on_alloc, on_commands);
    }
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void fini(struct impair *impair)
{
    while (!TAILQ_EMPTY(&impair->queue)) {
        drop_first(impair);
    }
    uv_walk(&impair->loop, close_handle, NULL);
    uv_run(&impair->loop, UV_RUN_DEFAULT);
    uv_loop_close(&impair->loop);
    for (size_t i = 0; i < impair->client_count; i++) {
        free(impair->clients[i]);
    }
}

static void print_counts(const struct impair *impair)
{
    static const char *const names[] = {[IMPAIR_UP] = "up", [IMPAIR_DOWN] = "down"};

    for (int way = 0; way < IMPAIR_WAYS; way++) {
        const struct impair_counts *counts = &impair->plan.counts[way];
        printf("%s\"%s\":{\"forwarded\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"reordered\":%" PRIu64
               "}",
               way == 0 ? "{" : ",", names[way], counts->forwarded, counts->dropped,
               counts->reordered);
    }
    printf(",\"overflowed\":%" PRIu64 "}\n", impair->overflowed);
}

struct options {
    struct impair_conf conf;
    struct sockaddr_storage listen;
    struct sockaddr_storage to;
};

static int run(const struct options *options)
{
    static struct impair impair;

    impair.to = options->to;
    TAILQ_INIT(&impair.queue);
    impair_plan_init(&impair.plan, &options->conf);
    uv_loop_init(&impair.loop);
    impair.loop.data = &impair;
    watch(&impair);
    int err = listen_on(&impair, &options->listen);
    if (err == 0) {
        uv_run(&impair.loop, UV_RUN_DEFAULT);
        print_counts(&impair);
    } else {
        fprintf(stderr, "impair: %s\n", uv_strerror(err));
    }
    fini(&impair);
    return err == 0 ? 0 : 1;
}

static bool parse_number(uint64_t *out, const char *text, uint64_t max)
{
    char *end = NULL;

    *out = strtoull(text, &end, 10);
    return end != text && *end == '\0' && *text != '-' && *out <= max;
}

static bool parse_ms(ph_usec *out, const char *text)
{
    uint64_t ms = 0;
    bool is_number = parse_number(&ms, text, 60 * 1000);

    *out = (ph_usec)ms * PH_USEC_PER_MS;
    return is_number;
}

static bool parse_direction(struct impair_conf *conf, const char *text)
{
    conf->is_spared[IMPAIR_UP] = strcmp(text, "down") == 0;
    conf->is_spared[IMPAIR_DOWN] = strcmp(text, "up") == 0;
    return strcmp(text, "both") == 0 || conf->is_spared[IMPAIR_UP] || conf->is_spared[IMPAIR_DOWN];
}

static bool take_option(struct options *options, int option, const char *text)
{
    struct impair_conf *conf = &options->conf;

    switch (option) {
    case 'l':
        return ph_address_parse(&options->listen, text) == PH_OK;
    case 't':
        return ph_address_parse(&options->to, text) == PH_OK;
    case 's':
        return parse_number(&conf->seed, text, UINT32_MAX);
    case 'L':
        return impair_conf_parse_percent(&conf->loss, text) == PH_OK;
    case 'r':
        return impair_conf_parse_percent(&conf->reorder, text) == PH_OK;
    case 'd':
        return parse_ms(&conf->delay, text);
    case 'j':
        return parse_ms(&conf->jitter, text);
    case 'b':
        return impair_conf_parse_blackouts(conf, text) == PH_OK;
    case 'D':
        return parse_direction(conf, text);
    default:
        return false;
    }
}

static bool parse_arguments(struct options *options, int argc, char **argv)
{
    static const struct option names[] = {
        {"listen", required_argument, NULL, 'l'},    {"to", required_argument, NULL, 't'},
        {"seed", required_argument, NULL, 's'},      {"loss", required_argument, NULL, 'L'},
        {"reorder", required_argument, NULL, 'r'},   {"delay", required_argument, NULL, 'd'},
        {"jitter", required_argument, NULL, 'j'},    {"blackout", required_argument, NULL, 'b'},
        {"direction", required_argument, NULL, 'D'}, {0},
    };
    int option;

    *options = (struct options){0};
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!take_option(options, option, optarg)) {
            return false;
        }
    }
    return options->listen.ss_family != AF_UNSPEC && options->to.ss_family != AF_UNSPEC &&
           optind == argc;
}

int main(int argc, char **argv)
{
    struct options options;

    if (!parse_arguments(&options, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    return run(&options);
}

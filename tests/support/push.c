/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Joins the publisher without a socket to a connection and to the clock that paces its packets.
 */
#include "push.h"

#include <phien/core/mem.h>
#include <phien/net/tcp.h>
#include <phien/net/timer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* How far a publisher that does not wait may run ahead of its socket. */
    QUEUE_BYTES = 256 * 1024,
    WRITE_LIMIT_BYTES = 16 * 1024 * 1024,
};

/* How long the server may take to answer the end of the stream. */
#define GOODBYE_TIME (5 * PH_USEC_PER_S)

/* What a URL says, cut up. */
struct target {
    char text[512]; /* address, app and name, each with a NUL */
    char tc_url[512];
    const char *address;
    const char *app;
    const char *name;
};

struct push {
    const struct push_plan *plan;
    void *arg;
    struct target target;
    struct rtmp_publisher *rtmp;
    struct ph_tcp_conn *conn;
    struct ph_timer *timer; /* NULL after the end */
    ph_usec started_at;     /* when the first packet was sent; 0: not live yet */
    int64_t base_ms;        /* of the file under way */
    size_t file;
    size_t next; /* packet of that file */
    bool has_track[PH_TRACK_KINDS];
    bool is_stopping;
};

/* Replaces the first {} by the number. False: it does not fit. */
static bool expand_url(char *out, size_t size, const char *url, unsigned number)
{
    const char *gap = strstr(url, "{}");
    int len = gap == NULL ? snprintf(out, size, "%s", url)
                          : snprintf(out, size, "%.*s%u%s", (int)(gap - url), url, number, gap + 2);

    return len >= 0 && (size_t)len < size;
}

/* rtmp://ADDRESS/APP/NAME; all after the second slash is the name. */
static bool parse_url(struct target *target, const char *url, unsigned number)
{
    static const char scheme[] = "rtmp://";
    size_t scheme_len = strlen(scheme);

    if (strncmp(url, scheme, scheme_len) != 0 ||
        !expand_url(target->text, sizeof(target->text), url + scheme_len, number)) {
        return false;
    }
    char *app = strchr(target->text, '/');
    if (app == NULL) {
        return false;
    }
    *app++ = '\0';
    char *name = app + strcspn(app, "/");
    if (*name != '\0') {
        *name++ = '\0';
    }
    target->address = target->text;
    target->app = app;
    target->name = name;
    int len = snprintf(target->tc_url, sizeof(target->tc_url), "%s%s/%s", scheme, target->address,
                       target->app);
    return len >= 0 && (size_t)len < sizeof(target->tc_url);
}

static void let_go(struct push *push)
{
    ph_timer_destroy(&push->timer);
    ph_tcp_conn_close(&push->conn, true);
    rtmp_publisher_destroy(&push->rtmp);
}

static void fail(struct push *push, const char *what, int err)
{
    char text[512];

    snprintf(text, sizeof(text), "%s: %s %s %s", what, ph_err_text(err),
             push->rtmp != NULL ? rtmp_publisher_status(push->rtmp) : "",
             push->rtmp != NULL ? rtmp_publisher_description(push->rtmp) : "");
    let_go(push);
    push->plan->ops->on_end(push->arg, text);
}

static void flush(struct push *push)
{
    struct ph_slice slice;

    while (push->conn != NULL && rtmp_publisher_pull(push->rtmp, &slice)) {
        (void)ph_tcp_conn_write(push->conn, &slice, 1); /* on_close tells */
    }
}

static void end(struct push *push)
{
    let_go(push);
    push->plan->ops->on_end(push->arg, NULL);
}

/* A server that answers has taken everything; a close before could take the last packets from it.
 */
void push_stop(struct push *push)
{
    if (push->timer == NULL || push->is_stopping) {
        return;
    }
    if (push->conn == NULL || !rtmp_publisher_is_live(push->rtmp)) {
        end(push);
        return;
    }
    push->is_stopping = true;
    rtmp_publisher_unpublish(push->rtmp);
    flush(push);
    ph_timer_set(push->timer, ph_loop_now(push->plan->loop) + GOODBYE_TIME);
}

static bool has_said_goodbye(const struct push *push)
{
    return strcmp(rtmp_publisher_status(push->rtmp), "NetStream.Unpublish.Success") == 0;
}

static const struct media_file *current_file(const struct push *push)
{
    return &push->plan->files[push->file];
}

/* The next packet, NULL at the end of all. */
static const AVPacket *peek(struct push *push)
{
    if (push->next == current_file(push)->count) {
        push->base_ms += current_file(push)->length_ms;
        push->next = 0;
        memset(push->has_track, 0, sizeof(push->has_track));
        if (++push->file == push->plan->file_count) {
            push->file = 0;
            if (!push->plan->is_looping) {
                return NULL;
            }
        }
    }
    return current_file(push)->packets[push->next];
}

/* The packet in its place on the stream, and before it what the decoder needs. */
static int send_packet(struct push *push, const AVPacket *packet)
{
    int kind = packet->stream_index;
    int64_t dts = push->base_ms + packet->dts;
    int err = PH_OK;

    if (kind == PH_TRACK_AUDIO && dts < push->plan->audio_from_ms) {
        return PH_OK;
    }
    if (!push->has_track[kind]) {
        err = rtmp_publisher_send_track(push->rtmp, current_file(push)->tracks[kind], dts);
        push->has_track[kind] = err == PH_OK;
    }
    AVPacket *moved = err == PH_OK ? av_packet_clone(packet) : NULL;
    if (moved != NULL) {
        moved->dts = dts;
        moved->pts += push->base_ms;
        err = rtmp_publisher_send_packet(push->rtmp, moved);
    }
    av_packet_free(&moved);
    if (err == PH_OK && push->plan->ops->on_packet != NULL) {
        push->plan->ops->on_packet(push->arg, packet);
    }
    flush(push);
    return err;
}

/* Sends what is due, and comes back when the next is. */
static void send_due(struct push *push)
{
    bool is_fast = push->plan->is_fast;
    const AVPacket *packet = NULL;

    while ((packet = peek(push)) != NULL) {
        ph_usec due = push->started_at + (push->base_ms + packet->dts) * PH_USEC_PER_MS;
        if (!is_fast && due > ph_loop_now(push->plan->loop)) {
            ph_timer_set(push->timer, due);
            return;
        }
        if (is_fast && ph_tcp_conn_queued(push->conn) > QUEUE_BYTES) {
            return; /* on_drain goes on */
        }
        push->next++;
        int err = send_packet(push, packet);
        if (err != PH_OK) {
            fail(push, "cannot send", err);
            return;
        }
    }
    push_stop(push);
}

static void go_live(struct push *push)
{
    push->started_at = ph_loop_now(push->plan->loop);
    rtmp_publisher_send_metadata(push->rtmp, "pusher");
    push->plan->ops->on_live(push->arg);
    send_due(push);
}

static void on_tcp_read(void *arg, const uint8_t *data, size_t len)
{
    struct push *push = arg;
    int err = rtmp_publisher_feed(push->rtmp, data, len);

    flush(push);
    if (push->is_stopping && (err != PH_OK || has_said_goodbye(push))) {
        end(push);
    } else if (err != PH_OK) {
        fail(push, "the server refused", err);
    } else if (push->started_at == 0 && rtmp_publisher_is_live(push->rtmp)) {
        go_live(push);
    }
}

static void on_tcp_drain(void *arg)
{
    struct push *push = arg;

    flush(push);
    if (push->started_at > 0 && push->plan->is_fast && !push->is_stopping) {
        send_due(push);
    }
}

static void on_tcp_close(void *arg, int err)
{
    struct push *push = arg;

    push->conn = NULL;
    if (push->is_stopping) {
        end(push);
    } else {
        fail(push, "the connection ended", err);
    }
}

static const struct ph_tcp_conn_ops tcp_ops = {on_tcp_read, on_tcp_drain, on_tcp_close};

static void open_connection(struct push *push)
{
    static const struct ph_tcp_options tcp_options = {.write_limit = WRITE_LIMIT_BYTES};
    struct rtmp_publisher_conf conf = push->plan->publisher;

    conf.app = push->target.app;
    conf.tc_url = push->target.tc_url;
    conf.name = push->target.name;
    int err = rtmp_publisher_create(&push->rtmp, &conf);
    if (err == PH_OK) {
        err = ph_tcp_connect(&push->conn, push->plan->loop, push->target.address, &tcp_options,
                             &tcp_ops, push);
    }
    if (err != PH_OK) {
        fail(push, "cannot connect", err);
    }
}

static void on_timer(void *arg)
{
    struct push *push = arg;

    if (push->is_stopping) {
        end(push);
    } else if (push->started_at > 0) {
        send_due(push);
    } else {
        open_connection(push);
    }
}

int push_create(struct push **out, const struct push_plan *plan, unsigned number, ph_usec at,
                void *arg)
{
    struct push *push = ph_new(struct push);

    push->plan = plan;
    push->arg = arg;
    if (!parse_url(&push->target, plan->url, number)) {
        free(push);
        return PH_EINVAL;
    }
    push->timer = ph_timer_create(plan->loop, on_timer, push);
    ph_timer_set(push->timer, at);
    *out = push;
    return PH_OK;
}

void push_destroy(struct push **push)
{
    if (*push != NULL) {
        let_go(*push);
        free(*push);
        *push = NULL;
    }
}

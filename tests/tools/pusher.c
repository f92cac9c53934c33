/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An RTMP publisher for tests and benches, for what ffmpeg and GStreamer cannot do: Enhanced RTMP,
 * odd timestamps, a late audio track, new sequence headers in mid-stream, and many at a time.
 */
#include "media_file.h"
#include "rtmp_publisher.h"

#include <phien/core/mem.h>
#include <phien/net/tcp.h>
#include <phien/net/timer.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUTS_MAX = 8,
    /* How far a publisher that does not wait may run ahead of its socket. */
    QUEUE_BYTES = 256 * 1024,
    WRITE_LIMIT_BYTES = 16 * 1024 * 1024,
};

static const char usage[] =
    "Usage: pusher --url rtmp://ADDRESS:PORT/APP/NAME?key=KEY --input FILE [options]\n"
    "\n"
    "  --input FILE          what to send; several follow each other, each with its own sequence\n"
    "                        headers\n"
    "  --loop                from the beginning again after the last one\n"
    "  --fast                as fast as the server takes it, instead of in real time\n"
    "  --enhanced            Enhanced RTMP also where the older form would do\n"
    "  --terse               chunk headers of types 1 to 3\n"
    "  --start-timestamp N   what to add to each timestamp, in milliseconds\n"
    "  --omit-extended       no extended timestamps in chunks that go on with a message\n"
    "  --chunk-size N        4096 if not given\n"
    "  --audio-from N        no audio, and no sequence header of it, in the first N ms\n"
    "  --publishers N        so many at a time; {} in the URL is 0, 1, ...\n"
    "  --start-within N      spread their beginnings over N ms\n";

struct options {
    const char *url;
    const char *inputs[INPUTS_MAX];
    size_t input_count;
    struct rtmp_publisher_conf publisher; /* its texts come from the URL */
    bool is_looping;
    bool is_fast;
    int64_t audio_from_ms;
    unsigned publishers;
    unsigned start_within_ms;
};

/* What a URL says, cut up. */
struct target {
    char text[512]; /* address, app and name, each with a NUL */
    char tc_url[512];
    const char *address;
    const char *app;
    const char *name;
};

struct pusher;

struct push {
    struct pusher *pusher;
    unsigned index;
    struct target target;
    struct rtmp_publisher *rtmp;
    struct ph_tcp_conn *conn;
    struct ph_timer *timer;
    ph_usec started_at; /* when the first packet was sent; 0: not live yet */
    int64_t base_ms;    /* of the file under way */
    size_t input;
    size_t next; /* packet of that file */
    bool has_track[PH_TRACK_KINDS];
};

struct pusher {
    struct options options;
    struct media_file files[INPUTS_MAX];
    struct ph_loop *loop;
    struct push *pushes;
    unsigned running;
    bool has_failed;
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

/* Ends one publisher; the program ends with the last. */
static void finish(struct push *push)
{
    struct pusher *pusher = push->pusher;

    ph_timer_destroy(&push->timer);
    if (push->conn != NULL) {
        ph_tcp_conn_close(&push->conn, true);
    }
    rtmp_publisher_destroy(&push->rtmp);
    if (--pusher->running == 0) {
        ph_loop_stop(pusher->loop);
    }
}

static void fail(struct push *push, const char *what, int err)
{
    fprintf(stderr, "pusher %u: %s: %s %s %s\n", push->index, what, ph_err_text(err),
            push->rtmp != NULL ? rtmp_publisher_status(push->rtmp) : "",
            push->rtmp != NULL ? rtmp_publisher_description(push->rtmp) : "");
    push->pusher->has_failed = true;
    finish(push);
}

static void flush(struct push *push)
{
    struct ph_slice slice;

    while (push->conn != NULL && rtmp_publisher_pull(push->rtmp, &slice)) {
        (void)ph_tcp_conn_write(push->conn, &slice, 1); /* on_close tells */
    }
}

static void say_goodbye(struct push *push)
{
    if (push->rtmp != NULL && rtmp_publisher_is_live(push->rtmp)) {
        rtmp_publisher_unpublish(push->rtmp);
        flush(push);
    }
    finish(push);
}

static const struct media_file *current_file(const struct push *push)
{
    return &push->pusher->files[push->input];
}

/* The next packet, NULL at the end of all. */
static const AVPacket *peek(struct push *push)
{
    const struct options *options = &push->pusher->options;

    if (push->next == current_file(push)->count) {
        push->base_ms += current_file(push)->length_ms;
        push->next = 0;
        memset(push->has_track, 0, sizeof(push->has_track));
        if (++push->input == options->input_count) {
            push->input = 0;
            if (!options->is_looping) {
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

    if (kind == PH_TRACK_AUDIO && dts < push->pusher->options.audio_from_ms) {
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
    flush(push);
    return err;
}

/* Sends what is due, and comes back when the next is. */
static void send_due(struct push *push)
{
    const struct options *options = &push->pusher->options;
    const AVPacket *packet = NULL;

    while ((packet = peek(push)) != NULL) {
        ph_usec due = push->started_at + (push->base_ms + packet->dts) * PH_USEC_PER_MS;
        if (!options->is_fast && due > ph_loop_now(push->pusher->loop)) {
            ph_timer_set(push->timer, due);
            return;
        }
        if (options->is_fast && ph_tcp_conn_queued(push->conn) > QUEUE_BYTES) {
            return; /* on_drain goes on */
        }
        push->next++;
        int err = send_packet(push, packet);
        if (err != PH_OK) {
            fail(push, "cannot send", err);
            return;
        }
    }
    say_goodbye(push);
}

static void go_live(struct push *push)
{
    push->started_at = ph_loop_now(push->pusher->loop);
    rtmp_publisher_send_metadata(push->rtmp, "pusher");
    printf("live %u\n", push->index);
    fflush(stdout);
    send_due(push);
}

static void on_tcp_read(void *arg, const uint8_t *data, size_t len)
{
    struct push *push = arg;
    int err = rtmp_publisher_feed(push->rtmp, data, len);

    flush(push);
    if (err != PH_OK) {
        fail(push, "the server refused", err);
    } else if (push->started_at == 0 && rtmp_publisher_is_live(push->rtmp)) {
        go_live(push);
    }
}

static void on_tcp_drain(void *arg)
{
    struct push *push = arg;

    flush(push);
    if (push->started_at > 0 && push->pusher->options.is_fast) {
        send_due(push);
    }
}

static void on_tcp_close(void *arg, int err)
{
    struct push *push = arg;

    push->conn = NULL;
    fail(push, "the connection ended", err);
}

static const struct ph_tcp_conn_ops tcp_ops = {on_tcp_read, on_tcp_drain, on_tcp_close};

static void open_connection(struct push *push)
{
    static const struct ph_tcp_options tcp_options = {.write_limit = WRITE_LIMIT_BYTES};
    struct rtmp_publisher_conf conf = push->pusher->options.publisher;

    conf.app = push->target.app;
    conf.tc_url = push->target.tc_url;
    conf.name = push->target.name;
    int err = rtmp_publisher_create(&push->rtmp, &conf);
    if (err == PH_OK) {
        err = ph_tcp_connect(&push->conn, push->pusher->loop, push->target.address, &tcp_options,
                             &tcp_ops, push);
    }
    if (err != PH_OK) {
        fail(push, "cannot connect", err);
    }
}

static void on_timer(void *arg)
{
    struct push *push = arg;

    if (push->started_at > 0) {
        send_due(push);
    } else {
        open_connection(push);
    }
}

/* Ctrl-C: publishers say good-bye. */
static void on_terminate(void *arg, int signal_number)
{
    struct pusher *pusher = arg;

    (void)signal_number;
    for (unsigned i = 0; i < pusher->options.publishers; i++) {
        if (pusher->pushes[i].timer != NULL) {
            say_goodbye(&pusher->pushes[i]);
        }
    }
}

static int start(struct pusher *pusher)
{
    const struct options *options = &pusher->options;
    ph_usec now = ph_clock_mono();
    int err = ph_loop_on_terminate(pusher->loop, on_terminate, pusher);

    pusher->pushes = ph_new_array(struct push, options->publishers);
    for (unsigned i = 0; i < options->publishers && err == PH_OK; i++) {
        struct push *push = &pusher->pushes[i];
        *push = (struct push){.pusher = pusher, .index = i};
        if (!parse_url(&push->target, options->url, i)) {
            fprintf(stderr, "pusher: not a URL of RTMP: %s\n", options->url);
            return PH_EINVAL;
        }
        push->timer = ph_timer_create(pusher->loop, on_timer, push);
        ph_timer_set(push->timer, now + (ph_usec)options->start_within_ms * PH_USEC_PER_MS * i /
                                            options->publishers);
        pusher->running++;
    }
    return err;
}

static int read_inputs(struct pusher *pusher)
{
    for (size_t i = 0; i < pusher->options.input_count; i++) {
        int err = media_file_read(&pusher->files[i], pusher->options.inputs[i]);
        if (err != PH_OK) {
            fprintf(stderr, "pusher: %s: %s\n", pusher->options.inputs[i], ph_err_text(err));
            return err;
        }
    }
    return PH_OK;
}

static int run(const struct options *options)
{
    struct pusher pusher = {.options = *options};
    int err = read_inputs(&pusher);

    if (err == PH_OK) {
        err = ph_loop_create(&pusher.loop, "pusher");
    }
    if (err == PH_OK) {
        err = start(&pusher);
        if (err == PH_OK) {
            ph_loop_run(pusher.loop);
        }
    }
    ph_loop_destroy(&pusher.loop);
    for (size_t i = 0; i < options->input_count; i++) {
        media_file_fini(&pusher.files[i]);
    }
    free(pusher.pushes);
    return err == PH_OK && !pusher.has_failed ? 0 : 1;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end = NULL;

    *out = strtoull(text, &end, 0);
    return *text != '\0' && *text != '-' && *end == '\0' && *out <= max;
}

static bool take_option(struct options *options, int option, const char *text)
{
    uint64_t number = 0;

    if (option >= 'A' && option <= 'Z' && !parse_number(text, UINT32_MAX, &number)) {
        return false;
    }
    switch (option) {
    case 'u':
        options->url = text;
        break;
    case 'i':
        if (options->input_count == INPUTS_MAX) {
            return false;
        }
        options->inputs[options->input_count++] = text;
        break;
    case 'S':
        options->publisher.start_ms = (uint32_t)number;
        break;
    case 'C':
        options->publisher.chunk_size = (uint32_t)number;
        break;
    case 'A':
        options->audio_from_ms = (int64_t)number;
        break;
    case 'N':
        options->publishers = (unsigned)number;
        break;
    case 'W':
        options->start_within_ms = (unsigned)number;
        break;
    default:
        return option == 0; /* a flag was set */
    }
    return true;
}

static bool parse_arguments(struct options *options, int argc, char **argv)
{
    int is_looping = 0;
    int is_fast = 0;
    int is_enhanced = 0;
    int is_terse = 0;
    int omits_extended = 0;
    const struct option names[] = {
        {"url", required_argument, NULL, 'u'},
        {"input", required_argument, NULL, 'i'},
        {"start-timestamp", required_argument, NULL, 'S'},
        {"chunk-size", required_argument, NULL, 'C'},
        {"audio-from", required_argument, NULL, 'A'},
        {"publishers", required_argument, NULL, 'N'},
        {"start-within", required_argument, NULL, 'W'},
        {"loop", no_argument, &is_looping, 1},
        {"fast", no_argument, &is_fast, 1},
        {"enhanced", no_argument, &is_enhanced, 1},
        {"terse", no_argument, &is_terse, 1},
        {"omit-extended", no_argument, &omits_extended, 1},
        {0},
    };
    int option;

    *options = (struct options){.publishers = 1, .publisher.chunk_size = 4096};
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!take_option(options, option, optarg)) {
            return false;
        }
    }
    options->is_looping = is_looping;
    options->is_fast = is_fast;
    options->publisher.is_enhanced = is_enhanced;
    options->publisher.is_terse = is_terse;
    options->publisher.omits_extended = omits_extended;
    return options->url != NULL && options->input_count > 0 && options->publishers > 0 &&
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

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An RTMP publisher for tests and benches, for what ffmpeg and GStreamer cannot do: Enhanced RTMP,
 * odd timestamps, a late audio track, new sequence headers in mid-stream, and many at a time.
 */
#include "push.h"

#include <phien/core/mem.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS_MAX = 8 };

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
    const char *inputs[INPUTS_MAX];
    struct push_plan plan; /* without loop, files and ops */
    unsigned publishers;
    unsigned start_within_ms;
};

struct pusher;

struct seat {
    struct pusher *pusher;
    unsigned index;
    struct push *push;
};

struct pusher {
    struct options options;
    struct media_file files[INPUTS_MAX];
    struct ph_loop *loop;
    struct seat *seats;
    unsigned running;
    bool has_failed;
};

static void on_live(void *arg)
{
    const struct seat *seat = arg;

    printf("live %u\n", seat->index);
    fflush(stdout);
}

/* The program ends with the last one. */
static void on_end(void *arg, const char *failure)
{
    const struct seat *seat = arg;
    struct pusher *pusher = seat->pusher;

    if (failure != NULL) {
        fprintf(stderr, "pusher %u: %s\n", seat->index, failure);
        pusher->has_failed = true;
    }
    if (--pusher->running == 0) {
        ph_loop_stop(pusher->loop);
    }
}

static const struct push_ops push_ops = {.on_live = on_live, .on_end = on_end};

/* Ctrl-C: publishers say good-bye. */
static void on_terminate(void *arg, int signal_number)
{
    struct pusher *pusher = arg;

    (void)signal_number;
    for (unsigned i = 0; i < pusher->options.publishers; i++) {
        push_stop(pusher->seats[i].push);
    }
}

static int start(struct pusher *pusher)
{
    const struct options *options = &pusher->options;
    ph_usec now = ph_clock_mono();
    int err = ph_loop_on_terminate(pusher->loop, on_terminate, pusher);

    for (unsigned i = 0; i < options->publishers && err == PH_OK; i++) {
        struct seat *seat = &pusher->seats[i];
        ph_usec at =
            now + (ph_usec)options->start_within_ms * PH_USEC_PER_MS * i / options->publishers;
        *seat = (struct seat){.pusher = pusher, .index = i};
        err = push_create(&seat->push, &options->plan, i, at, seat);
        pusher->running += err == PH_OK;
    }
    if (err == PH_EINVAL) {
        fprintf(stderr, "pusher: not a URL of RTMP: %s\n", options->plan.url);
    }
    return err;
}

static int read_inputs(struct pusher *pusher)
{
    for (size_t i = 0; i < pusher->options.plan.file_count; i++) {
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
    struct push_plan *plan = &pusher.options.plan;
    int err = read_inputs(&pusher);

    pusher.seats = ph_alloc(options->publishers * sizeof(*pusher.seats));
    if (err == PH_OK) {
        err = ph_loop_create(&pusher.loop, "pusher");
    }
    plan->loop = pusher.loop;
    plan->files = pusher.files;
    plan->ops = &push_ops;
    if (err == PH_OK) {
        err = start(&pusher);
        if (err == PH_OK) {
            ph_loop_run(pusher.loop);
        }
    }
    for (unsigned i = 0; i < options->publishers; i++) {
        push_destroy(&pusher.seats[i].push);
    }
    ph_loop_destroy(&pusher.loop);
    for (size_t i = 0; i < plan->file_count; i++) {
        media_file_fini(&pusher.files[i]);
    }
    free(pusher.seats);
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
        options->plan.url = text;
        break;
    case 'i':
        if (options->plan.file_count == INPUTS_MAX) {
            return false;
        }
        options->inputs[options->plan.file_count++] = text;
        break;
    case 'S':
        options->plan.publisher.start_ms = (uint32_t)number;
        break;
    case 'C':
        options->plan.publisher.chunk_size = (uint32_t)number;
        break;
    case 'A':
        options->plan.audio_from_ms = (int64_t)number;
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

    *options = (struct options){.publishers = 1, .plan.publisher.chunk_size = 4096};
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (!take_option(options, option, optarg)) {
            return false;
        }
    }
    options->plan.is_looping = is_looping;
    options->plan.is_fast = is_fast;
    options->plan.publisher.is_enhanced = is_enhanced;
    options->plan.publisher.is_terse = is_terse;
    options->plan.publisher.omits_extended = omits_extended;
    return options->plan.url != NULL && options->plan.file_count > 0 && options->publishers > 0 &&
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

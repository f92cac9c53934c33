/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many LL-HLS viewers of one channel: each asks for the next part's playlist with a blocking
 * reload, is held, and asks again. Prints how far apart the viewers of one state get their
 * answers, which is what the server's wake-up costs the last of them. The first seconds, in which
 * they all come at once, do not count.
 *
 *     hls_viewers 127.0.0.1:8080 CHANNEL VIEWERS SECONDS
 */
#include "durations.h"
#include "hls_scan.h"
#include "http_get.h"

#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 256, STATES_MAX = 4096, ARRIVAL_S = 3 };

/* The answers to one (msn, part). */
struct wave {
    int64_t msn;
    int64_t part;
    ph_usec first;
    unsigned answers;
};

struct bench {
    struct ph_loop *loop;
    struct ph_timer *timer;
    const char *channel;
    unsigned viewers;
    struct wave waves[STATES_MAX];
    size_t wave_count;
    ph_usec counts_from;
    struct durations delays; /* behind the first answer of their wave */
    uint64_t answers;
    uint64_t failures;
};

struct viewer {
    struct bench *bench;
    struct http_get *get;
    struct hls_scan playlist; /* the newest that it has read; no prefix: none yet */
};

static void ask(struct viewer *viewer);

static struct wave *find_wave(struct bench *bench, int64_t msn, int64_t part)
{
    for (size_t i = bench->wave_count; i > 0; i--) {
        struct wave *wave = &bench->waves[i - 1];
        if (wave->msn == msn && wave->part == part) {
            return wave;
        }
    }
    if (bench->wave_count == STATES_MAX) {
        return NULL;
    }
    bench->waves[bench->wave_count] = (struct wave){.msn = msn, .part = part};
    return &bench->waves[bench->wave_count++];
}

/* An answer to the viewer's question for the state after its newest playlist. */
static void record(struct bench *bench, const struct hls_scan *asked, ph_usec at)
{
    struct wave *wave = find_wave(bench, asked->msn, asked->part);

    if (wave == NULL) {
        return;
    }
    if (wave->answers++ == 0) {
        wave->first = at;
    }
    durations_add(&bench->delays, at - wave->first);
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct viewer *viewer = arg;
    struct bench *bench = viewer->bench;
    bool was_held = viewer->playlist.prefix[0] != '\0';

    bench->answers++;
    if (answer->status == 200 && was_held && answer->first_byte_at >= bench->counts_from) {
        record(bench, &viewer->playlist, answer->first_byte_at);
    }
    if (answer->status != 200 || !hls_scan(&viewer->playlist, answer->body, answer->len)) {
        bench->failures++;
        viewer->playlist = (struct hls_scan){0};
        if (answer->status == 0) {
            return; /* the connection broke: one viewer less */
        }
    }
    ask(viewer);
}

static void ask(struct viewer *viewer)
{
    const struct hls_scan *last = &viewer->playlist;
    char path[PATH_BYTES];

    if (last->prefix[0] == '\0') {
        snprintf(path, sizeof(path), "/live/%s/av.m3u8", viewer->bench->channel);
    } else {
        snprintf(path, sizeof(path), "/live/%s/av.m3u8?_HLS_msn=%" PRId64 "&_HLS_part=%" PRId64,
                 viewer->bench->channel, last->msn, last->part);
    }
    http_get_start(viewer->get, path, on_answer, viewer);
}

static void print_spread(struct bench *bench)
{
    size_t full = 0;

    for (size_t i = 0; i < bench->wave_count; i++) {
        full += bench->waves[i].answers == bench->viewers;
    }
    printf("viewers=%u answers=%" PRIu64 " failures=%" PRIu64 " states=%zu complete=%zu spread_ms ",
           bench->viewers, bench->answers, bench->failures, bench->wave_count, full);
    durations_print(&bench->delays);
    putchar('\n');
}

static void on_end(void *arg)
{
    struct bench *bench = arg;

    ph_loop_stop(bench->loop);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};

    if (argc != 5) {
        fputs("usage: hls_viewers ADDRESS:PORT CHANNEL VIEWERS SECONDS\n", stderr);
        return 2;
    }
    bench.channel = argv[2];
    bench.viewers = (unsigned)strtoul(argv[3], NULL, 10);
    PH_ASSERT(ph_loop_create(&bench.loop, "viewers") == PH_OK);
    bench.timer = ph_timer_create(bench.loop, on_end, &bench);
    bench.counts_from = ph_loop_now(bench.loop) + ARRIVAL_S * PH_USEC_PER_S;
    ph_timer_set(bench.timer, bench.counts_from + strtol(argv[4], NULL, 10) * PH_USEC_PER_S);
    struct viewer *viewers = ph_new_array(struct viewer, bench.viewers);
    for (unsigned i = 0; i < bench.viewers; i++) {
        viewers[i] = (struct viewer){.bench = &bench};
        viewers[i].get = http_get_create(bench.loop, argv[1]);
        ask(&viewers[i]);
    }
    ph_loop_run(bench.loop);
    print_spread(&bench);
    for (unsigned i = 0; i < bench.viewers; i++) {
        http_get_destroy(&viewers[i].get);
    }
    ph_timer_destroy(&bench.timer);
    ph_loop_destroy(&bench.loop);
    free(viewers);
    durations_fini(&bench.delays);
    return bench.failures == 0 ? 0 : 1;
}

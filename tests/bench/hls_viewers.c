/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many LL-HLS viewers of one channel: each asks for the next part's playlist with a blocking
 * reload, is held, and asks again. Prints how far apart the viewers of one state get their
 * answers (wake-up spread), which is what the server's wake-up costs the last of them.
 *
 *     hls_viewers 127.0.0.1:8080 CHANNEL VIEWERS SECONDS
 */
#include "http_get.h"

#include <phien/core/err.h>
#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 256, STATES_MAX = 4096 };

/* The answers to one (msn, part). */
struct wave {
    int64_t msn;
    int64_t part;
    ph_usec first;
    ph_usec last;
    unsigned answers;
};

struct bench {
    struct ph_loop *loop;
    struct ph_timer *timer;
    const char *channel;
    unsigned viewers;
    struct wave waves[STATES_MAX];
    size_t wave_count;
    ph_usec *delays; /* behind the first answer of their wave */
    size_t delay_count;
    size_t delay_cap;
    uint64_t answers;
    uint64_t failures;
};

struct viewer {
    struct bench *bench;
    struct http_get *get;
    int64_t msn; /* what it waits for; -1: it has no playlist yet */
    int64_t part;
};

static void ask(struct viewer *viewer);

/* The segment and the part that a playlist does not have yet. */
static bool find_next(const char *text, size_t len, int64_t *msn, int64_t *part)
{
    static const char sequence[] = "#EXT-X-MEDIA-SEQUENCE:";
    bool has_sequence = false;

    *part = 0;
    for (const char *line = text, *end = text + len; line < end;) {
        const char *eol = memchr(line, '\n', (size_t)(end - line));
        size_t line_len = (size_t)((eol != NULL ? eol : end) - line);
        if (line_len > strlen(sequence) && memcmp(line, sequence, strlen(sequence)) == 0) {
            *msn = strtoll(line + strlen(sequence), NULL, 10);
            has_sequence = true;
        } else if (line_len > 12 && memcmp(line, "#EXT-X-PART:", 12) == 0) {
            (*part)++;
        } else if (line_len > 8 && memcmp(line, "#EXTINF:", 8) == 0) {
            (*msn)++;
            *part = 0;
        }
        line += line_len + 1;
    }
    return has_sequence;
}

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

static void record(struct bench *bench, const struct viewer *viewer, ph_usec at)
{
    struct wave *wave = find_wave(bench, viewer->msn, viewer->part);

    if (wave == NULL) {
        return;
    }
    if (wave->answers++ == 0) {
        wave->first = at;
    }
    wave->last = at;
    if (bench->delay_count == bench->delay_cap) {
        bench->delay_cap = bench->delay_cap > 0 ? bench->delay_cap * 2 : 1 << 16;
        bench->delays = ph_realloc_array(bench->delays, bench->delay_cap, sizeof(ph_usec));
    }
    bench->delays[bench->delay_count++] = at - wave->first;
}

static void on_answer(void *arg, const struct http_answer *answer)
{
    struct viewer *viewer = arg;
    struct bench *bench = viewer->bench;

    bench->answers++;
    if (answer->status == 200 && viewer->msn >= 0) {
        record(bench, viewer, answer->first_byte_at);
    }
    if (answer->status != 200 ||
        !find_next((const char *)answer->body, answer->len, &viewer->msn, &viewer->part)) {
        bench->failures++;
        viewer->msn = -1;
        if (answer->status == 0) {
            return; /* the connection broke: one viewer less, and a failure */
        }
    }
    ask(viewer);
}

static void ask(struct viewer *viewer)
{
    char path[PATH_BYTES];

    if (viewer->msn < 0) {
        snprintf(path, sizeof(path), "/live/%s/av.m3u8", viewer->bench->channel);
    } else {
        snprintf(path, sizeof(path), "/live/%s/av.m3u8?_HLS_msn=%" PRId64 "&_HLS_part=%" PRId64,
                 viewer->bench->channel, viewer->msn, viewer->part);
    }
    http_get_start(viewer->get, path, on_answer, viewer);
}

static int compare(const void *a, const void *b)
{
    ph_usec x = *(const ph_usec *)a;
    ph_usec y = *(const ph_usec *)b;

    return x < y ? -1 : x > y;
}

static void print_spread(struct bench *bench)
{
    size_t full = 0;

    for (size_t i = 0; i < bench->wave_count; i++) {
        full += bench->waves[i].answers == bench->viewers;
    }
    qsort(bench->delays, bench->delay_count, sizeof(ph_usec), compare);
    printf("viewers=%u answers=%" PRIu64 " failures=%" PRIu64 " states=%zu complete=%zu",
           bench->viewers, bench->answers, bench->failures, bench->wave_count, full);
    if (bench->delay_count > 0) {
        printf(" spread_ms_p50=%.2f p99=%.2f max=%.2f",
               (double)bench->delays[bench->delay_count / 2] / 1000,
               (double)bench->delays[bench->delay_count * 99 / 100] / 1000,
               (double)bench->delays[bench->delay_count - 1] / 1000);
    }
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
    ph_timer_set(bench.timer, ph_loop_now(bench.loop) + strtol(argv[4], NULL, 10) * PH_USEC_PER_S);
    struct viewer *viewers = ph_new_array(struct viewer, bench.viewers);
    for (unsigned i = 0; i < bench.viewers; i++) {
        viewers[i] = (struct viewer){.bench = &bench, .msn = -1};
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
    free(bench.delays);
    return bench.failures == 0 ? 0 : 1;
}

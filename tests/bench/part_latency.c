/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long after the frame that ends a part was sent a viewer has read the part, by one clock,
 * since publisher and viewers are this process. That frame is the part's last one, or the key
 * frame behind a segment's last part: until then more of the segment may come. One viewer asks for
 * each part ahead of time, by the preload hint; one waits for the playlist by blocking reload and
 * then fetches.
 *
 *     part_latency RTMP_ADDRESS:PORT HTTP_ADDRESS:PORT CHANNEL KEY FILE SECONDS
 *
 * Frames are told by counting: the channel must not have been on air since the server started.
 */
#include "durations.h"
#include "fragment.h"
#include "hls_scan.h"
#include "http_get.h"
#include "push.h"

#include <phien/core/mem.h>
#include <phien/net/timer.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 256, FRAMES_MAX = 1 << 20, PART_FRAMES_MAX = 1024, VIDEO_TRACK = 1 };

struct sent_frame {
    ph_usec at;
    int size;
    bool is_key;
};

struct bench {
    struct ph_loop *loop;
    const char *channel;
    struct sent_frame *frames; /* of video, in order */
    size_t frame_count;
    const char *failure;
};

struct viewer {
    struct bench *bench;
    struct http_get *get;
    bool follows_hint;
    struct hls_scan playlist; /* the newest that it has read */
    int64_t number;           /* the part that it asks for next */
    size_t frames;            /* of video, in the parts before that one */
    ph_usec asked_at;
    struct durations latency;
};

static void stop(struct bench *bench, const char *failure)
{
    bench->failure = failure;
    ph_loop_stop(bench->loop);
}

static void on_playlist(void *arg, const struct http_answer *answer);
static void on_part(void *arg, const struct http_answer *answer);

static void ask_playlist(struct viewer *viewer)
{
    char path[PATH_BYTES];
    const struct hls_scan *last = &viewer->playlist;

    if (last->prefix[0] == '\0') {
        snprintf(path, sizeof(path), "/live/%s/av.m3u8", viewer->bench->channel);
    } else {
        snprintf(path, sizeof(path), "/live/%s/av.m3u8?_HLS_msn=%" PRId64 "&_HLS_part=%" PRId64,
                 viewer->bench->channel, last->msn, last->part);
    }
    viewer->asked_at = ph_clock_mono();
    http_get_start(viewer->get, path, on_playlist, viewer);
}

static void ask_part(struct viewer *viewer)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof(path), "/live/%s/%s%" PRId64 ".m4s", viewer->bench->channel,
             viewer->playlist.prefix, viewer->number);
    if (viewer->follows_hint) {
        viewer->asked_at = ph_clock_mono();
    }
    http_get_start(viewer->get, path, on_part, viewer);
}

static void on_playlist(void *arg, const struct http_answer *answer)
{
    struct viewer *viewer = arg;

    if (answer->status != 200 || !hls_scan(&viewer->playlist, answer->body, answer->len)) {
        stop(viewer->bench, "a playlist could not be read");
        return;
    }
    ask_part(viewer);
}

/* The part's frames are those that follow what was read before, to the byte. */
static bool count_frames(struct viewer *viewer, const struct http_answer *answer)
{
    const struct bench *bench = viewer->bench;
    uint32_t sizes[PART_FRAMES_MAX];
    size_t count =
        fragment_read_sizes(answer->body, answer->len, VIDEO_TRACK, sizes, PART_FRAMES_MAX);

    if (count > PART_FRAMES_MAX || viewer->frames + count > bench->frame_count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if ((uint32_t)bench->frames[viewer->frames + i].size != sizes[i]) {
            return false;
        }
    }
    viewer->frames += count;
    return viewer->frames > 0;
}

/* When the frame was sent that ended the part just read. */
static ph_usec when_ended(const struct viewer *viewer)
{
    const struct bench *bench = viewer->bench;
    bool is_last_of_segment =
        viewer->frames < bench->frame_count && bench->frames[viewer->frames].is_key;

    return bench->frames[is_last_of_segment ? viewer->frames : viewer->frames - 1].at;
}

static void on_part(void *arg, const struct http_answer *answer)
{
    struct viewer *viewer = arg;

    if (answer->status != 200 || !count_frames(viewer, answer)) {
        stop(viewer->bench, "a part is not there or not what was sent; is the channel fresh?");
        return;
    }
    ph_usec ended_at = when_ended(viewer);
    if (viewer->asked_at < ended_at) { /* else it is still catching up */
        durations_add(&viewer->latency, answer->last_byte_at - ended_at);
    }
    viewer->number++;
    if (viewer->follows_hint || viewer->number < viewer->playlist.hint) {
        ask_part(viewer);
    } else {
        ask_playlist(viewer);
    }
}

static void on_packet(void *arg, const AVPacket *packet)
{
    struct bench *bench = arg;

    if (packet->stream_index == PH_TRACK_VIDEO && bench->frame_count < FRAMES_MAX) {
        bench->frames[bench->frame_count++] =
            (struct sent_frame){.at = ph_clock_mono(),
                                .size = packet->size,
                                .is_key = (packet->flags & AV_PKT_FLAG_KEY) != 0};
    }
}

static void on_live(void *arg)
{
    (void)arg;
}

static void on_end(void *arg, const char *failure)
{
    stop(arg, failure != NULL ? "the publisher failed" : NULL);
}

static void on_time(void *arg)
{
    stop(arg, NULL);
}

static void print(const char *name, struct viewer *viewer)
{
    printf("%s ", name);
    durations_print(&viewer->latency);
    putchar('\n');
}

static void open_viewer(struct viewer *viewer, struct bench *bench, const char *address,
                        bool follows_hint)
{
    *viewer = (struct viewer){.bench = bench, .follows_hint = follows_hint};
    viewer->get = http_get_create(bench->loop, address);
}

static void close_viewer(struct viewer *viewer)
{
    http_get_destroy(&viewer->get);
    durations_fini(&viewer->latency);
}

/* Viewers come when there is something to see. */
static void on_arrival(void *arg)
{
    struct viewer *viewers = arg;

    ask_playlist(&viewers[0]);
    ask_playlist(&viewers[1]);
}

static int run(struct bench *bench, const struct push_plan *plan, const char *http, ph_usec length)
{
    struct viewer viewers[2];
    struct push *push = NULL;
    ph_usec now = ph_loop_now(bench->loop);
    int err = push_create(&push, plan, 0, now, bench);

    if (err != PH_OK) {
        return err;
    }
    open_viewer(&viewers[0], bench, http, true);
    open_viewer(&viewers[1], bench, http, false);
    struct ph_timer *arrival = ph_timer_create(bench->loop, on_arrival, viewers);
    struct ph_timer *end = ph_timer_create(bench->loop, on_time, bench);
    ph_timer_set(arrival, now + 3 * PH_USEC_PER_S);
    ph_timer_set(end, now + length);
    ph_loop_run(bench->loop);
    print("hint", &viewers[0]);
    print("reload", &viewers[1]);
    ph_timer_destroy(&end);
    ph_timer_destroy(&arrival);
    close_viewer(&viewers[1]);
    close_viewer(&viewers[0]);
    push_destroy(&push);
    return PH_OK;
}

int main(int argc, char **argv)
{
    static const struct push_ops ops = {
        .on_live = on_live, .on_packet = on_packet, .on_end = on_end};
    struct media_file file;
    struct bench bench = {0};
    char url[PATH_BYTES];

    if (argc != 7) {
        fputs("usage: part_latency RTMP_ADDRESS:PORT HTTP_ADDRESS:PORT CHANNEL KEY FILE SECONDS\n",
              stderr);
        return 2;
    }
    if (media_file_read(&file, argv[5]) != PH_OK) {
        fprintf(stderr, "part_latency: cannot read %s\n", argv[5]);
        return 1;
    }
    snprintf(url, sizeof(url), "rtmp://%s/live/%s?key=%s", argv[1], argv[3], argv[4]);
    PH_ASSERT(ph_loop_create(&bench.loop, "latency") == PH_OK);
    bench.channel = argv[3];
    bench.frames = ph_new_array(struct sent_frame, FRAMES_MAX);
    const struct push_plan plan = {
        .loop = bench.loop,
        .url = url,
        .files = &file,
        .file_count = 1,
        .is_looping = true,
        .publisher = {.chunk_size = 4096},
        .ops = &ops,
    };
    if (run(&bench, &plan, argv[2], strtol(argv[6], NULL, 10) * PH_USEC_PER_S) != PH_OK) {
        bench.failure = "that is not an address";
    }
    if (bench.failure != NULL) {
        fprintf(stderr, "part_latency: %s\n", bench.failure);
    }
    ph_loop_destroy(&bench.loop);
    media_file_fini(&file);
    free(bench.frames);
    return bench.failure == NULL ? 0 : 1;
}

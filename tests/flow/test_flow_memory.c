/* SPDX-License-Identifier: Apache-2.0 */
/* What is allocated an hour after the start, it is three hours later, in seconds of ours. */
#include "flow.h"

#include <malloc.h>

#define S PH_USEC_PER_S
#define MINUTE (60 * S)

/* There under a sanitizer, whose allocator mallinfo2 does not know. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t allocated_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
               ? __sanitizer_get_current_allocated_bytes()
               : mallinfo2().uordblks;
}

/* How much is allocated at least and at most, over some time. */
struct range {
    size_t least;
    size_t most;
};

static void note(struct range *range)
{
    size_t bytes = allocated_bytes();

    range->least = bytes < range->least || range->least == 0 ? bytes : range->least;
    range->most = bytes > range->most ? bytes : range->most;
}

/*
 * What may differ between two readings. A sanitizer counts exactly; malloc counts what lies free
 * in its thread cache as in use, which is a matter of chance.
 */
static size_t slack_bytes(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL ? 8192 : 65536;
}

/* Buffers breathe with the segments; what they return to stays the same. */
static void check_flat(const struct range *before, const struct range *after)
{
    print_message("%zu..%zu bytes at first, %zu..%zu in the end\n", before->least, before->most,
                  after->least, after->most);
    assert_true(after->least <= before->least + slack_bytes());
    assert_true(after->most <= before->most + slack_bytes());
}

static struct range play_hour(struct flow *flow, struct camera *camera)
{
    struct range range = {0};

    for (int i = 0; i < 60; i++) {
        flow_play(flow, camera, MINUTE);
        note(&range);
    }
    return range;
}

static void memory_stays_flat(void **state)
{
    struct camera camera;
    struct flow *flow = flow_create();
    struct range hours[4];

    (void)state;
    flow->is_recording = false;
    flow->publisher_conf.is_enhanced = true;
    camera_open(&camera, "h264_bframes_aac.mp4", "hevc_ac3.mp4"); /* few packets a second */
    camera.fps = (AVRational){10, 1};
    camera.gop = 20;
    flow_begin(flow);
    ph_packager_want(flow->packager, PH_RENDITION_TS, true);
    flow_publish(flow, &camera);
    for (int hour = 0; hour < 4; hour++) {
        hours[hour] = play_hour(flow, &camera);
    }
    check_flat(&hours[1], &hours[3]);
    assert_true(ph_packager_bytes(flow->packager) < 2000000);
    camera_close(&camera);
    flow_destroy(&flow);
}

/* So it is when the publisher comes and goes, and everything is begun anew each time. */
static void memory_stays_flat_over_sessions(void **state)
{
    struct camera camera;
    struct flow *flow = flow_create();
    struct range ranges[4] = {0};

    (void)state;
    flow->is_recording = false;
    camera_open(&camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    flow_begin(flow);
    ph_packager_want(flow->packager, PH_RENDITION_TS, true);
    for (int i = 0; i < 4 * 7 * 20; i++) {
        camera_restart(&camera);
        flow_publish(flow, &camera);
        flow_play(flow, &camera, 5 * S);
        flow_cut(flow);
        flow_wait(flow, i % 7 * 20 * S);
        note(&ranges[i / (7 * 20)]);
    }
    check_flat(&ranges[1], &ranges[3]);
    camera_close(&camera);
    flow_destroy(&flow);
}

/* Sessions of a moment each, on a link that breaks all the time, pin no more than their media. */
static void what_is_kept_is_what_is_counted(void **state)
{
    struct camera camera;
    struct flow *flow = flow_create();

    (void)state;
    flow->is_recording = false;
    camera_open(&camera, "h264_bframes_aac.mp4", "h264_bframes_aac.mp4");
    flow_begin(flow);
    flow_publish(flow, &camera);
    flow_play(flow, &camera, 1 * S);
    flow_cut(flow);
    size_t allocated = allocated_bytes();
    size_t counted = ph_packager_bytes(flow->packager);
    for (int i = 0; i < 100; i++) {
        camera_restart(&camera);
        flow_publish(flow, &camera);
        flow_play(flow, &camera, S / 2);
        flow_cut(flow);
    }
    allocated = allocated_bytes() - allocated;
    counted = ph_packager_bytes(flow->packager) - counted;
    print_message("%zu bytes of media take %zu bytes\n", counted, allocated);
    assert_true(allocated < 2 * counted + (1 << 20));
    camera_close(&camera);
    flow_destroy(&flow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_stays_flat),
        cmocka_unit_test(memory_stays_flat_over_sessions),
        cmocka_unit_test(what_is_kept_is_what_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

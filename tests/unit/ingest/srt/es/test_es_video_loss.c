/* SPDX-License-Identifier: Apache-2.0 */
/* Video that lost bytes on the way: what is dropped, what is passed on, and how it is counted. */
#include "video_fixture.h"

/* Key frames at 0, 10 and 20 of 30; no B-frames. */
static const char portrait[] = "h264_portrait.mp4";

/* Of hevc_ac3.mp4: a CRA picture, followed by four that it leads. */
enum { CRA = 26 };

struct setup {
    struct annexb stream;
    struct video_fixture f;
};

static void open_setup(struct setup *s, const char *name, enum ph_conf_on_loss on_loss)
{
    annexb_open(&s->stream, name);
    video_fixture_open(&s->f, s->stream.par->codec_id, on_loss);
}

static void close_setup(struct setup *s)
{
    video_fixture_close(&s->f);
    annexb_close(&s->stream);
}

/* Frames from..to, the end not included. */
static void feed_frames(struct setup *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        feed_frame(&s->f, &s->stream, i, WHOLE);
    }
}

/* A frame that lost its end. */
static void feed_cut(struct setup *s, size_t i, size_t len, int loss)
{
    const AVPacket *frame = s->stream.packets[i];

    assert_true(len <= (size_t)frame->size);
    feed_bytes(&s->f, frame->data, len, frame->pts, frame->dts, loss);
}

static void test_drop_a_damaged_frame(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, portrait, PH_CONF_ON_LOSS_DROP);
    feed_frames(&s, 0, 4);
    feed_cut(&s, 4, 20, DAMAGED);
    expect_counts(&s.f, 4, 1, 0);
    feed_frames(&s, 5, 10);
    expect_counts(&s.f, 4, 1, 5);
    feed_frames(&s, 10, 12);
    expect_counts(&s.f, 6, 1, 5);
    expect_frame(&s.f, 4, &s.stream, 10);
    assert_true(is_key(&s.f, 4));
    expect_frame(&s.f, 5, &s.stream, 11);
    close_setup(&s);
}

static void test_drop_a_damaged_key_frame(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, portrait, PH_CONF_ON_LOSS_DROP);
    feed_frames(&s, 0, 10);
    feed_cut(&s, 10, (size_t)s.stream.packets[10]->size - 5, DAMAGED);
    feed_frames(&s, 11, 20);
    expect_counts(&s.f, 10, 1, 9);
    feed_frames(&s, 20, 30);
    expect_counts(&s.f, 20, 1, 9);
    assert_true(is_key(&s.f, 10));
    close_setup(&s);
}

/* Whole frames were lost: what follows is whole, but refers to them. */
static void test_drop_after_lost_frames(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, portrait, PH_CONF_ON_LOSS_DROP);
    feed_frames(&s, 0, 3);
    feed_frame(&s.f, &s.stream, 6, AFTER_LOSS);
    feed_frames(&s, 7, 10);
    expect_counts(&s.f, 3, 0, 4);
    feed_frames(&s, 10, 13);
    expect_counts(&s.f, 6, 0, 4);
    close_setup(&s);
}

/* A loss before a key frame costs nothing. */
static void test_drop_after_a_loss_before_a_key_frame(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, portrait, PH_CONF_ON_LOSS_DROP);
    feed_frames(&s, 0, 8);
    feed_frame(&s.f, &s.stream, 10, AFTER_LOSS);
    feed_frames(&s, 11, 20);
    expect_counts(&s.f, 18, 0, 0);
    expect_frame(&s.f, 8, &s.stream, 10);
    close_setup(&s);
}

/* Losses that follow one another. */
static void test_drop_all_that_is_damaged(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, portrait, PH_CONF_ON_LOSS_DROP);
    feed_frames(&s, 0, 2);
    for (size_t i = 2; i < 20; i++) {
        feed_cut(&s, i, 15, DAMAGED | AFTER_LOSS);
    }
    expect_counts(&s.f, 2, 18, 0);
    feed_frame(&s.f, &s.stream, 20, AFTER_LOSS);
    expect_counts(&s.f, 3, 18, 0);
    close_setup(&s);
}

/*
 * Decoding goes on at a CRA picture: the pictures that it leads refer to what came before it, and
 * were lost with that (H.265's RASL pictures).
 */
static void test_drop_leading_pictures_after_a_loss(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, "hevc_ac3.mp4", PH_CONF_ON_LOSS_DROP);
    feed_frames(&s, 0, CRA - 1);
    feed_cut(&s, CRA - 1, 10, DAMAGED);
    feed_frames(&s, CRA, CRA + 6);
    expect_counts(&s.f, CRA + 1, 1, 4);
    expect_frame(&s.f, CRA - 1, &s.stream, CRA);
    assert_true(is_key(&s.f, CRA - 1));
    expect_frame(&s.f, CRA, &s.stream, CRA + 5);
    close_setup(&s);
}

/* The same where the stream is joined. */
static void test_a_stream_that_begins_with_a_cra_picture(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, "hevc_ac3.mp4", PH_CONF_ON_LOSS_DROP);
    feed_frames(&s, CRA - 5, CRA + 6);
    expect_counts(&s.f, 2, 0, 9);
    expect_frame(&s.f, 0, &s.stream, CRA);
    expect_frame(&s.f, 1, &s.stream, CRA + 5);
    close_setup(&s);
}

static void test_pass_a_damaged_frame(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, portrait, PH_CONF_ON_LOSS_PASS);
    feed_frames(&s, 0, 4);
    feed_cut(&s, 4, 20, DAMAGED);
    assert_int_equal(s.f.count, 5);
    expect_data(&s.f, 4, s.stream.packets[4]->data, 20);
    assert_int_equal(s.f.packets[4]->dts, s.stream.packets[4]->dts);
    feed_frame(&s.f, &s.stream, 7, AFTER_LOSS);
    feed_frames(&s, 8, 12);
    expect_counts(&s.f, 10, 0, 0);
    expect_frame(&s.f, 5, &s.stream, 7);
    close_setup(&s);
}

/* As nothing of it can be shown: no slice came through. */
static void test_pass_no_frame_without_a_slice(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, portrait, PH_CONF_ON_LOSS_PASS);
    feed_frames(&s, 0, 10);
    feed_cut(&s, 10, 8, DAMAGED);
    expect_counts(&s.f, 10, 1, 0);
    feed_frames(&s, 11, 13);
    expect_counts(&s.f, 12, 1, 0);
    close_setup(&s);
}

static void test_pass_a_damaged_key_frame(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, portrait, PH_CONF_ON_LOSS_PASS);
    feed_cut(&s, 0, (size_t)s.stream.packets[0]->size - 9, DAMAGED);
    feed_frames(&s, 1, 3);
    expect_counts(&s.f, 3, 0, 0);
    assert_true(is_key(&s.f, 0));
    expect_extradata(s.f.tracks[0].track, s.stream.par);
    close_setup(&s);
}

/* A frame that is kept, since it fills its payload: does the loss after it concern it? */
struct kept_case {
    enum ph_conf_on_loss on_loss;
    bool is_rest; /* the next payload goes on with it, else it is the next frame */
    int loss;     /* of that payload */
    size_t packets;
    uint64_t damaged;
};

static void run_kept(const struct annexb *stream, const struct ph_writer *large,
                     const struct kept_case *c)
{
    const AVPacket *key = stream->packets[0];
    struct video_fixture f;

    video_fixture_open(&f, AV_CODEC_ID_H264, c->on_loss);
    feed_bytes(&f, large->data, 65500, key->pts, key->dts, WHOLE);
    assert_int_equal(f.count, 0);
    if (c->is_rest) {
        feed_bytes(&f, large->data + 65500, large->len - 65500, PH_TS_NO_TIME, PH_TS_NO_TIME,
                   c->loss);
    } else {
        feed_frame(&f, stream, 1, c->loss);
    }
    struct ph_es_counts counts;
    ph_es_get_counts(f.es, &counts);
    expect_counts(&f, c->packets, c->damaged, counts.unusable);
    video_fixture_close(&f);
}

static void test_loss_after_a_frame_that_is_kept(void **state)
{
    static const struct kept_case cases[] = {
        {PH_CONF_ON_LOSS_DROP, true, WHOLE, 1, 0},
        {PH_CONF_ON_LOSS_DROP, false, WHOLE, 2, 0},
        /* Its end is missing: one frame is damaged, not two. */
        {PH_CONF_ON_LOSS_DROP, true, DAMAGED, 0, 1},
        {PH_CONF_ON_LOSS_DROP, false, DAMAGED, 1, 1},
        /* Whether it went on before the loss, nobody knows. */
        {PH_CONF_ON_LOSS_DROP, false, AFTER_LOSS, 0, 1},
        {PH_CONF_ON_LOSS_PASS, true, DAMAGED, 1, 0},
        {PH_CONF_ON_LOSS_PASS, false, DAMAGED, 2, 0},
        {PH_CONF_ON_LOSS_PASS, false, AFTER_LOSS, 2, 0},
        {PH_CONF_ON_LOSS_PASS, true, AFTER_LOSS, 1, 1},
    };
    struct annexb stream;
    struct ph_writer large;

    (void)state;
    annexb_open(&stream, portrait);
    ph_writer_init(&large, SIZE_MAX / 4);
    ph_write_bytes(&large, stream.packets[0]->data, (size_t)stream.packets[0]->size);
    ph_write_bytes(&large, "\0\0\0\1\x0c", 5); /* filler data */
    while (large.len < 70000) {
        ph_write_u8(&large, 0xff);
    }
    for (size_t i = 0; i < PH_ARRAY_SIZE(cases); i++) {
        print_message("case %zu\n", i);
        run_kept(&stream, &large, &cases[i]);
    }
    ph_writer_fini(&large);
    annexb_close(&stream);
}

/* No start code at all, in a payload of which nothing is said to be missing. */
static void test_garbage(void **state)
{
    uint8_t garbage[300];
    struct setup s;

    (void)state;
    memset(garbage, 0x47, sizeof(garbage));
    open_setup(&s, portrait, PH_CONF_ON_LOSS_DROP);
    feed_frames(&s, 0, 3);
    feed_bytes(&s.f, garbage, sizeof(garbage), 90000, 90000, WHOLE);
    feed_frames(&s, 4, 12);
    ph_es_flush(s.f.es);
    expect_counts(&s.f, 5, 1, 6);
    memset(garbage, 0, sizeof(garbage));
    feed_bytes(&s.f, garbage, sizeof(garbage), 90000, 90000, WHOLE);
    feed_bytes(&s.f, garbage, 0, 90000, 90000, WHOLE);
    expect_counts(&s.f, 5, 1, 6);
    close_setup(&s);
}

/* Distances are not measured across a hole: 30 frames a second stay 30. */
static void test_times_after_a_loss(void **state)
{
    struct setup s;

    (void)state;
    open_setup(&s, portrait, PH_CONF_ON_LOSS_DROP);
    feed_frames(&s, 0, 3);
    feed_frame(&s.f, &s.stream, 10, AFTER_LOSS);
    const AVPacket *next = s.stream.packets[11];
    feed_bytes(&s.f, next->data, (size_t)next->size, PH_TS_NO_TIME, PH_TS_NO_TIME, WHOLE);
    expect_counts(&s.f, 5, 0, 0);
    expect_frame(&s.f, 4, &s.stream, 11);
    close_setup(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_drop_a_damaged_frame),
        cmocka_unit_test(test_drop_a_damaged_key_frame),
        cmocka_unit_test(test_drop_after_lost_frames),
        cmocka_unit_test(test_drop_after_a_loss_before_a_key_frame),
        cmocka_unit_test(test_drop_all_that_is_damaged),
        cmocka_unit_test(test_drop_leading_pictures_after_a_loss),
        cmocka_unit_test(test_a_stream_that_begins_with_a_cra_picture),
        cmocka_unit_test(test_pass_a_damaged_frame),
        cmocka_unit_test(test_pass_no_frame_without_a_slice),
        cmocka_unit_test(test_pass_a_damaged_key_frame),
        cmocka_unit_test(test_loss_after_a_frame_that_is_kept),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_times_after_a_loss),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Frames, times and memory at the edges; whole streams go through in test_es_audio.c. */
#include "audio_fixture.h"

#include <ingest/srt/es/audio_split.h>

enum { FRAME = 20 }; /* bytes, of ADTS */

static void put_frame(uint8_t *to, uint8_t number)
{
    memcpy(to, "\xff\xf1\x4c\x80\x02\x9f\xfc", 7);
    memset(to + 7, number, FRAME - 7);
}

/* "3@90 4@- ": the number of each frame that comes, and its time; "!" follows a hole. */
static const char *feed(struct ph_audio_split *split, const uint8_t *data, size_t len, int64_t pts,
                        bool is_damaged, bool follows_loss)
{
    static char text[512];
    struct ph_audio_piece piece;
    uint8_t *copy = ph_alloc(len); /* of exactly its size */

    memcpy(copy, data, len);
    text[0] = '\0';
    ph_audio_split_feed(split, &(struct ph_es_payload){.data = copy,
                                                       .len = len,
                                                       .pts = pts,
                                                       .is_damaged = is_damaged,
                                                       .follows_loss = follows_loss});
    while (ph_audio_split_next(split, &piece)) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof(text) - used, "%s%d@%" PRId64 " ",
                 piece.follows_hole ? "!" : "", piece.data[piece.frame.len - 1],
                 piece.pts == PH_TS_NO_TIME ? -1 : piece.pts);
    }
    free(copy);
    return text;
}

static void open_frames(struct ph_audio_split *split, uint8_t *data, size_t count)
{
    ph_audio_split_init(split, ph_adts_read);
    for (size_t i = 0; i < count; i++) {
        put_frame(data + i * FRAME, (uint8_t)(i + 1));
    }
}

static void times_belong_to_the_first_frame(void **state)
{
    struct ph_audio_split split;
    uint8_t data[10 * FRAME];

    (void)state;
    open_frames(&split, data, 10);
    assert_string_equal(feed(&split, data, 50, 100, false, false), "!1@100 2@-1 ");
    /* The third began in the first PES packet, the fourth begins in this one. */
    assert_string_equal(feed(&split, data + 50, 30, 200, false, false), "3@-1 4@200 ");
    /* No frame ends here, and then none begins. */
    assert_string_equal(feed(&split, data + 80, 5, 300, false, false), "");
    assert_string_equal(feed(&split, data + 85, 5, 400, false, false), "");
    assert_string_equal(feed(&split, data + 90, 10, 500, false, false), "5@300 ");
    assert_string_equal(feed(&split, data + 100, 100, 600, false, false),
                        "6@600 7@-1 8@-1 9@-1 10@-1 ");
    assert_int_equal(split.damaged, 0);
    assert_int_equal(split.kept.len, 0);
    ph_audio_split_fini(&split);
}

static void what_a_loss_takes(void **state)
{
    struct ph_audio_split split;
    uint8_t data[10 * FRAME];

    (void)state;
    open_frames(&split, data, 10);
    assert_string_equal(feed(&split, data, 30, 100, false, false), "!1@100 ");
    /* The second frame's end was lost, and so was the third's beginning. */
    assert_string_equal(feed(&split, data + 45, 75, 200, false, true), "!4@200 5@-1 6@-1 ");
    assert_int_equal(split.damaged, 1);
    /* A hole in the eighth. */
    memmove(data + 150, data + 153, 10 * FRAME - 153);
    assert_string_equal(feed(&split, data + 120, 77, 300, true, false), "7@300 ");
    assert_int_equal(split.damaged, 2);
    put_frame(data, 11);
    assert_string_equal(feed(&split, data, FRAME, 400, false, true), "!11@400 ");
    assert_int_equal(split.damaged, 2);
    ph_audio_split_fini(&split);
}

/* A sync word within a frame is not taken for one, and does not hold up what is. */
static void sync_words_in_payload(void **state)
{
    struct ph_audio_split split;
    uint8_t data[10 * FRAME];

    (void)state;
    open_frames(&split, data, 10);
    memcpy(data + 8, "\xff\xf1\x4c\x83\xff\xff\xfc", 7); /* 8191 bytes */
    memcpy(data + 2 * FRAME + 8, "\xff\xf1\x4c\x80\x02\x9f\xfc", 7);
    assert_string_equal(feed(&split, data + 5, 95, 100, false, true), "!2@100 3@-1 4@-1 5@-1 ");
    assert_string_equal(feed(&split, data + 45, 95, 200, false, true), "!4@200 5@-1 6@-1 7@-1 ");
    ph_audio_split_fini(&split);
}

/* The time of the frame in front outlives however many PES packets it takes to come. */
static void many_pes_packets_a_frame(void **state)
{
    struct ph_audio_split split;
    uint8_t data[10 * FRAME];
    char all[512] = "";

    (void)state;
    open_frames(&split, data, 10);
    for (size_t i = 0; i < 4 * FRAME; i++) {
        const char *text = feed(&split, data + i, 1, 100 + (int64_t)i, false, false);
        size_t used = strlen(all);
        snprintf(all + used, sizeof(all) - used, "%s", text);
    }
    assert_string_equal(all, "!1@100 2@120 3@140 4@160 ");
    ph_audio_split_fini(&split);
}

/* Where it is known that a frame begins, nothing behind it need be waited for. */
static void no_wait_for_the_first_frame(void **state)
{
    struct ph_audio_split split;
    uint8_t data[2 * FRAME];

    (void)state;
    open_frames(&split, data, 2);
    assert_string_equal(feed(&split, data, 12, 100, false, false), "");
    assert_string_equal(feed(&split, data + 12, 8, 200, false, false), "!1@100 ");
    /* Only after a loss is there a wait, unless the frame fills what is left of a PES packet. */
    assert_string_equal(feed(&split, data + 15, 12, 300, false, true), "");
    assert_string_equal(feed(&split, data + 27, 13, 400, false, false), "");
    assert_string_equal(feed(&split, data, 20, 500, false, false), "!2@300 1@500 ");
    assert_string_equal(feed(&split, data + 15, 25, 600, false, true), "!2@600 ");
    ph_audio_split_fini(&split);
}

/* That what looks like a frame ends with some PES packet proves nothing. */
static void chance_is_no_proof(void **state)
{
    struct ph_audio_split split;
    uint8_t data[3 * FRAME];

    (void)state;
    open_frames(&split, data, 3);
    memcpy(data + 8, "\xff\xf1\x4c\x80\x02\x9f\xfc", 7); /* to the eighth byte of the second */
    assert_string_equal(feed(&split, data + 5, 10, 100, false, true), "");
    assert_string_equal(feed(&split, data + 15, 13, 200, false, false), "");
    assert_string_equal(feed(&split, data + 28, 32, 300, false, false), "!2@200 3@300 ");
    ph_audio_split_fini(&split);
}

/* Junk, and headers that promise the most: memory and work stay bounded. */
static void junk(void **state)
{
    struct ph_audio_split split;
    uint8_t data[4096];

    (void)state;
    ph_audio_split_init(&split, ph_opus_ts_read);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i % 160 == 0    ? 0x7f
                            : i % 160 == 1  ? 0xe0
                            : i % 160 < 150 ? 0xff
                                            : 0x01);
    }
    for (int i = 0; i < 2000; i++) {
        const uint8_t *from = data + i * 37 % 2000;
        (void)feed(&split, from, (size_t)(i % 5 == 0 ? 1 : 1000), i, false, i % 300 == 0);
        assert_true(split.kept.len <= PH_AUDIO_FRAME_MAX);
        assert_true(split.kept.cap <= 4 * PH_AUDIO_FRAME_MAX);
        assert_true(split.mark_count <= PH_AUDIO_MARKS_MAX);
    }
    ph_audio_split_fini(&split);
}

/* Padding behind each PES packet's frames costs none of them. */
static void padded_pes_packets(void **state)
{
    struct ph_audio_split split;
    uint8_t data[2 * FRAME + 9];

    (void)state;
    open_frames(&split, data, 2);
    memset(data + sizeof(data) - 9, 0, 9);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(feed(&split, data, sizeof(data), 100, false, false), "!1@100 2@-1 ");
    }
    ph_audio_split_fini(&split);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_belong_to_the_first_frame),
        cmocka_unit_test(what_a_loss_takes),
        cmocka_unit_test(sync_words_in_payload),
        cmocka_unit_test(many_pes_packets_a_frame),
        cmocka_unit_test(no_wait_for_the_first_frame),
        cmocka_unit_test(chance_is_no_proof),
        cmocka_unit_test(junk),
        cmocka_unit_test(padded_pes_packets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

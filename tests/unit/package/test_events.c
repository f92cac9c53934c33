/* SPDX-License-Identifier: Apache-2.0 */
#include "media_fixture.h"
#include "package/events.h"

#include <string.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

static struct ph_events events;
static struct ph_writer out;

static int set_up(void **state)
{
    (void)state;
    events = (struct ph_events){0};
    ph_writer_init(&out, 4096);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_events_clear(&events);
    ph_writer_fini(&out);
    return 0;
}

static void set(enum ph_cue_kind kind, int64_t seq, ph_usec at, const char *tag)
{
    struct ph_cue *cue = ph_cue_create(kind, seq, "{}", NULL, NULL);

    ph_events_add(&events, cue, at, tag, strlen(tag));
    ph_cue_unref(&cue);
}

/* What stands where in the fixed head of an event message. */
enum { TIMESCALE = 12, TIME = 16, DURATION = 24, ID = 28, HEAD = 32 };

static uint64_t be(size_t at, size_t len)
{
    uint64_t value = 0;

    assert_true(at + len <= out.len);
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | out.data[at + i];
    }
    return value;
}

/* Writes what is due; the number of messages that makes. */
static int write(ph_usec now, uint32_t timescale)
{
    int count = 0;

    out.len = 0;
    ph_events_write(&events, now, timescale, &out);
    assert_false(out.failed);
    for (size_t at = 0; at < out.len; at += be(at, 4)) {
        assert_memory_equal(out.data + at + 4, "emsg", 4);
        count++;
    }
    return count;
}

static void it_waits_for_its_time(void **state)
{
    (void)state;
    assert_int_equal(write(0, 90000), 0);
    set(PH_CUE_CARD, 3, 12 * S, "tag");
    assert_int_equal(write(12 * S - 1, 90000), 0);
    assert_int_equal(write(12 * S, 90000), 1);
    assert_int_equal(be(TIMESCALE, 4), 90000);
    assert_int_equal(be(TIME, 8), 12 * 90000);
    assert_int_equal(be(DURATION, 4), 0xffffffff);
    assert_int_equal(be(ID, 4), 6);
    assert_memory_equal(out.data + out.len - 3, "tag", 3);
    assert_int_equal(write(13 * S, 90000), 0);
}

/* The message has the time of the packet that it goes with. */
static void a_late_one_has_the_time_of_its_packet(void **state)
{
    (void)state;
    set(PH_CUE_CARD, 3, 12 * S, "tag");
    assert_int_equal(write(12 * S + 21333, 48000), 1);
    assert_int_equal(be(TIMESCALE, 4), 48000);
    assert_int_equal(be(TIME, 8), 12 * 48000 + 1024);
}

/* Microseconds are rounded; back in the ticks of the track the times are exact. */
static void ticks_come_back(void **state)
{
    static const uint32_t scales[] = {90000, 48000, 44100, 8000};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(scales); i++) {
        for (int64_t ticks = INT64_C(3600) * scales[i]; ticks < INT64_C(3600) * scales[i] + 5000;
             ticks += 7) {
            ph_usec dts = av_rescale(ticks, S, scales[i]);
            ph_usec composition = av_rescale(3003, S, scales[i]);
            set(PH_CUE_CARD, 1, 0, "tag");
            assert_int_equal(write(dts + composition, scales[i]), 1);
            assert_int_equal(be(TIME, 8), ticks + 3003);
        }
    }
}

/* Sound that comes late has each card where its own time is the card's. */
static void those_that_wait_are_written_one_by_one(void **state)
{
    (void)state;
    for (int i = 1; i <= 5; i++) {
        set(PH_CUE_CARD, i, 10 * S + i * 100 * MS, "card");
    }
    for (int i = 1; i <= 5; i++) {
        assert_int_equal(write(10 * S + i * 100 * MS - 1, 1000), 0);
        assert_int_equal(write(10 * S + i * 100 * MS, 1000), 1);
        assert_int_equal(be(ID, 4), 2 * i);
    }
}

static void of_those_that_are_due_the_newest_is_written(void **state)
{
    (void)state;
    set(PH_CUE_CARD, 1, 10 * S, "card");
    set(PH_CUE_SHELF, 2, 10 * S, "shelf");
    set(PH_CUE_CARD, 3, 10 * S, "card");
    set(PH_CUE_CARD, 4, 11 * S, "card");
    assert_int_equal(write(11 * S - 1, 1000), 2);
    assert_int_equal(be(ID, 4), 5);
    assert_int_equal(be((size_t)be(0, 4) + ID, 4), 6);
    assert_int_equal(write(11 * S, 1000), 1);
    assert_int_equal(be(ID, 4), 8);
}

static void of_too_many_the_oldest_go(void **state)
{
    (void)state;
    for (int i = 1; i <= 1000; i++) {
        set(PH_CUE_CARD, i, i * S, "card");
        assert_true(events.count <= PH_EVENTS_MAX);
    }
    assert_int_equal(write((1000 - PH_EVENTS_MAX) * S, 1000), 0);
    assert_int_equal(write((1001 - PH_EVENTS_MAX) * S, 1000), 1);
    assert_int_equal(be(ID, 4), 2 * (1001 - PH_EVENTS_MAX));
}

static void card_and_shelf_of_one_change_are_two_messages(void **state)
{
    (void)state;
    set(PH_CUE_CARD, 7, 10 * S, "card");
    set(PH_CUE_SHELF, 7, 10 * S, "shelf");
    assert_int_equal(write(10 * S, 1000), 2);
    assert_int_equal(be(ID, 4), 14);
    assert_int_equal(be((size_t)be(0, 4) + ID, 4), 15);
    set(PH_CUE_SHELF, 8, 11 * S, "shelf");
    set(PH_CUE_CARD, 8, 12 * S, "card");
    assert_int_equal(write(11 * S, 1000), 1); /* each by its own time */
    assert_int_equal(be(ID, 4), 17);
    assert_int_equal(write(12 * S, 1000), 1);
    assert_int_equal(be(ID, 4), 16);
    /* Of long numbers the low bits remain. */
    set(PH_CUE_SHELF, INT64_C(0x123456789), 0, "shelf");
    assert_int_equal(write(0, 1000), 1);
    assert_int_equal(be(ID, 4), 0x468acf13);
}

static void what_is_cleared_is_not_written(void **state)
{
    (void)state;
    set(PH_CUE_CARD, 1, 10 * S, "card");
    set(PH_CUE_SHELF, 1, 10 * S, "shelf");
    ph_events_clear(&events);
    assert_int_equal(write(20 * S, 1000), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(it_waits_for_its_time),
        TEST(a_late_one_has_the_time_of_its_packet),
        TEST(ticks_come_back),
        TEST(those_that_wait_are_written_one_by_one),
        TEST(of_those_that_are_due_the_newest_is_written),
        TEST(of_too_many_the_oldest_go),
        TEST(card_and_shelf_of_one_change_are_two_messages),
        TEST(what_is_cleared_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "window_fixture.h"

#include "package/date_ranges.h"

#include <stdio.h>

#define MS PH_USEC_PER_MS
#define S PH_USEC_PER_S

static struct ph_date_ranges ranges;

static int set_up(void **state)
{
    (void)state;
    ranges = (struct ph_date_ranges){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ph_date_ranges_fini(&ranges);
    assert_int_equal(ranges.count, 0);
    return 0;
}

static void set(int64_t seq, ph_usec after, const char *attributes)
{
    ph_date_ranges_set(&ranges, seq, TEST_DATE + after, attributes);
}

static void assert_range(size_t i, const char *id, ph_usec after, ph_usec end_after,
                         const char *attributes)
{
    const struct ph_date_range *range = ranges.items[i];

    assert_true(i < ranges.count);
    assert_string_equal(range->id, id);
    assert_int_equal(range->start, TEST_DATE + after);
    assert_true(range->end == (end_after < 0 ? PH_USEC_NEVER : TEST_DATE + end_after));
    assert_string_equal(range->attributes, attributes);
}

static void a_card_is_shown_until_another_is(void **state)
{
    (void)state;
    set(3, 0, NULL); /* nothing was shown, and is not */
    assert_int_equal(ranges.count, 0);
    assert_false(ranges.is_changed);
    set(4, 100 * MS, ",X-A=1");
    assert_int_equal(ranges.count, 1);
    assert_range(0, "card-4-1785837600100", 100 * MS, -1, ",X-A=1");
    assert_true(ranges.is_changed);
    set(5, 2 * S, ",X-A=2");
    assert_int_equal(ranges.count, 2);
    assert_range(0, "card-4-1785837600100", 100 * MS, 2 * S, ",X-A=1");
    assert_range(1, "card-5-1785837602000", 2 * S, -1, ",X-A=2");
    set(6, 3 * S, NULL);
    assert_int_equal(ranges.count, 2);
    assert_range(1, "card-5-1785837602000", 2 * S, 3 * S, ",X-A=2");
    ranges.is_changed = false;
    set(7, 4 * S, NULL);
    assert_false(ranges.is_changed);
}

static void the_same_card_goes_on(void **state)
{
    (void)state;
    set(4, 0, ",X-A=1");
    ranges.is_changed = false;
    set(9, 5 * S, ",X-A=1");
    assert_int_equal(ranges.count, 1);
    assert_range(0, "card-4-1785837600000", 0, -1, ",X-A=1");
    assert_false(ranges.is_changed);
}

/* The change's number is the same, as when a publisher comes back: the range is another. */
static void the_same_card_again_has_another_id(void **state)
{
    (void)state;
    set(4, 0, ",X-A=1");
    set(4, 5 * S, NULL);
    set(4, 9 * S, ",X-A=1");
    assert_int_equal(ranges.count, 2);
    assert_range(0, "card-4-1785837600000", 0, 5 * S, ",X-A=1");
    assert_range(1, "card-4-1785837609000", 9 * S, -1, ",X-A=1");
}

/* A date that goes back, or not on: ranges stay in order, and none has the id of another. */
static void each_begins_after_the_one_before(void **state)
{
    (void)state;
    static const ph_usec starts[] = {5 * S, 5 * S, 5 * S + 300, 2 * S, -7 * S, 5 * S + 4999};

    for (size_t i = 0; i < PH_ARRAY_SIZE(starts); i++) {
        set(8, starts[i], i % 2 == 0 ? ",X-A=1" : ",X-A=2");
    }
    assert_int_equal(ranges.count, PH_ARRAY_SIZE(starts));
    for (size_t i = 1; i < ranges.count; i++) {
        const struct ph_date_range *before = ranges.items[i - 1];
        assert_true(before->end == ranges.items[i]->start);
        assert_true(before->end >= before->start + MS);
        assert_string_not_equal(before->id, ranges.items[i]->id);
    }
    set(8, 0, NULL);
    ph_usec end = ranges.items[ranges.count - 1]->end;
    assert_true(end > ranges.items[ranges.count - 1]->start);
    set(9, 0, ",X-A=3");
    assert_true(ranges.items[ranges.count - 1]->start == end);
}

/* A snapshot that has the open range keeps it as it was. */
static void what_is_shared_does_not_change(void **state)
{
    (void)state;
    set(1, 0, ",X-A=1");
    struct ph_date_range *shared = ph_date_range_ref(ranges.items[0]);
    set(2, S, NULL);
    assert_true(shared->end == PH_USEC_NEVER);
    assert_true(ranges.items[0] != shared);
    assert_string_equal(ranges.items[0]->id, shared->id);
    ph_date_range_unref(&shared);
    assert_null(shared);
    ph_date_range_unref(&shared);
}

static void what_no_segment_is_dated_by_goes(void **state)
{
    (void)state;
    set(1, 0, ",X-A=1");
    set(2, 2 * S, ",X-A=2");
    set(3, 4 * S, NULL);
    set(4, 6 * S, ",X-A=3");
    ranges.is_changed = false;
    ph_date_ranges_expire(&ranges, TEST_DATE + 2 * S); /* which the first one ends at */
    assert_int_equal(ranges.count, 3);
    assert_false(ranges.is_changed);
    ph_date_ranges_expire(&ranges, TEST_DATE + 2 * S + 1);
    assert_int_equal(ranges.count, 2);
    assert_true(ranges.is_changed);
    ph_date_ranges_expire(&ranges, TEST_DATE + 5 * S);
    assert_int_equal(ranges.count, 1);
    /* What is open has no end. */
    ph_date_ranges_expire(&ranges, TEST_DATE + 3600 * S);
    assert_int_equal(ranges.count, 1);
    assert_range(0, "card-4-1785837606000", 6 * S, -1, ",X-A=3");
    ph_date_ranges_expire(&(struct ph_date_ranges){0}, TEST_DATE);
}

static void there_are_never_more_than_64(void **state)
{
    (void)state;
    char attributes[32];

    for (int i = 0; i < 200; i++) {
        snprintf(attributes, sizeof(attributes), ",X-A=%d", i);
        set(i, i * S, attributes);
        assert_int_equal(ranges.count, i < 64 ? i + 1 : 64);
    }
    assert_range(0, "card-136-1785837736000", 136 * S, 137 * S, ",X-A=136");
    assert_range(63, "card-199-1785837799000", 199 * S, -1, ",X-A=199");
}

static void ids_of_the_largest_numbers_fit(void **state)
{
    (void)state;
    ph_date_ranges_set(&ranges, INT64_MAX, INT64_MAX / 2, ",X-A=1");
    assert_string_equal(ranges.items[0]->id, "card-9223372036854775807-4611686018427387");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_card_is_shown_until_another_is),   TEST(the_same_card_goes_on),
        TEST(the_same_card_again_has_another_id), TEST(each_begins_after_the_one_before),
        TEST(what_is_shared_does_not_change),     TEST(what_no_segment_is_dated_by_goes),
        TEST(there_are_never_more_than_64),       TEST(ids_of_the_largest_numbers_fit),
    };

    return cmocka_run_group_tests_name("date_ranges", tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <phien/core/buf.h>
#include <phien/delivery/audience.h>

#define S PH_USEC_PER_S
#define START (INT64_C(777) * S)

enum { WORKERS = 2, CHANNELS = 3 };

struct fixture {
    struct ph_audience *audience;
    ph_usec now;
};

static struct fixture fixture;

static int set_up(void **state)
{
    fixture.now = START;
    fixture.audience = ph_audience_create(WORKERS, CHANNELS, START);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    ph_audience_destroy(&f->audience);
    return 0;
}

/* Five seconds in which worker 0 serves `viewers` of channel 1, in segments of `segment`. */
static void sweep(struct fixture *f, unsigned viewers, ph_usec segment)
{
    for (ph_usec end = f->now + 5 * S; f->now < end; f->now += S) {
        for (unsigned i = 0; i < viewers && (f->now - START) % segment == 0; i++) {
            ph_audience_serve(f->audience, 0, 1, segment);
        }
    }
    for (unsigned worker = 0; worker < WORKERS; worker++) {
        ph_audience_sweep(f->audience, worker, f->now);
    }
}

static void who_takes_a_second_a_second_is_a_viewer(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(ph_audience_viewers(f->audience, 1), 0);
    sweep(f, 7, S);
    assert_int_equal(ph_audience_viewers(f->audience, 1), 7);
    assert_int_equal(ph_audience_viewers(f->audience, 0), 0);
    assert_int_equal(ph_audience_viewers(f->audience, 2), 0);
    for (int i = 0; i < 5; i++) {
        sweep(f, 7, S);
        assert_int_equal(ph_audience_viewers(f->audience, 1), 7);
    }
}

static void long_segments_are_no_more_and_no_fewer_viewers(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        sweep(f, 3, 10 * S);
    }
    for (int i = 0; i < 9; i++) {
        sweep(f, 3, 10 * S);
        assert_in_range(ph_audience_viewers(f->audience, 1), 2, 4);
    }
}

static void they_come_and_go_within_three_sweeps(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        sweep(f, 0, S);
    }
    sweep(f, 9, S);
    assert_int_equal(ph_audience_viewers(f->audience, 1), 3);
    sweep(f, 9, S);
    sweep(f, 9, S);
    assert_int_equal(ph_audience_viewers(f->audience, 1), 9);
    sweep(f, 0, S);
    assert_int_equal(ph_audience_viewers(f->audience, 1), 6);
    sweep(f, 0, S);
    sweep(f, 0, S);
    assert_int_equal(ph_audience_viewers(f->audience, 1), 0);
}

static void one_who_just_came_counts(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        sweep(f, 0, S);
    }
    ph_audience_serve(f->audience, 1, 1, 2 * S);
    sweep(f, 0, S);
    assert_int_equal(ph_audience_viewers(f->audience, 1), 1);
}

static void workers_are_added_up(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        for (int s = 0; s < 20; s++) {
            ph_audience_serve(f->audience, 1, 1, S);
        }
        sweep(f, 2, S);
    }
    assert_int_equal(ph_audience_viewers(f->audience, 1), 6);
}

static void two_sweeps_at_once_divide_by_nothing(void **state)
{
    struct fixture *f = *state;

    ph_audience_serve(f->audience, 0, 0, S);
    ph_audience_sweep(f->audience, 0, START);
    assert_int_equal(ph_audience_viewers(f->audience, 0), 0);
}

static void metrics_name_the_channels(void **state)
{
    struct fixture *f = *state;
    const char *const names[CHANNELS] = {"ban", "cho", "nui"};
    struct ph_writer text;

    sweep(f, 4, S);
    ph_writer_init(&text, 4096);
    ph_audience_format(&text, f->audience, names);
    struct ph_buf *buf = ph_writer_take(&text);
    assert_non_null(buf);
    static const char wanted[] = "# HELP phien_viewers Viewers, by the media served to them.\n"
                                 "# TYPE phien_viewers gauge\n"
                                 "phien_viewers{channel=\"ban\"} 0\n"
                                 "phien_viewers{channel=\"cho\"} 4\n"
                                 "phien_viewers{channel=\"nui\"} 0\n";
    assert_int_equal(buf->len, strlen(wanted));
    assert_memory_equal(buf->data, wanted, buf->len);
    ph_buf_unref(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_takes_a_second_a_second_is_a_viewer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_segments_are_no_more_and_no_fewer_viewers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(they_come_and_go_within_three_sweeps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_who_just_came_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(workers_are_added_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_sweeps_at_once_divide_by_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(metrics_name_the_channels, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

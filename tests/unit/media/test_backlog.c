/* SPDX-License-Identifier: Apache-2.0 */
#include <media/backlog.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void push(struct ph_backlog *backlog, int64_t dts, int size, bool is_start)
{
    AVPacket *packet = av_packet_alloc();

    assert_int_equal(av_new_packet(packet, size), 0);
    assert_int_equal(ph_backlog_push(backlog, packet, dts, is_start), 0);
    av_packet_free(&packet); /* the backlog has a reference of its own */
}

static void first_in_is_first_out(void **state)
{
    struct ph_backlog backlog = {0};
    struct ph_backlog_item item;
    int64_t next = 0;

    (void)state;
    for (int64_t i = 0; i < 5000; i++) { /* round the ring more than once */
        push(&backlog, i, 10, false);
        if (i % 3 != 0) {
            assert_true(ph_backlog_shift(&backlog, &item));
            assert_int_equal(item.dts, next++);
            av_packet_free(&item.packet);
        }
    }
    assert_int_equal(backlog.bytes, backlog.count * 10);
    while (ph_backlog_shift(&backlog, &item)) {
        assert_int_equal(item.dts, next++);
        av_packet_free(&item.packet);
    }
    assert_int_equal(next, 5000);
    assert_int_equal(backlog.bytes, 0);
    ph_backlog_clear(&backlog);
    ph_backlog_clear(&backlog);
}

static void it_is_full_by_time_bytes_and_number(void **state)
{
    struct ph_backlog backlog = {0};

    (void)state;
    assert_false(ph_backlog_is_full(&backlog));
    push(&backlog, 1000, 10, false);
    push(&backlog, 1000 + 4 * 90000 - 1, 10, false);
    assert_false(ph_backlog_is_full(&backlog));
    push(&backlog, 1000 + 4 * 90000, 10, false);
    assert_true(ph_backlog_is_full(&backlog));
    ph_backlog_clear(&backlog);
    push(&backlog, 0, 16 * 1024 * 1024 - 1, false);
    assert_false(ph_backlog_is_full(&backlog));
    push(&backlog, 0, 1, false);
    assert_true(ph_backlog_is_full(&backlog));
    ph_backlog_clear(&backlog);
    for (int i = 0; i < PH_BACKLOG_MAX_PACKETS; i++) {
        assert_false(ph_backlog_is_full(&backlog));
        push(&backlog, 0, 1, false);
    }
    assert_true(ph_backlog_is_full(&backlog));
    ph_backlog_clear(&backlog);
    assert_false(ph_backlog_is_full(&backlog));
}

static void the_first_start_is_found(void **state)
{
    struct ph_backlog backlog = {0};

    (void)state;
    assert_null(ph_backlog_find_start(&backlog));
    push(&backlog, 1, 10, false);
    assert_null(ph_backlog_find_start(&backlog));
    push(&backlog, 2, 10, true);
    push(&backlog, 3, 10, true);
    assert_int_equal(ph_backlog_find_start(&backlog)->dts, 2);
    ph_backlog_clear(&backlog);
    assert_null(ph_backlog_find_start(&backlog));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_in_is_first_out),
        cmocka_unit_test(it_is_full_by_time_bytes_and_number),
        cmocka_unit_test(the_first_start_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "net/slice_queue.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

static struct ph_slice make_slice(const char *text)
{
    return ph_slice_of(ph_buf_copy(text, strlen(text)));
}

static void consumes_over_the_borders_of_slices(void **state)
{
    struct ph_slice_queue queue = {0};
    struct iovec iov[8];

    (void)state;
    ph_slice_queue_push(&queue, make_slice("abc"));
    ph_slice_queue_push(&queue, make_slice(""));
    ph_slice_queue_push(&queue, make_slice("defgh"));
    assert_int_equal(queue.count, 2);
    assert_int_equal(queue.bytes, 8);
    ph_slice_queue_consume(&queue, 4);
    assert_int_equal(ph_slice_queue_peek(&queue, iov, 8), 1);
    assert_int_equal(iov[0].iov_len, 4);
    assert_memory_equal(iov[0].iov_base, "efgh", 4);
    ph_slice_queue_consume(&queue, 4);
    assert_int_equal(queue.count, 0);
    assert_int_equal(queue.bytes, 0);
    ph_slice_queue_fini(&queue);
}

static void keeps_order_while_it_grows_and_wraps(void **state)
{
    struct ph_slice_queue queue = {0};
    unsigned next_in = 0;
    unsigned next_out = 0;
    unsigned seed = 7;

    (void)state;
    while (next_out < 20000) {
        char text[16];
        seed = seed * 1103515245 + 12345;
        for (unsigned i = seed >> 16 & 31; i > 0; i--) {
            snprintf(text, sizeof(text), "%08x", next_in++);
            ph_slice_queue_push(&queue, make_slice(text));
        }
        for (unsigned i = seed >> 21 & 31; i > 0 && queue.count > 0; i--) {
            struct iovec iov[1];
            snprintf(text, sizeof(text), "%08x", next_out++);
            assert_int_equal(ph_slice_queue_peek(&queue, iov, 1), 1);
            assert_memory_equal(iov[0].iov_base, text, 8);
            ph_slice_queue_consume(&queue, 8);
        }
    }
    assert_int_equal(queue.bytes, (size_t)(next_in - next_out) * 8);
    ph_slice_queue_fini(&queue);
}

static void releases_what_was_never_sent(void **state)
{
    struct ph_slice_queue queue = {0};
    struct ph_buf *buf = ph_buf_copy("abc", 3);

    (void)state;
    ph_slice_queue_push(&queue, ph_slice_of(ph_buf_ref(buf)));
    assert_int_equal(atomic_load(&buf->refs), 2);
    ph_slice_queue_fini(&queue);
    assert_int_equal(atomic_load(&buf->refs), 1);
    ph_buf_unref(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consumes_over_the_borders_of_slices),
        cmocka_unit_test(keeps_order_while_it_grows_and_wraps),
        cmocka_unit_test(releases_what_was_never_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "http/chunked.h"

#include <phien/core/mem.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect(struct ph_slice slice, const char *wanted)
{
    assert_int_equal(slice.len, strlen(wanted));
    assert_memory_equal(slice.data, wanted, slice.len);
    ph_slice_clear(&slice);
}

static void chunks_are_framed(void **state)
{
    static const struct {
        size_t len;
        const char *line;
    } rows[] = {
        {1, "1\r\n"},    {15, "f\r\n"},    {16, "10\r\n"},      {16, "10\r\n"},
        {255, "ff\r\n"}, {256, "100\r\n"}, {43981, "abcd\r\n"}, {SIZE_MAX, "ffffffffffffffff\r\n"},
        {1, "1\r\n"},
    };
    struct ph_chunked chunked = {0};

    (void)state;
    for (size_t i = 0; i < PH_ARRAY_SIZE(rows); i++) {
        expect(ph_chunked_begin(&chunked, rows[i].len), rows[i].line);
    }
    expect(ph_chunked_end(), "\r\n");
    expect(ph_chunked_last(), "0\r\n\r\n");
    ph_chunked_fini(&chunked);
    ph_chunked_fini(&chunked);
}

static void what_goes_to_many_is_written_once(void **state)
{
    struct ph_chunked chunked = {0};

    (void)state;
    struct ph_slice first = ph_chunked_begin(&chunked, 300);
    struct ph_slice second = ph_chunked_begin(&chunked, 300);
    struct ph_slice other = ph_chunked_begin(&chunked, 301);
    assert_ptr_equal(first.data, second.data);
    assert_ptr_not_equal(first.data, other.data);
    ph_chunked_fini(&chunked);
    expect(first, "12c\r\n");
    expect(second, "12c\r\n");
    expect(other, "12d\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_framed),
        cmocka_unit_test(what_goes_to_many_is_written_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

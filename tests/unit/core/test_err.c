/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <phien/core/err.h>

#include "death.h"

#include <string.h>

static const int codes[] = {
#define X(code, name, text) PH_##name,
    PH_ERR_MAP(X)
#undef X
};

enum { COUNT = sizeof(codes) / sizeof(codes[0]) };

static void codes_are_negative_and_differ(void **state)
{
    (void)state;
    assert_int_equal(PH_OK, 0);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(codes[i] < 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(codes[i], codes[j]);
            assert_string_not_equal(ph_err_name(codes[i]), ph_err_name(codes[j]));
            assert_string_not_equal(ph_err_text(codes[i]), ph_err_text(codes[j]));
        }
    }
}

static void codes_have_names_and_texts(void **state)
{
    (void)state;
    assert_string_equal(ph_err_name(PH_OK), "OK");
    assert_string_equal(ph_err_text(PH_OK), "no error");
    assert_string_equal(ph_err_name(PH_EAGAIN), "EAGAIN");
    assert_string_equal(ph_err_text(PH_EAGAIN), "more input is needed");
    assert_string_equal(ph_err_name(PH_EMEDIA), "EMEDIA");
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(ph_err_name(codes[i])[0], 'E');
        assert_string_not_equal(ph_err_name(codes[i]), "EUNKNOWN");
        assert_true(strlen(ph_err_text(codes[i])) > 3);
    }
}

static void foreign_codes_are_unknown(void **state)
{
    (void)state;
    static const int foreign[] = {1, -1000, INT32_MIN, INT32_MAX};

    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(ph_err_name(foreign[i]), "EUNKNOWN");
        assert_string_equal(ph_err_text(foreign[i]), "unknown error");
    }
}

static void assert_less_than_three(int arg)
{
    PH_ASSERT(arg < 3);
}

static void broken_assertion_tells_where_and_aborts(void **state)
{
    (void)state;
    char said[512];

    assert_false(dies(assert_less_than_three, 2, said, sizeof(said)));
    assert_string_equal(said, "");
    assert_true(dies(assert_less_than_three, 3, said, sizeof(said)));
    assert_non_null(strstr(said, "phien: assertion failed: arg < 3 ("));
    assert_non_null(strstr(said, "test_err.c:"));
    assert_non_null(strstr(said, "assert_less_than_three)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_negative_and_differ),
        cmocka_unit_test(codes_have_names_and_texts),
        cmocka_unit_test(foreign_codes_are_unknown),
        cmocka_unit_test(broken_assertion_tells_where_and_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "overlay/desk_keys.h"

static const char *key(unsigned number)
{
    static char text[16];

    snprintf(text, sizeof(text), "key %u", number);
    return text;
}

static void what_was_answered_is_found(void **state)
{
    struct ph_desk_keys keys = {0};

    (void)state;
    assert_int_equal(ph_desk_keys_find(&keys, "key 0"), -1);
    assert_int_equal(ph_desk_keys_find(&keys, ""), -1);
    ph_desk_keys_add(&keys, "key 0", 7);
    assert_int_equal(ph_desk_keys_find(&keys, "key 0"), 7);
    assert_int_equal(ph_desk_keys_find(&keys, "key"), -1);
    assert_int_equal(ph_desk_keys_find(&keys, "key 00"), -1);
}

static void the_newest_are_kept(void **state)
{
    struct ph_desk_keys keys = {0};

    (void)state;
    for (unsigned i = 0; i < 3 * PH_STORE_ANSWERS_MAX; i++) {
        ph_desk_keys_add(&keys, key(i), (int64_t)i + 1000);
        unsigned oldest = i < PH_STORE_ANSWERS_MAX ? 0 : i + 1 - PH_STORE_ANSWERS_MAX;
        assert_int_equal(ph_desk_keys_find(&keys, key(i)), i + 1000);
        assert_int_equal(ph_desk_keys_find(&keys, key(oldest)), oldest + 1000);
        if (oldest > 0) {
            assert_int_equal(ph_desk_keys_find(&keys, key(oldest - 1)), -1);
        }
    }
}

static void the_longest_key_fits(void **state)
{
    struct ph_desk_keys keys = {0};
    char text[65];

    (void)state;
    snprintf(text, sizeof(text), "%064d", 5);
    ph_desk_keys_add(&keys, text, 1);
    assert_int_equal(ph_desk_keys_find(&keys, text), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_answered_is_found),
        cmocka_unit_test(the_newest_are_kept),
        cmocka_unit_test(the_longest_key_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

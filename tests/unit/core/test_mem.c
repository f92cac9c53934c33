/* SPDX-License-Identifier: Apache-2.0 */
#include "death.h"

#include <phien/core/mem.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <string.h>

struct thing {
    char head[3];
    long number;
    char tail;
};

static void memory_is_zeroed(void **state)
{
    (void)state;
    unsigned char *bytes = ph_alloc(4096);
    struct thing *thing = ph_new(struct thing);

    for (size_t i = 0; i < 4096; i++) {
        assert_int_equal(bytes[i], 0);
    }
    assert_int_equal(thing->number, 0);
    free(thing);
    free(bytes);
    free(ph_alloc(0));
}

static void arrays_grow_and_keep_what_they_hold(void **state)
{
    (void)state;
    int *numbers = ph_new_array(int, 3);

    numbers[0] = 1;
    numbers[2] = 3;
    numbers = ph_realloc_array(numbers, 1000, sizeof(int));
    assert_int_equal(numbers[0], 1);
    assert_int_equal(numbers[2], 3);
    numbers[999] = 999;
    numbers = ph_realloc_array(numbers, 1, sizeof(int));
    assert_int_equal(numbers[0], 1);
    free(numbers);
    free(ph_new_array(int, 0));
}

static void texts_are_copied(void **state)
{
    (void)state;
    char text[] = "Sìn Hồ";
    char *copy = ph_strdup(text);

    text[0] = 's';
    assert_string_equal(copy, "Sìn Hồ");
    free(copy);
    copy = ph_strdup("");
    assert_string_equal(copy, "");
    free(copy);
}

static void members_lead_to_their_owner(void **state)
{
    (void)state;
    struct thing things[2];

    assert_ptr_equal(ph_container_of(&things[1].tail, struct thing, tail), &things[1]);
    assert_ptr_equal(ph_container_of(&things[0].head, struct thing, head), &things[0]);
    assert_int_equal(PH_ARRAY_SIZE(things), 2);
}

/* Under a sanitizer: let malloc fail as it does without one. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

/* More than there can be; through volatile, so that no compiler knows. */
static volatile size_t too_much = SIZE_MAX / 2;

static void ask_for_too_much(int way)
{
    if (way == 0) {
        free(ph_alloc(too_much));
    } else if (way == 1) {
        free(ph_realloc_array(NULL, too_much, 1));
    } else {
        /* The product does not fit into a size_t, and would be small without the bits above. */
        free(ph_realloc_array(NULL, too_much + 2, 2));
    }
}

static void without_memory_the_process_ends(void **state)
{
    char out[4096];

    (void)state;
    for (int way = 0; way < 3; way++) {
        if (!dies(ask_for_too_much, way, out, sizeof(out))) {
            fail_msg("way %d: it went on: %s", way, out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed),
        cmocka_unit_test(arrays_grow_and_keep_what_they_hold),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(members_lead_to_their_owner),
        cmocka_unit_test(without_memory_the_process_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

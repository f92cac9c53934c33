/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include <phien/core/text.h>

static void keeps_what_fits_and_counts_the_rest(void **state)
{
    struct ph_faults faults = {0};

    (void)state;
    for (int i = 0; i < PH_FAULTS_MAX + 5; i++) {
        char pointer[16];
        snprintf(pointer, sizeof(pointer), "/%d", i);
        ph_faults_add(&faults, pointer, "is %s, number %d", "wrong", i);
    }
    assert_int_equal(faults.count, PH_FAULTS_MAX + 5);
    assert_string_equal(faults.items[0].pointer, "/0");
    assert_string_equal(faults.items[0].detail, "is wrong, number 0");
    assert_string_equal(faults.items[PH_FAULTS_MAX - 1].detail, "is wrong, number 31");
}

static bool is_utf8(const char *text)
{
    while (*text != '\0') {
        size_t len = ph_text_utf8_length(text);
        if (len == 0) {
            return false;
        }
        text += len;
    }
    return true;
}

/* Wherever the end falls: the text is written into JSON, which knows no half characters. */
static void cuts_between_characters(void **state)
{
    (void)state;
    for (size_t before = 0; before < 4; before++) {
        struct ph_faults faults = {0};
        char text[1024];
        memset(text, 'x', before);
        text[before] = '\0';
        for (size_t i = before; i + 4 < sizeof(text); i += 3) {
            memcpy(text + i, "ợ", 4);
        }
        ph_faults_add(&faults, text, "%s", text);
        ph_faults_add_member(&faults, "/products/1", text, text);
        for (size_t i = 0; i < 2; i++) {
            assert_true(is_utf8(faults.items[i].pointer));
            assert_true(is_utf8(faults.items[i].detail));
            assert_in_range(strlen(faults.items[i].pointer), 92, 95);
            assert_in_range(strlen(faults.items[i].detail), 156, 159);
        }
    }
}

static void writes_pointers_of_members(void **state)
{
    struct ph_faults faults = {0};
    char slashes[200];

    (void)state;
    ph_faults_add_member(&faults, "", "price", "is wrong");
    ph_faults_add_member(&faults, "/products/3", "a/b~c", "100%s");
    memset(slashes, '/', sizeof(slashes) - 1);
    slashes[sizeof(slashes) - 1] = '\0';
    ph_faults_add_member(&faults, slashes, slashes, "is long");
    assert_string_equal(faults.items[0].pointer, "/price");
    assert_string_equal(faults.items[1].pointer, "/products/3/a~1b~0c");
    assert_string_equal(faults.items[1].detail, "100%s");
    assert_int_equal(strlen(faults.items[2].pointer), 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_fits_and_counts_the_rest),
        cmocka_unit_test(cuts_between_characters),
        cmocka_unit_test(writes_pointers_of_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

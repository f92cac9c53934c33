/* SPDX-License-Identifier: Apache-2.0 */
#include <phien/core/query.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

struct row {
    const char *text;
    const char *decoded; /* NULL: refused */
};

static const struct row escapes[] = {
    {"", ""},
    {"plain-text_1.~", "plain-text_1.~"},
    {"%41%62%7a", "Abz"},
    {"%2f%2F", "//"},
    {"a%20b", "a b"},
    {"%25", "%"},
    {"%2541", "%41"}, /* once, not twice */
    {"a+b", "a+b"},   /* no form encoding */
    {"S%C3%ACn", "S\xc3\xacn"},
    {"%ff", "\xff"},

    {"%", NULL},
    {"%4", NULL},
    {"a%", NULL},
    {"%4g", NULL},
    {"%g4", NULL},
    {"%-1", NULL},
    {"% 1", NULL},
    {"%%41", NULL},
    {"%00", NULL},
    {"a%00b", NULL},
};

static void escapes_are_decoded_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        char out[32] = "untouched";
        bool ok = ph_percent_decode(escapes[i].text, strlen(escapes[i].text), out, sizeof(out));
        if (ok != (escapes[i].decoded != NULL)) {
            fail_msg("\"%s\" was %s", escapes[i].text, ok ? "taken" : "refused");
        }
        if (ok) {
            assert_string_equal(out, escapes[i].decoded);
        }
    }
}

/* Neither the input's end nor the output's is passed: both lie at the end of their memory. */
static void memory_ends_where_it_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
        size_t len = strlen(escapes[i].text);
        char *in = malloc(len > 0 ? len : 1);
        memcpy(in, escapes[i].text, len);
        for (size_t size = 0; size <= len + 1; size++) {
            char *out = malloc(size > 0 ? size : 1);
            bool fits = escapes[i].decoded != NULL && size > strlen(escapes[i].decoded);
            assert_int_equal(ph_percent_decode(in, len, out, size), fits);
            if (fits) {
                assert_string_equal(out, escapes[i].decoded);
            }
            free(out);
        }
        free(in);
    }
    /* An escape that the length cuts through. */
    char out[8];
    assert_false(ph_percent_decode("a%41", 3, out, sizeof(out)));
    assert_true(ph_percent_decode("a%41", 1, out, sizeof(out)));
    /* A NUL that is not escaped. */
    assert_false(ph_percent_decode("a\0b", 3, out, sizeof(out)));
}

static void text_is_decoded_in_place(void **state)
{
    char text[] = "live%2Fsinho%3Fkey";

    (void)state;
    assert_true(ph_percent_decode(text, strlen(text), text, sizeof(text)));
    assert_string_equal(text, "live/sinho?key");
}

struct query_row {
    const char *query;
    const char *name;
    const char *value; /* NULL: there is none */
};

static const struct query_row queries[] = {
    {"key=abc", "key", "abc"},
    {"a=1&key=abc&b=2", "key", "abc"},
    {"key=", "key", ""},
    {"key", "key", ""},
    {"key&a=1", "key", ""},
    {"key=a=b", "key", "a=b"},
    {"key=a%26b", "key", "a&b"},
    {"&&key=1&&", "key", "1"},
    {"key=first&key=second", "key", "first"},
    {"xkey=1&key=2", "key", "2"},
    {"keyx=1&key=2", "key", "2"},
    {"_HLS_msn=12&_HLS_part=0", "_HLS_part", "0"},
    {"a=key=1", "key", NULL},
    {"k%65y=1", "key", NULL}, /* names are not decoded: nobody escapes them */
    {"KEY=1", "key", NULL},
    {"", "key", NULL},
    {"&", "key", NULL},
    {"=1", "key", NULL},
    {"=1", "", "1"},
    {"key=%zz", "key", NULL},
    {"key=%zz&key=1", "key", NULL}, /* the first one counts, malformed or not */
    {"key=12345678", "key", NULL},  /* longer than the buffer */
    {"key=1234567", "key", "1234567"},
    {"key=%31%32%33%34%35%36%37", "key", "1234567"},
};

static void parameters_are_found_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        char out[8];
        bool found = ph_query_get(queries[i].query, queries[i].name, out, sizeof(out));
        if (found != (queries[i].value != NULL)) {
            fail_msg("\"%s\" %s a %s", queries[i].query, found ? "has" : "lacks", queries[i].name);
        }
        if (found) {
            assert_string_equal(out, queries[i].value);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_are_decoded_or_refused),
        cmocka_unit_test(memory_ends_where_it_ends),
        cmocka_unit_test(text_is_decoded_in_place),
        cmocka_unit_test(parameters_are_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

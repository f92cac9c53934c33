/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <phien/core/rfc3339.h>

#include <string.h>

static void reads_what_the_clock_writes(void **state)
{
    static const struct {
        const char *text;
        const char *utc;
    } rows[] = {
        {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
        {"2026-08-04T10:00:12.345Z", "2026-08-04T10:00:12.345Z"},
        {"2026-08-04t10:00:12z", "2026-08-04T10:00:12.000Z"},
        {"2026-08-04T20:00:00+07:00", "2026-08-04T13:00:00.000Z"},
        {"2026-08-04T20:00:00-00:00", "2026-08-04T20:00:00.000Z"},
        {"2026-12-31T23:59:59.999999999-01:30", "2027-01-01T01:29:59.999Z"},
        {"2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"},
        {"2000-02-29T00:00:00Z", "2000-02-29T00:00:00.000Z"},
        {"2100-03-01T00:00:00Z", "2100-03-01T00:00:00.000Z"},
        {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ph_usec at = -1;
        char utc[32];
        if (!ph_rfc3339_parse(rows[i].text, &at)) {
            fail_msg("%s is refused", rows[i].text);
        }
        ph_clock_format_utc(at, utc);
        assert_string_equal(utc, rows[i].utc);
    }
}

static void reads_every_day_of_four_centuries(void **state)
{
    (void)state;
    for (ph_usec day = 0; day < 400 * 366; day += 1) {
        char utc[32];
        ph_usec at = -1;
        ph_clock_format_utc(day * 86400 * PH_USEC_PER_S, utc);
        if (!ph_rfc3339_parse(utc, &at) || at != day * 86400 * PH_USEC_PER_S) {
            fail_msg("%s is read as %lld", utc, (long long)at);
        }
    }
}

static void refuses_what_is_no_time(void **state)
{
    static const char *const texts[] = {
        "",
        "2026",
        "2026-08-04",
        "2026-08-04T10:00:00",
        "2026-08-04 10:00:00Z",
        "2026-08-04T10:00Z",
        "2026-08-04T10:00:00.Z",
        "2026-08-04T10:00:00+7",
        "2026-08-04T10:00:00+0700",
        "2026-08-04T10:00:00+24:00",
        "2026-08-04T10:00:00+07:60",
        "2026-08-04T24:00:00Z",
        "2026-08-04T10:60:00Z",
        "2026-08-04T10:00:60Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-04-00T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2026-08-04T10:00:00Z ",
        "+026-08-04T10:00:00Z",
        "tomorrow",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ph_usec at;
        if (ph_rfc3339_parse(texts[i], &at)) {
            fail_msg("\"%s\" is accepted", texts[i]);
        }
    }
}

/* Every beginning of a time is no time, and nothing behind its end is read. */
static void needs_all_of_it(void **state)
{
    static const char whole[] = "2026-08-04T20:00:00.5+07:00";

    (void)state;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        char part[sizeof(whole)] = "";
        ph_usec at;
        memcpy(part, whole, len);
        assert_false(ph_rfc3339_parse(part, &at));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_the_clock_writes),
        cmocka_unit_test(reads_every_day_of_four_centuries),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(needs_all_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
